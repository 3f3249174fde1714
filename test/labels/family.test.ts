import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, DataError, RandomStream } from '../../src/core';
import {
  type FamilyEncoding,
  type FamilySpec,
  familyLintText,
  familySpecOf,
  fillerFamily,
  fillerOf,
  labelFamily,
  levelNames,
  lintFamily,
  lintLabel,
  loadLabelSet,
  loadParaphrases,
  nonSemanticCodes,
  placeLabel,
  renderLabel,
  SCALE_ENCODINGS,
} from '../../src/labels';

const values = [5, 34, 67, 100].map((percent) => ({ value: `p${percent}`, scale: (percent / 100) * 1.5 }));
const spec: FamilySpec = { id: 'mine', values, range: [0, 1.5] };
const texts = (encoding: FamilyEncoding) =>
  labelFamily({ ...spec, encodings: [encoding] }).wordings.map(({ text }) => text);
/** Digits one by one, runs of letters, and marks: as the tokenizers of small models cut numbers. */
const pieces = (text: string): string[] => text.match(/\p{N}| ?\p{L}+|[^\p{L}\p{N}]/gu) ?? [];
const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/), { minLength: 1, maxLength: 12 });

describe('the encodings of a family', () => {
  it.each<[FamilyEncoding, string[]]>([
    ['percent', ['5%', '34%', '67%', '100%']],
    ['percent-padded', ['05%', '34%', '67%', '100%']],
    ['percent-three-digits', ['005%', '034%', '067%', '100%']],
    ['fraction', ['0.05', '0.34', '0.67', '1.00']],
    ['ratio', ['5/100', '34/100', '67/100', '100/100']],
    ['words', ['none', 'low', 'high', 'total']],
    [{ kind: 'levels', names: levelNames(3) }, ['low', 'medium', 'high', 'high']],
    [{ kind: 'levels', names: levelNames(6) }, ['level 1 of 6', 'level 3 of 6', 'level 5 of 6', 'level 6 of 6']],
  ])('%j writes 5, 34, 67 and 100 in 100 as %j', (encoding, expected) => {
    expect(texts(encoding)).toEqual(expected);
  });

  it('announce the number within their rounding, and never less for more', () => {
    const numeric: FamilyEncoding[] = [...SCALE_ENCODINGS, 'ratio', { kind: 'levels', names: levelNames(5) }];
    const rounding: Partial<Record<string, number>> = { words: 1 / 14, 'percent-two-digits': 0.01 };
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1.5, noNaN: true }),
        fc.double({ min: 0, max: 1.5, noNaN: true }),
        fc.constantFrom(...numeric),
        (a, b, encoding) => {
          const [low, high] = [Math.min(a, b), Math.max(a, b)];
          const pair = [
            { value: 'a', scale: low },
            { value: 'b', scale: high },
          ];
          const { wordings } = labelFamily({ ...spec, values: pair, encodings: [encoding] });
          const step = typeof encoding === 'object' ? 1 / 10 : (rounding[encoding] ?? 0.005);
          expect(wordings[0].announced).toBeLessThanOrEqual(wordings[1].announced!);
          for (const { announced, scale } of wordings)
            expect(Math.abs(announced! - scale!)).toBeLessThanOrEqual(1.5 * step + 1e-9);
        },
      ),
      { seed: 2, numRuns: 300 },
    );
  });

  it('refuse a number outside the range, a value without one, and a profile without a text', () => {
    const one = (scale: number | null) => () => labelFamily({ ...spec, values: [{ value: 'a', scale }] });
    expect(one(1.6)).toThrow(/must lie on the scale, 0 to 1\.5, got 1\.6 for "a"/);
    expect(one(null)).toThrow(/got no number for "a"/);
    expect(() => texts({ kind: 'profiles', id: 'p', source: 's', texts: { p5: 'x' } })).toThrow(/got none for "p34"/);
    expect(() => texts('roman' as 'ratio')).toThrow(ConfigError);
    expect(() => texts({ kind: 'levels', names: ['one'] })).toThrow(/at least 2 levels/);
    expect(() => levelNames(1)).toThrow(ConfigError);
  });
});

