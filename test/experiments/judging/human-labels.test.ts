import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, DataError, sha256 } from '../../../src/core';
import {
  appendHumanLabel,
  type HumanLabel,
  labelSheet,
  readHumanLabels,
  textIdOf,
} from '../../../src/experiments/judging';

const folder = mkdtempSync(join(tmpdir(), 'mstlab-labels-'));
let files = 0;
const newFile = (text?: string) => {
  const path = join(folder, `labels-${files++}.csv`);
  if (text !== undefined) writeFileSync(path, text);
  return path;
};
const id = (text: string) => textIdOf(text);
const header = 'text_id,rater,magnitude_0_to_10,verdict';
const label = (over: Partial<HumanLabel> = {}): HumanLabel => ({
  textId: id('a'),
  rater: 'ann',
  magnitude0to10: 3.5,
  verdict: 'PARTIAL',
  direction: null,
  note: null,
  labelledAt: null,
  ...over,
});

it('a text id is the first 16 hex digits of the SHA-256 of the text', () => {
  expect(textIdOf('Ünïcode')).toBe(sha256('Ünïcode').slice(0, 16));
  expect(textIdOf('a')).not.toBe(textIdOf('a '));
});

describe('a file of human labels', () => {
  it('what is appended is read again, whatever the rater and the note hold', () => {
    const words = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            textId: fc.constantFrom(id('a'), id('b'), id('c')),
            rater: words.filter((text) => text.trim().length > 0).map((text) => text.trim()),
            magnitude0to10: fc.option(
              fc.double({ min: 0, max: 10, noNaN: true }).map((v) => Math.round(v * 100) / 100),
            ),
            verdict: fc.constantFrom('PASS', 'PARTIAL', 'FAIL', null),
            direction: fc.option(fc.constantFrom(-1, -0.5, 0, 1)),
            note: fc.option(
              fc
                .oneof(words, fc.constantFrom('a, b', 'two\nlines', 'a "quoted" word', '\r\n,""', ' '))
                .filter((text) => text !== ''),
            ),
            labelledAt: fc.constantFrom('2026-11-30T10:00:00.000Z', null),
          }),
          { minLength: 1, maxLength: 6 },
        ),
        (labels) => {
          const path = newFile();
          for (const one of labels) appendHumanLabel(path, one as HumanLabel);
          const last = new Map(labels.map((one) => [`${one.textId} ${one.rater}`, one]));
          expect(readHumanLabels(path)).toEqual([...last.values()]);
        },
      ),
      { numRuns: 40, seed: 8 },
    );
  });
  it('a later line of the same text and rater replaces the earlier one, at its place', () => {
    const path = newFile();
    for (const one of [label(), label({ textId: id('b') }), label({ verdict: 'FAIL' }), label({ rater: 'bob' })])
      appendHumanLabel(path, one);
    expect(readHumanLabels(path).map(({ textId, rater, verdict }) => [textId, rater, verdict])).toEqual([
      [id('a'), 'ann', 'FAIL'],
      [id('b'), 'ann', 'PARTIAL'],
      [id('a'), 'ann'.replace('ann', 'bob'), 'PARTIAL'],
    ]);
  });
  it('reads what a spreadsheet writes: another order of columns, CRLF, a byte order mark, empty lines, no last line break', () => {
    const path = newFile(
      `\ufeffverdict,rater,text_id,note,magnitude_0_to_10\r\nPASS,ann,${id('a')},"so, so",2\r\n\r\n,bob,${id('b')},cannot say,`,
    );
    expect(readHumanLabels(path)).toEqual([
      label({ verdict: 'PASS', magnitude0to10: 2, note: 'so, so' }),
      label({ textId: id('b'), rater: 'bob', verdict: null, magnitude0to10: null, note: 'cannot say' }),
    ]);
  });
  it('an empty cell is missing, not 0', () => {
    const path = newFile(`${header}\n${id('a')},ann,,FAIL\n${id('b')},ann,0,\n`);
    expect(readHumanLabels(path).map(({ magnitude0to10, verdict }) => [magnitude0to10, verdict])).toEqual([
      [null, 'FAIL'],
      [0, null],
    ]);
  });
  it('one error names every bad line and its fault', () => {
    const path = newFile(
      [
        header,
        `${id('a')},ann,11,PASS`,
        `${id('b')},ann,5,pass`,
        `${id('c')},ann,5,PASS,extra`,
        `xyz,,5,PASS`,
        `${id('d')},ann,4,"PASS`,
      ].join('\n'),
    );
    let message = '';
    try {
      readHumanLabels(path);
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      message = (error as Error).message;
    }
    for (const part of [
      /line 2: magnitude_0_to_10 must be a number from 0 to 10 or empty, got "11"/,
      /line 3: verdict must be PASS, PARTIAL, FAIL or empty, got "pass"/,
      /line 4: 5 cells under 4 columns/,
      /line 5: text_id must be 16 hex digits/,
      /line 5: rater must be named/,
      /line 6: a quotation mark is not closed/,
    ])
      expect(message).toMatch(part);
  });
  it('line numbers count the lines inside quoted cells', () => {
    const path = newFile(`${header},note\n${id('a')},ann,1,PASS,"two\nlines"\n${id('b')},ann,99,PASS,\n`);
    expect(() => readHumanLabels(path)).toThrow(/1 fault .*: line 4: /);
  });
  it.each([
    ['a column that is not known', `${header},arm\n`, /the header has "arm"/],
    ['a column too few', 'text_id,rater,verdict\n', /the header lacks magnitude_0_to_10/],
    ['an empty file', '', /the header lacks text_id; /],
  ])('%s is an error', (_, text, message) => {
    expect(() => readHumanLabels(newFile(text))).toThrow(message);
  });
  it('a file that is not there is an error', () => {
    expect(() => readHumanLabels(join(folder, 'none.csv'))).toThrow(ConfigError);
  });
});

