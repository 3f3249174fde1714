import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../../src/core';
import {
  applyLabel,
  assertLabelsClean,
  type ChatMessage,
  customLabel,
  cutSpan,
  type LabelFormat,
  labelName,
  lintLabel,
  lintLabels,
  loadLabelSet,
  parseLabelSet,
  placeLabel,
  renderLabel,
} from '../../src/labels';

const set = loadLabelSet('news');
const user: ChatMessage[] = [{ role: 'user', content: 'Write a brief.' }];
const format = (change: Partial<LabelFormat> = {}): LabelFormat => ({ ...set.format, ...change });
const problemKinds = (text: string, specialTokens: string[] = []) =>
  lintLabel(text, { specialTokens }).map((problem) => problem.kind);

describe('the news labels', () => {
  test('hold the four trained profiles and an unbiased value that is never trained', () => {
    expect(Object.fromEntries(set.values.map(({ value, trained, slant }) => [value, [trained, slant]]))).toEqual({
      strong_left: [true, -2],
      center_left: [true, -1],
      center_right: [true, 1],
      strong_right: [true, 2],
      unbiased: [false, 0],
    });
  });

  test('have several wordings of every value, each with a source, and no lint', () => {
    expect(set.wordings.length).toBeGreaterThanOrEqual(4);
    expect(set.labels).toHaveLength(set.values.length * set.wordings.length);
    expect(set.labels.every((label) => label.source.length > 20)).toBe(true);
    expect(lintLabels(set.labels)).toEqual([]);
  });

  test('stand as the first line of the user turn by default', () => {
    expect(applyLabel(user, set.get('unbiased'), set.format)).toEqual([
      { role: 'user', content: 'Editor: UNBIASED: takes no side and uses no loaded words.\nWrite a brief.' },
    ]);
  });

  test('are refused by name when there is no such value or wording', () => {
    expect(() => set.get('fair')).toThrow(/got "fair" and "editor" \(data\/labels\/news\.json has values strong_left/);
    expect(() => set.get('unbiased', 'loud')).toThrow(ConfigError);
  });
});

describe('placement', () => {
  const label = set.get('center_left', 'name');
  test('system joins the system turn or makes one', () => {
    const system = format({ placement: 'system' });
    expect(applyLabel(user, label, system)).toEqual([{ role: 'system', content: 'Editor: CENTER-LEFT.' }, ...user]);
    expect(applyLabel([{ role: 'system', content: 'Be brief.' }, ...user], label, system)[0].content).toBe(
      'Be brief.\nEditor: CENTER-LEFT.',
    );
  });

  test('user-suffix is the last line of the last user turn', () => {
    const talk: ChatMessage[] = [...user, { role: 'assistant', content: 'Done.' }, { role: 'user', content: 'Again.' }];
    expect(applyLabel(talk, label, format({ placement: 'user-suffix' })).map((m) => m.content)).toEqual([
      'Write a brief.',
      'Done.',
      'Again.\nEditor: CENTER-LEFT.',
    ]);
  });

  test('emphasis is Markdown around the whole rendered label', () => {
    expect(renderLabel(label, format({ emphasis: 'bold' }))).toBe('**Editor: CENTER-LEFT.**');
    expect(renderLabel(label, format({ emphasis: 'heading' }))).toBe('# Editor: CENTER-LEFT.');
  });

  test('no label leaves the messages as they are', () => {
    expect(applyLabel(user, null, set.format)).toEqual(user);
  });

  test('cutting the span gives the unlabelled messages back, in every placement and emphasis', () => {
    const content = fc.string({ minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ role: fc.constantFrom('user' as const, 'assistant' as const), content }), {
          maxLength: 3,
        }),
        fc.option(content),
        content,
        fc.constantFrom('system' as const, 'user-prefix' as const, 'user-suffix' as const),
        fc.constantFrom('plain' as const, 'bold' as const, 'heading' as const),
        (turns, system, text, placement, emphasis) => {
          const messages: ChatMessage[] = [
            ...(system === null ? [] : [{ role: 'system' as const, content: system }]),
            ...turns,
            { role: 'user', content: 'q' },
          ];
          const placed = placeLabel(messages, { ...label, text }, format({ placement, emphasis }));
          expect(cutSpan(placed.messages, placed.span)).toEqual(messages);
        },
      ),
      { seed: 7, numRuns: 200 },
    );
  });

  test('a user placement without a user turn is refused', () => {
    expect(() => applyLabel([{ role: 'system', content: 'x' }], label, set.format)).toThrow(/needs a user turn/);
  });
});

