import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../../src/core';
import { type Judgement, judgedShare, requireJudged } from '../../src/judge';

function judgement(magnitude0to10: number | null, reason: string | null = null): Judgement {
  return {
    ...{ judge: 'j', magnitude0to10, direction: null, profiles: null, verdict: null, indicators: [], flags: [] },
    ...{ reasoning: null, reason, rawReply: null },
  };
}
const many = (judged: number, ...missing: string[]) => [
  ...Array.from({ length: judged }, () => judgement(3)),
  ...missing.map((reason) => judgement(null, reason)),
];

describe('the share of judged texts', () => {
  test('is counted by group, with missing ones by reason', () => {
    const judgements = [...many(2, 'refused'), ...many(1, 'cut', 'refused', 'cut')];
    const groups = ['mst', 'mst', 'mst', 'baseline', 'baseline', 'baseline', 'baseline'];
    expect(judgedShare(judgements, groups)).toEqual([
      { group: 'mst', judged: 2, total: 3, share: 2 / 3, missing: [{ reason: 'refused', count: 1 }] },
      {
        ...{ group: 'baseline', judged: 1, total: 4, share: 0.25 },
        missing: [
          { reason: 'cut', count: 2 },
          { reason: 'refused', count: 1 },
        ],
      },
    ]);
    expect(judgedShare(judgements)[0]).toMatchObject({ group: 'all', judged: 3, total: 7 });
  });

  test('needs a group for each judgement', () => {
    expect(() => judgedShare(many(2), ['a'])).toThrow(ConfigError);
  });
});

describe('the gate of a confirmatory run', () => {
  test('opens at 95% and is shut below it, with the counts by reason', () => {
    expect(requireJudged(many(19, 'refused'), { where: 'confirm' })[0].share).toBe(0.95);
    expect(() => requireJudged(many(18, 'refused', 'cut'), { where: 'confirm' })).toThrow(DataError);
    expect(() => requireJudged(many(17, 'refused', 'cut', 'cut'), { where: 'confirm' })).toThrow(
      /confirm: at least 95% of the texts must have a verdict, got 17 of 20 \(missing: 2 cut; 1 refused\)/,
    );
  });

  test('is shut if one arm is short, however well the others do', () => {
    const judgements = [...many(99), ...many(1, 'cut')];
    const groups = judgements.map((_, i) => (i < 99 ? 'baseline' : 'mst'));
    expect(requireJudged(judgements, { where: 'confirm' })).toHaveLength(1);
    expect(() => requireJudged(judgements, { where: 'confirm', groups })).toThrow(/every group, got mst: 1 of 2/);
  });

  test('takes another share, and refuses nothing to judge and shares outside 0 to 1', () => {
    expect(requireJudged(many(1, 'cut'), { where: 'x', leastShare: 0.5 })).toHaveLength(1);
    expect(() => requireJudged([], { where: 'x' })).toThrow(/got none/);
    expect(() => requireJudged(many(1), { where: 'x', leastShare: 95 })).toThrow(/0 to 1, got 95/);
  });
});
