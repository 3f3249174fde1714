import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Estimate } from '../../../src/analysis/stats';
import { bestOf, LEAST_CONFIRM_TOPICS, planHalving } from '../../../src/experiments/wording-test/halving';
import { findingOf } from '../../../src/experiments/wording-test/wording-words';

const plan = (affordable: number, candidates = 8) =>
  planHalving({ candidates, finalists: 2, affordable, confirmArms: 2, pilotTopics: 32, confirmTopics: 40 });
const cost = ({ rounds, finalists, confirmTopics }: ReturnType<typeof plan>) =>
  rounds.reduce((sum, { candidates, topics }) => sum + (candidates + 1) * topics, 0) +
  (finalists + 1) * 2 * confirmTopics;

describe('successive halving', () => {
  it('halves eight candidates to four and to two finalists', () => {
    expect(plan(200).rounds.map(({ candidates }) => candidates)).toEqual([8, 4]);
    expect(plan(200, 3).rounds.map(({ candidates }) => candidates)).toEqual([3]);
    expect(plan(200, 2).rounds).toEqual([]);
    expect(plan(200, 1).finalists).toBe(1);
  });

  it('never plans more than can be paid for, unless the floors ask for it, nor more topics than there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 1, max: 40 }), (affordable, candidates) => {
        const found = plan(affordable, candidates);
        const floor =
          found.rounds.reduce((sum, round) => sum + round.candidates + 1, 0) +
          (found.finalists + 1) * 2 * LEAST_CONFIRM_TOPICS;
        expect(cost(found)).toBeLessThanOrEqual(Math.max(affordable, floor));
        expect(found.confirmTopics).toBeLessThanOrEqual(40);
        expect(found.confirmTopics).toBeGreaterThanOrEqual(LEAST_CONFIRM_TOPICS);
        expect(found.rounds.reduce((sum, { topics }) => sum + topics, 0)).toBeLessThanOrEqual(32);
        for (const { topics } of found.rounds) expect(topics).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it('gives the larger part of the budget to the confirmation', () => {
    const { confirmTopics, finalists } = plan(240);
    expect((finalists + 1) * 2 * confirmTopics).toBeGreaterThanOrEqual(0.5 * 240);
  });

  it('keeps the better half, whichever end is better', () => {
    const means = [3, -1, 2, 0].map((mean, i) => ({ name: `w${i}`, mean }));
    expect(bestOf(means, 2, 'lower')).toEqual(['w1', 'w3']);
    expect(bestOf(means, 2, 'higher')).toEqual(['w0', 'w2']);
  });
});

describe('a finding', () => {
  const estimate = (value: number, low: number | null, high: number | null): Estimate => ({
    estimate: value,
    low,
    high,
    level: 0.95,
    method: 'percentile bootstrap over topics',
    n: 12,
    reason: low === null ? 'too few' : null,
  });

  it('needs the interval and the adjusted p to agree', () => {
    expect(findingOf(estimate(-1, -2, -0.5), 0.01, 'lower')).toBe('better');
    expect(findingOf(estimate(-1, -2, -0.5), 0.01, 'higher')).toBe('worse');
    expect(findingOf(estimate(1, 0.5, 2), 0.01, 'lower')).toBe('worse');
    expect(findingOf(estimate(-1, -2, -0.5), 0.06, 'lower')).toBe('no difference seen');
    expect(findingOf(estimate(-1, -2, 0.5), 0.01, 'lower')).toBe('no difference seen');
    expect(findingOf(estimate(-1, null, null), 0.01, 'lower')).toBe('cannot be told');
    expect(findingOf(estimate(-1, -2, -0.5), null, 'lower')).toBe('cannot be told');
  });
});