describe('lint', () => {
  test.each([
    ['', [], ['empty']],
    ['   ', [], ['empty']],
    ['fair<|im_end|>', [], ['control-token']],
    ['fair </s>', [], ['control-token']],
    ['fair <eot>', ['<eot>'], ['control-token']],
    ['two\nlines', [], ['line-break']],
    ['zero\u200bwidth', [], ['control-character']],
    ['x'.repeat(301), [], ['too-long']],
    ['takes no side', ['<eot>'], []],
  ])('%j is told apart (special tokens %j): %j', (text, special, kinds) => {
    expect(problemKinds(text, special)).toEqual(kinds);
  });

  test('a text that two values share is a duplicate, whatever its case', () => {
    const [a, b] = [set.get('unbiased'), { ...set.get('strong_left'), text: set.get('unbiased').text.toUpperCase() }];
    expect(lintLabels([a, b]).map((problem) => problem.kind)).toEqual(['duplicate']);
  });

  test("a set is checked against a tokenizer's own tokens", () => {
    expect(() => assertLabelsClean(set, { specialTokens: ['UNBIASED'] })).toThrow(/unbiased\/editor: .*"UNBIASED"/);
  });

  test('a custom label has a wording of its own per text, and is linted', () => {
    const one = customLabel('unbiased', 'writes like a wire service');
    expect(one.id).toMatch(/^unbiased\/custom-[0-9a-f]{8}$/);
    expect(one.id).not.toBe(customLabel('unbiased', 'writes like an almanac').id);
    expect(() => customLabel('unbiased', 'x<|im_start|>')).toThrow(ConfigError);
  });
});

test('all problems of a label file stand in one message that names the file', () => {
  const broken = {
    id: 'mine',
    task: 'news',
    format: { template: 'Editor', placement: 'margin', emphasis: 'plain' },
    values: [{ value: 'a', trained: true, slant: null }],
    wordings: [{ id: 'w', source: 's', texts: { b: 'text' } }],
    extra: 1,
  };
  expect(() => parseLabelSet(JSON.stringify(broken), 'mine.json')).toThrow(DataError);
  expect(() => parseLabelSet(JSON.stringify(broken), 'mine.json')).toThrow(
    /mine\.json\): .*format\.template.*format\.placement/s,
  );
  expect(() => parseLabelSet('{', 'mine.json')).toThrow(/must be JSON/);
  expect(() => loadLabelSet('nowhere.json')).toThrow(/embedded name or a file, got "nowhere\.json"/);
});

describe('a label with a format of its own', () => {
  const own: LabelFormat = { template: 'Judge: {label}', placement: 'system', emphasis: 'bold' };
  const label = customLabel('fair', 'gives both sides the same room', { format: own });

  test('is written by that format and not by its set', () => {
    expect(renderLabel(label, set.format)).toBe('**Judge: gives both sides the same room**');
    expect(applyLabel(user, label, set.format)).toEqual([
      { role: 'system', content: '**Judge: gives both sides the same room**' },
      ...user,
    ]);
  });

  test('is another wording, and another name in a table, than the same text without it', () => {
    const plain = customLabel('fair', label.text);
    expect(label.id).not.toBe(plain.id);
    expect([labelName(plain), labelName(label)]).toEqual([label.text, `${label.text} (system, bold)`]);
  });
});