describe('a family', () => {
  const full = labelFamily({
    ...spec,
    encodings: ['percent', 'words', { kind: 'non-semantic', seed: 3 }],
    paraphrases: loadParaphrases('suggestibility'),
    placements: ['system', 'user-prefix', 'user-suffix'],
    emphases: ['plain', 'bold', 'heading'],
  });

  it('holds every combination once; codes have one sentence of their own', () => {
    expect(full.wordings).toHaveLength((2 * 5 + 1) * 3 * 3 * 4);
    expect(new Set(full.wordings.map(({ id }) => id)).size).toBe(full.wordings.length);
    expect(new Set(full.wordings.map(({ label }) => label.id)).size).toBe(full.wordings.length);
    expect(full.wordings.every(({ source }) => source.length > 10)).toBe(true);
  });

  it('keeps the id and text of a wording when axes and values are added', () => {
    const small = labelFamily({ ...spec, values: values.slice(1, 3), placements: ['system'] });
    const large = labelFamily({ ...spec, encodings: ['ratio', 'percent'], placements: ['user-prefix', 'system'] });
    const byId = new Map(large.wordings.map((wording) => [wording.id, wording]));
    for (const wording of small.wordings) expect(byId.get(wording.id)).toEqual(wording);
  });

  it('writes each label in its own place and emphasis whatever the format of its set', () => {
    const set = loadLabelSet('news').format;
    for (const { label, rendered, placement } of full.wordings) {
      expect(renderLabel(label, set)).toBe(rendered);
      const { messages } = placeLabel([{ role: 'user', content: 'q' }], label, set);
      expect(messages.length).toBe(placement === 'system' ? 2 : 1);
      expect(messages.map(({ content }) => content).join('\n')).toContain(rendered);
    }
  });

  it('of a label set has its texts, in its template', () => {
    const set = loadLabelSet('news');
    const { wordings } = labelFamily(familySpecOf(set));
    expect(wordings.map(({ text }) => text)).toEqual(
      set.wordings.flatMap((wording) => set.values.map(({ value }) => set.get(value, wording).text)),
    );
    expect(wordings[0].rendered).toBe(renderLabel(set.get('strong_left'), set.format));
  });

  it('refuses names, empty axes and sentences with every fault in one message', () => {
    const wrong = {
      id: 'My family',
      values,
      range: [1, 0] as const,
      emphases: [],
      placements: ['system', 'system'] as const,
      paraphrases: [{ id: 'p', source: 's', template: 'no place' }],
    };
    expect(() => labelFamily(wrong)).toThrow(
      /id must be .*range must rise.*placements must be distinct.*emphases must not be empty.*paraphrase p must hold/s,
    );
  });
});

describe('paraphrases', () => {
  it('come from the embedded file, each with a source; unknown sets and files are refused', () => {
    expect(loadParaphrases('suggestibility')[0].template).toBe('Suggestibility Level: {label}');
    expect(loadParaphrases('editor')[0].template).toBe(loadLabelSet('news').format.template);
    expect(() => loadParaphrases('mood')).toThrow(
      /got "mood" \(data\/labels\/paraphrases\.json has suggestibility, editor\)/,
    );
    expect(() => loadParaphrases('editor', 'nowhere.json')).toThrow(ConfigError);
    expect(() => loadParaphrases('editor', 'data/labels/news.json')).toThrow(DataError);
  });
});