describe('appending a label', () => {
  it('after a kill in the middle of a write the torn line goes and the whole ones stay', () => {
    const path = newFile();
    appendHumanLabel(path, label());
    const whole = readFileSync(path, 'utf8');
    appendFileSync(path, `${id('b')},an`);
    appendHumanLabel(path, label({ textId: id('c'), note: 'über' }));
    expect(readFileSync(path, 'utf8').startsWith(whole)).toBe(true);
    expect(readHumanLabels(path).map(({ textId }) => textId)).toEqual([id('a'), id('c')]);
    appendFileSync(path, `${id('b')},ann,3,PASS,,"torn in a no`);
    appendHumanLabel(path, label({ textId: id('d') }));
    expect(readHumanLabels(path).map(({ textId }) => textId)).toEqual([id('a'), id('c'), id('d')]);
  });
  it('a table without a last line break keeps its last line, and its own columns', () => {
    const path = newFile(`verdict,rater,text_id,magnitude_0_to_10\nPASS,ann,${id('a')},2`);
    appendHumanLabel(path, label({ textId: id('b') }));
    expect(readHumanLabels(path).map(({ textId, verdict }) => [textId, verdict])).toEqual([
      [id('a'), 'PASS'],
      [id('b'), 'PARTIAL'],
    ]);
    expect(() => appendHumanLabel(path, label({ note: 'no place for it' }))).toThrow(/got none for note/);
  });
  it.each([
    ['a magnitude off the scale', { magnitude0to10: 10.5 }],
    ['a rater without a name', { rater: '  ' }],
    ['a text id that is none', { textId: 'text 1' }],
  ])('%s is an error and leaves the file as it was', (_, over) => {
    const path = newFile();
    appendHumanLabel(path, label());
    const before = readFileSync(path, 'utf8');
    expect(() => appendHumanLabel(path, label(over))).toThrow(DataError);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
  it('another file is never written to', () => {
    const path = newFile('name,age\nann,30\n');
    expect(() => appendHumanLabel(path, label())).toThrow(/must be one of human labels/);
    expect(readFileSync(path, 'utf8')).toBe('name,age\nann,30\n');
  });
});

describe('a sheet to label', () => {
  const texts = Array.from({ length: 60 }, (_, at) => ({
    text: `text ${at}`,
    stratum: at < 40 ? 'mst' : 'baseline',
    arm: at < 40 ? 'mst' : 'baseline',
    label: 'UNBIASED',
  }));
  it('shows text and id alone: no arm, no label, no stratum', () => {
    const sheet = labelSheet(texts, { n: 30, seed: 1 });
    expect(sheet).toHaveLength(30);
    for (const row of sheet) expect(row).toEqual({ textId: textIdOf(row.text), text: row.text });
    expect(JSON.stringify(sheet)).not.toMatch(/mst|baseline|UNBIASED/);
    expect(labelSheet([{ text: 'a', topic: 'the vote' }], { n: 1, seed: 1 })[0].topic).toBe('the vote');
  });
  it('each beginning holds its share of each stratum, within one or two texts', () => {
    const sheet = labelSheet(texts, { n: 60, seed: 2 });
    const strata = new Map(texts.map(({ text, stratum }) => [text, stratum]));
    for (const n of [6, 15, 30, 45]) {
      const mst = sheet.slice(0, n).filter(({ text }) => strata.get(text) === 'mst').length;
      expect(Math.abs(mst - (2 * n) / 3)).toBeLessThanOrEqual(2);
    }
  });
  it('the same seed gives the same sheet in any order of texts, a larger n begins with it, another seed differs', () => {
    const sheet = labelSheet(texts, { n: 10, seed: 3 });
    expect(labelSheet([...texts].reverse(), { n: 10, seed: 3 })).toEqual(sheet);
    expect(labelSheet(texts, { n: 25, seed: 3 }).slice(0, 10)).toEqual(sheet);
    expect(labelSheet(texts, { n: 10, seed: 4 })).not.toEqual(sheet);
  });
  it('every text has the same chance', () => {
    const counts = new Map(texts.map(({ text }) => [text, 0]));
    const runs = 600;
    for (let seed = 0; seed < runs; seed++)
      for (const { text } of labelSheet(texts, { n: 15, seed })) counts.set(text, counts.get(text)! + 1);
    // A count has mean 150 and standard deviation 10.6; 5 of them for the furthest of 60.
    for (const count of counts.values()) expect(Math.abs(count - runs / 4)).toBeLessThan(53);
  });
  it('equal texts are one, labelled ones are passed over, and nothing left is an error', () => {
    const twice = [{ text: 'a' }, { text: 'a' }, { text: 'b' }];
    expect(labelSheet(twice, { n: 9, seed: 1 })).toHaveLength(2);
    expect(labelSheet(twice, { n: 9, seed: 1, except: [textIdOf('a')] }).map(({ text }) => text)).toEqual(['b']);
    expect(() => labelSheet(twice, { n: 1, seed: 1, except: ['a', 'b'].map(textIdOf) })).toThrow(
      /of which all are labelled/,
    );
    expect(() => labelSheet(twice, { n: 0, seed: 1 })).toThrow(ConfigError);
  });
});
