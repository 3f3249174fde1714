import { describe, expect, it } from 'vitest';
import { frameCsv, rowsOf } from '../../../src/analysis/frame';
import type { Estimate } from '../../../src/analysis/stats';
import { buildArms, LAB_ARMS } from '../../../src/arms';
import {
  armCatalogueFrame,
  deviationsFrame,
  familyFrame,
  familyLintFrame,
  hypothesesFrame,
  labelLeakageFrame,
  laxPriceFrame,
  leakFrame,
  ledgerFrame,
  powerFrame,
  proofFrame,
} from '../../../src/experiments';
import { labelFamily, lintFamily, loadLabelSet } from '../../../src/labels';
import { auditLabelLeak } from '../../../src/tasks';

const family = labelFamily({
  id: 'level',
  values: [
    { value: 'low', scale: 0.1 },
    { value: 'high', scale: 1 },
  ],
  encodings: ['percent', 'words'],
});
const example = (at: number) => ({
  id: `e${at}`,
  topicId: `t${at}`,
  group: `g${at % 4}`,
  split: 'train',
  instruction: `Write about ${at}.`,
  completion: 'A text.',
  labelValue: at % 2 === 0 ? 'strong_left' : 'strong_right',
});
const examples = Array.from({ length: 16 }, (_, at) => example(at));
const { proof } = buildArms({
  examples,
  arms: ['baseline', 'mst', 'shuffled'],
  labelSet: loadLabelSet('news'),
  seed: 0,
});
const estimate = (value: number | null): Estimate => ({
  estimate: value,
  low: null,
  high: null,
  level: 0.95,
  method: 'Wilson score',
  n: 3,
  reason: value === null ? 'there are no trials' : 'too few',
});
const side = { arm: 'mst', label: null };
const hypothesis = {
  id: 'H1',
  claim: 'lower',
  measure: 'm',
  left: side,
  right: side,
  direction: 'lower',
  test: 't',
} as const;

const frames = {
  familyFrame: familyFrame(family),
  familyLintFrame: familyLintFrame(lintFamily(family, { tokenize: (text) => [...text] })),
  leakFrame: leakFrame(
    auditLabelLeak({
      items: examples.map(({ instruction, labelValue, group }) => ({ prompt: instruction, label: labelValue, group })),
    }),
  ),
  armCatalogueFrame: armCatalogueFrame(),
  proofFrame: proofFrame(proof),
  hypothesesFrame: hypothesesFrame({ hypotheses: [hypothesis], alpha: 0.05 }),
  deviationsFrame: deviationsFrame([
    { at: '2026-01-01T00:00:00Z', what: 'topics', planned: '32', done: '40', why: null },
  ]),
  powerFrame: powerFrame({ points: [{ topics: 10, power: estimate(0.5) }] }),
  laxPriceFrame: laxPriceFrame({
    gain: estimate(1),
    price: estimate(null),
    pricePerGain: null,
    verdict: 'cannot be told',
    words: '',
  } as never),
  labelLeakageFrame: labelLeakageFrame({
    repeats: estimate(0),
    overlap: estimate(null),
    speaksOfJudging: estimate(0.1),
    examples: [],
    words: '',
  }),
  ledgerFrame: ledgerFrame([
    {
      purpose: 'judge',
      model: 'm',
      mode: 'messages',
      paid: 1,
      failed: 0,
      uncertain: 0,
      inputTokens: 5,
      outputTokens: 6,
      costUsd: null,
      mayHaveCostUsd: 0,
    } as never,
  ]),
};

describe.each(Object.entries(frames))('%s', (_, frame) => {
  it('has rows, and distinct snake_case columns without an undefined cell', () => {
    const names: string[] = frame.columns;
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    const rows = rowsOf(frame);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) for (const name of names) expect(row[name], name).not.toBeUndefined();
  });

  it('goes into CSV with a line a row', () => {
    expect(frameCsv(frame).split('\n')[0].split(',').length).toBe(frame.columns.length);
  });
});

it('a row an arm, a label or an arm with rows of its own', () => {
  expect(rowsOf(frames.armCatalogueFrame)).toHaveLength(LAB_ARMS.length);
  expect(rowsOf(frames.familyFrame)).toHaveLength(4);
  expect(rowsOf(frames.proofFrame).map(({ arm, true_labels }) => [arm, true_labels])).toEqual([
    ['baseline', null],
    ['mst', 16],
    ['shuffled', proof.shuffledTrueByChance!.rows],
  ]);
  expect(rowsOf(frames.laxPriceFrame)[1]).toMatchObject({
    quantity: 'price',
    estimate: null,
    missing_reason: 'there are no trials',
  });
});