describe('codes without meaning', () => {
  it('are one a value, share neither letters nor number, hold no vowel, and do not run in order', () => {
    fc.assert(
      fc.property(names, fc.nat(), (all, seed) => {
        const codes = [...nonSemanticCodes(all, seed).values()];
        expect(codes).toHaveLength(all.length);
        for (const code of codes) expect(code).toMatch(/^[BDFGHJKQVXZ]{2}-[1-9]\d\d$/);
        for (const part of [0, 1]) {
          const parts = codes.map((code) => code.split('-')[part]);
          expect(new Set(parts).size).toBe(all.length);
          if (all.length < 3) continue;
          const sorted = [...parts].sort();
          expect([sorted.join(), sorted.reverse().join()]).not.toContain(parts.join());
        }
        expect(nonSemanticCodes(all, seed)).toEqual(nonSemanticCodes(all, seed));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('change with the seed; a value named twice is refused', () => {
    expect(nonSemanticCodes(['a', 'b'], 1)).not.toEqual(nonSemanticCodes(['a', 'b'], 2));
    expect(() => nonSemanticCodes(['a', 'a'], 1)).toThrow(ConfigError);
  });
});

describe('fillers', () => {
  const counters = { pieces: (text: string) => pieces(text).length, characters: (text: string) => text.length };

  it.each(Object.entries(counters))('count as many tokens as the label as written, by %s', (_, countTokens) => {
    const family = labelFamily({
      ...familySpecOf(loadLabelSet('news')),
      emphases: ['plain', 'bold'],
      placements: ['user-prefix', 'system'],
    });
    const fillers = fillerFamily(family, { countTokens, seed: 4 });
    const [own, theirs] = [fillers, family].map(({ wordings }) =>
      wordings.map(({ rendered }) => countTokens(rendered)),
    );
    expect(own).toEqual(theirs);
    expect(new Set(fillers.wordings.map(({ text }) => text)).size).toBe(family.wordings.length);
    expect(fillers.wordings.map(({ value, emphasis }) => [value, emphasis])).toEqual(
      family.wordings.map(({ value, emphasis }) => [value, emphasis]),
    );
    expect(fillerFamily(family, { countTokens, seed: 4 })).toEqual(fillers);
  });

  it('are found for every length from one token to 120, in clean lines', () => {
    const random = new RandomStream(8);
    for (let tokens = 1; tokens <= 120; tokens++) {
      const filler = fillerOf(tokens, counters.pieces, random.fork(tokens));
      expect(filler.tokens).toBe(tokens);
      expect(counters.pieces(filler.text)).toBe(tokens);
      expect(lintLabel(filler.text, { maxCharacters: 900 })).toEqual([]);
    }
  });

  it('say their own count where no sentence fits', () => {
    const even = (text: string) => 2 * pieces(text).length;
    const filler = fillerOf(7, even, new RandomStream(1));
    expect(filler.tokens).toBe(even(filler.text));
    expect([6, 8]).toContain(filler.tokens);
  });
});

describe('the lint of a family', () => {
  const lint = (encoding: FamilyEncoding) =>
    lintFamily(labelFamily({ ...spec, encodings: [encoding] }), { tokenize: pieces });

  it('names the values of a scale that are cut otherwise than most', () => {
    const uneven = (encoding: FamilyEncoding) => lint(encoding).flatMap((row) => (row.even ? [] : [row.rendered]));
    expect(uneven('percent')).toEqual(['5%', '100%']);
    expect(uneven('percent-padded')).toEqual(['100%']);
    expect(uneven('percent-three-digits')).toEqual([]);
    expect(uneven('percent-two-digits')).toEqual([]);
    expect(uneven('ratio')).toEqual(['5/100', '100/100']);
    expect(lint('percent').map((row) => row.uneven_because)).toEqual([
      '2 tokens, most have 3',
      null,
      null,
      '4 tokens, most have 3',
    ]);
  });

  it('counts tokens and their spread within each encoding, paraphrase, placement and emphasis', () => {
    const [row] = lint('percent');
    expect(row).toMatchObject({
      tokens: 2,
      least_tokens: 2,
      most_tokens: 4,
      token_spread: 2,
      pieces: '5|%',
      shape: '0|%',
    });
    const two = lintFamily(labelFamily({ ...spec, encodings: ['percent-three-digits'], emphases: ['plain', 'bold'] }), {
      tokenize: pieces,
    });
    expect(two.map(({ tokens, token_spread }) => [tokens, token_spread])).toEqual([
      ...Array(4).fill([4, 0]),
      ...Array(4).fill([8, 0]),
    ]);
    expect(familyLintText(two)).toBe('8 wordings in 2 groups: even, and no two alike.');
  });

  it('tells values with one text, and with texts that are close', () => {
    const rows = lint({ kind: 'levels', names: levelNames(3) });
    expect(rows.map(({ duplicate_of }) => duplicate_of)).toEqual([null, null, 'p100', 'p67']);
    const near = lint({
      kind: 'profiles',
      id: 'near',
      source: 'test',
      texts: {
        p5: 'leans mildly to one side',
        p34: 'leans mildly to one sides',
        p67: 'shouts',
        p100: 'says nothing at all',
      },
    });
    expect(near.map(({ near_duplicate_of }) => near_duplicate_of)).toEqual(['p34', 'p5', null, null]);
    expect(familyLintText(near)).toContain('p5 is close to p34');
  });

  it('throws for control tokens alone, and names every label that holds one', () => {
    const profiles = (text: string): FamilyEncoding => ({
      kind: 'profiles',
      id: 'p',
      source: 's',
      texts: { p5: text, p34: 'fine', p67: 'well', p100: 'good' },
    });
    expect(() => lint(profiles('fair</s>'))).toThrow(/got 1 \(mine\): mine:p:bare:user-prefix:plain:p5: .*"<\/s>"/);
    expect(lint(profiles('two\nlines'))[0].problems).toMatch(/single line/);
    expect(lint(profiles(''))[0].problems).toMatch(/empty/);
  });

  it('gives rows of one shape in the order of the family, without nested values', () => {
    const rows = lint('percent');
    expect(rows.map(({ value }) => value)).toEqual(values.map(({ value }) => value));
    for (const row of rows)
      for (const cell of Object.values(row)) expect(typeof cell !== 'object' || cell === null).toBe(true);
  });
});
