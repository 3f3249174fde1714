import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ArmExample, buildArms, type CountTokens, promptMessages, proofText, proveArms } from '../../src/arms';
import { ConfigError, DataError } from '../../src/core';
import { loadLabelSet, parseLabelSet } from '../../src/labels';
import { type Example, loadNews } from '../../src/tasks';

const labelSet = loadLabelSet('news');
const { examples } = loadNews({ form: 'briefs' });
const few = examples.slice(0, 40);
const all = ['baseline', 'mst', 'shuffled'] as const;
const build = (seed = 0, from: readonly Example[] = few) => buildArms({ examples: from, arms: all, labelSet, seed });
const countWords: CountTokens = (row) => ({
  promptTokens: row.messages.map((message) => message.content.split(' ').length).reduce((a, b) => a + b, 0),
  completionTokens: row.completion.split(' ').length,
});

describe('arms', () => {
  test('hold the same examples, order and completions', () => {
    const { arms } = build();
    for (const arm of all) {
      expect(arms[arm].map((row) => row.exampleId)).toEqual(few.map((example) => example.id));
      expect(arms[arm].map((row) => row.completion)).toEqual(few.map((example) => example.completion));
    }
  });

  test('baseline has no label, mst the true one, shuffled each as often as mst', () => {
    const { arms } = build();
    expect(arms.baseline.every((row) => row.label === null && row.messages[0].content.startsWith('Write'))).toBe(true);
    expect(arms.mst.map((row) => row.label?.value)).toEqual(few.map((example) => example.labelValue));
    const values = (rows: readonly ArmExample[]) => rows.map((row) => row.label?.value).sort();
    expect(values(arms.shuffled)).toEqual(values(arms.mst));
    expect(arms.shuffled.map((row) => row.label?.value)).not.toEqual(arms.mst.map((row) => row.label?.value));
  });

  test('the shuffled labels depend on the seed and on nothing else', () => {
    const values = (seed: number) => build(seed).arms.shuffled.map((row) => row.label?.value);
    expect(values(3)).toEqual(values(3));
    expect(values(3)).not.toEqual(values(4));
    const alone = buildArms({ examples: few, arms: ['shuffled'], labelSet, seed: 3 }).arms.shuffled;
    expect(alone.map((row) => row.label?.value)).toEqual(values(3));
  });

  test('a shuffled label is true no more often than chance, over 1,872 rows', () => {
    const chance = build(0, examples).proof.shuffledTrueByChance!;
    expect(chance.expected).toBeCloseTo(468, 6);
    expect(Math.abs(chance.rows - chance.expected)).toBeLessThan(4 * Math.sqrt(468 * 0.75));
  });

  test('a canary in every label stands in the labelled prompts and in no completion', () => {
    const canary = 'CANARY-7f3a';
    const source = JSON.stringify({
      id: 'canary',
      task: 'news',
      format: labelSet.format,
      values: labelSet.values,
      wordings: [
        {
          id: 'w',
          source: 'test',
          texts: Object.fromEntries(labelSet.values.map(({ value }) => [value, `${canary} ${value}`])),
        },
      ],
    });
    const { arms } = buildArms({ examples: few, arms: all, labelSet: parseLabelSet(source, 'canary.json'), seed: 0 });
    const labelled = [...arms.mst, ...arms.shuffled];
    expect(labelled.every((row) => row.messages[0].content.includes(canary))).toBe(true);
    expect([...labelled, ...arms.baseline].some((row) => row.completion.includes(canary))).toBe(false);
    expect(arms.baseline.some((row) => row.messages[0].content.includes(canary))).toBe(false);
  });

  test('evaluation prompts are made as training prompts are', () => {
    const row = build().arms.mst[5];
    expect(promptMessages(few[5].instruction, row.label, labelSet)).toEqual(row.messages);
  });

  test('a shuffled arm of one label is refused', () => {
    const same = few.filter((example) => example.labelValue === 'center_left');
    expect(() => build(0, same)).toThrow(
      'buildArms: a shuffled arm needs at least 2 distinct labels, got 1 ("CENTER-LEFT: leans mildly toward progressive concerns", data/labels/news.json). Add a label or drop the shuffled arm.',
    );
  });

  test('no examples, no arms and arms named twice are refused', () => {
    expect(() => build(0, [])).toThrow(ConfigError);
    expect(() => buildArms({ examples: few, arms: [], labelSet, seed: 0 })).toThrow(ConfigError);
    expect(() => buildArms({ examples: few, arms: ['mst', 'mst'], labelSet, seed: 0 })).toThrow(/got \[mst, mst\]/);
  });
});

describe('the proof', () => {
  const broken = (change: (row: ArmExample) => ArmExample) => {
    const { arms } = build();
    const at = fc.sample(fc.nat(few.length - 1), { numRuns: 1, seed: 5 })[0];
    return () => proveArms({ ...arms, shuffled: arms.shuffled.map((row, i) => (i === at ? change(row) : row)) });
  };

  test('counts tokens per arm and says what the label costs', () => {
    const { proof } = buildArms({ examples: few, arms: all, labelSet, seed: 0, countTokens: countWords });
    const [baseline, mst, shuffled] = proof.arms.map((fact) => fact.tokens!);
    expect(baseline.completionTokens).toBe(mst.completionTokens);
    expect(shuffled.promptTokens).toBe(mst.promptTokens);
    expect(proof.promptTokensSpread).toBeCloseTo(mst.meanPromptTokens! - baseline.meanPromptTokens!, 10);
    expect(proof.dropsDiffer).toBe(false);
    expect(proofText(proof)).toMatch(/40 examples, in the same order[\s\S]*mst .*prompt \d+/);
  });

  test('names rows that one arm drops and another keeps', () => {
    const countTokens: CountTokens = (row) =>
      row.label === null ? countWords(row) : { dropped: `${row.exampleId.length} tokens, 5 allowed` };
    const { proof } = buildArms({ examples: few, arms: ['baseline', 'mst'], labelSet, seed: 0, countTokens });
    expect(proof.dropsDiffer).toBe(true);
    expect(proof.arms[1].tokens).toMatchObject({ meanPromptTokens: null });
    expect(proof.arms[1].tokens?.dropped).toHaveLength(few.length);
    expect(proofText(proof)).toContain('WARNING: the arms drop different rows');
  });

  test.each<[string, (row: ArmExample) => ArmExample, RegExp]>([
    [
      'another completion',
      (row) => ({ ...row, completion: `${row.completion} ` }),
      /must have the completion of baseline/,
    ],
    ['another example', (row) => ({ ...row, exampleId: 'x' }), /must be the example of baseline/],
    [
      'another instruction',
      (row) => ({ ...row, messages: [{ role: 'user', content: `${row.messages[0].content}!` }] }),
      /must equal baseline outside the label/,
    ],
    ['a label without a span', (row) => ({ ...row, labelSpan: null }), /must have a label and its span/],
    ['a span elsewhere', (row) => ({ ...row, labelSpan: { message: 0, start: 70, end: 80 } }), /must hold its label/],
  ])('fails on %s', (_, change, message) => {
    expect(broken(change)).toThrow(DataError);
    expect(broken(change)).toThrow(message);
  });

  test('fails on another order and on another number of rows', () => {
    const { arms } = build();
    expect(() => proveArms({ ...arms, mst: [...arms.mst].reverse() })).toThrow(/must be the example of baseline/);
    expect(() => proveArms({ ...arms, mst: arms.mst.slice(1) })).toThrow(
      /as many rows, got 39 in mst and 40 in baseline/,
    );
  });
});
