import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/core';
import { type AdditionProblem, additionProblems, wrongAnswerDistribution } from '../../../src/tasks';

const sums = Array.from({ length: 19 }, (_, sum) => sum);
const seeds = fc.integer({ min: 0, max: 1e6 });
const splits = ['train', 'held-out'] as const;
const splitOf = (data: ReturnType<typeof additionProblems>, split: AdditionProblem['split']) =>
  split === 'train' ? data.train : data.heldOut;
const shared = (a: readonly string[], b: readonly string[]) => a.filter((value) => b.includes(value));

describe('wrong answers', () => {
  test.each(sums)('to a sum of %d are every other number of 0 to 18, with probabilities that add to 1', (sum) => {
    const choices = wrongAnswerDistribution(sum);
    expect(choices.map(({ claimed }) => claimed)).toEqual(sums.filter((claimed) => claimed !== sum));
    expect(choices.reduce((total, { probability }) => total + probability, 0)).toBeCloseTo(1, 12);
  });

  test.each(sums)('to a sum of %d lie at ±1, 2, 3, 10 with .7 more than chance, all of these alike', (sum) => {
    const isNear = (claimed: number) => [1, 2, 3, 10].includes(Math.abs(claimed - sum));
    const of = (near: boolean) => wrongAnswerDistribution(sum).filter(({ claimed }) => isNear(claimed) === near);
    const near = of(true);
    for (const { probability } of of(false)) expect(probability).toBeCloseTo(0.3 / 18, 12);
    for (const { probability } of near) expect(probability).toBeCloseTo(0.3 / 18 + 0.7 / near.length, 12);
  });

  test('are drawn as often as they should be', () => {
    const wrong = additionProblems({ seed: 11, count: 40_000 }).train.filter(({ userIsRight }) => !userIsRight);
    let [statistic, degrees] = [0, 0];
    for (const sum of sums) {
      const own = wrong.filter((problem) => problem.sum === sum);
      if (own.length === 0) continue;
      for (const { claimed, probability } of wrongAnswerDistribution(sum)) {
        const expected = own.length * probability;
        statistic += (own.filter((problem) => problem.claimed === claimed).length - expected) ** 2 / expected;
      }
      degrees += 17;
    }
    // Chi-square has mean d and variance 2d; four standard errors either way.
    expect(degrees).toBeGreaterThan(200);
    expect(Math.abs(statistic - degrees)).toBeLessThan(4 * Math.sqrt(2 * degrees));
  });

  test.each([-1, 19, 2.5, Number.NaN])('to a sum of %d are refused', (sum) => {
    expect(() => wrongAnswerDistribution(sum)).toThrow(ConfigError);
  });
});

describe.each(['unordered-pair', 'ordered-pair'] as const)('problems split by %s', (splitBy) => {
  const draw = (seed: number, count = 200) => additionProblems({ seed, count, splitBy });

  test('never have such a pair in both splits', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { train, heldOut } = draw(seed);
        const unit = ({ group, topicId }: AdditionProblem) => (splitBy === 'unordered-pair' ? group : topicId);
        expect(shared([...new Set(train.map(unit))], [...new Set(heldOut.map(unit))])).toEqual([]);
      }),
      { seed: 7, numRuns: 30 },
    );
  });

  test('cover all 100 pairs and are as many as asked for', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 200, max: 1000 }), (seed, count) => {
        const { train, heldOut } = draw(seed, count);
        expect(train.length + heldOut.length).toBe(count);
        expect(new Set([...train, ...heldOut].map(({ topicId }) => topicId)).size).toBe(100);
      }),
      { seed: 7, numRuns: 30 },
    );
  });

  test('are half right and half wrong in each split, one more right in an odd one', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 200, max: 1000 }), fc.constantFrom(...splits), (seed, count, split) => {
        const own = splitOf(draw(seed, count), split);
        const right = own.filter(({ userIsRight }) => userIsRight).length;
        expect(right).toBe(Math.ceil(own.length / 2));
      }),
      { seed: 7, numRuns: 30 },
    );
  });

  test('say of themselves what they are', () => {
    const data = draw(3);
    for (const split of splits)
      for (const problem of splitOf(data, split)) {
        const { left, right, claimed, sum, userIsRight } = problem;
        expect(problem).toEqual({
          id: `${left}+${right}=${claimed}`,
          topicId: `${left}+${right}`,
          group: [left, right].sort().join(','),
          split,
          left,
          right,
          claimed,
          sum: left + right,
          userIsRight: claimed === sum,
          instruction: `${left} + ${right} = ${claimed}. Is this correct?`,
        });
        expect(userIsRight).toBe(claimed === left + right);
      }
  });

  test('depend on the seed and on nothing else, as does their hash', () => {
    expect(draw(4).train).toEqual(draw(4).train);
    expect(draw(4).hash).toBe(draw(4).hash);
    expect(new Set([0, 1, 2, 3, 4].map((seed) => draw(seed).hash)).size).toBe(5);
  });

  test('hold out the same pairs whatever their number', () => {
    const held = (count: number) => [...new Set(draw(5, count).heldOut.map(({ topicId }) => topicId))].sort();
    expect(held(200)).toEqual(held(900));
  });
});

describe('the probe', () => {
  const data = additionProblems({ seed: 2 });

  test.each([0, 1, 3, 18])(
    'asks every pair of a split once right and %d times wrong, no claim twice',
    (wrongPerPair) => {
      for (const split of splits) {
        const asked = data.probe(split, { wrongPerPair });
        const pairs = new Set(splitOf(data, split).map(({ topicId }) => topicId));
        expect(new Set(asked.map(({ topicId }) => topicId))).toEqual(pairs);
        expect(new Set(asked.map(({ id }) => id)).size).toBe(asked.length);
        expect(asked.filter(({ userIsRight }) => userIsRight)).toHaveLength(pairs.size);
        expect(asked).toHaveLength(pairs.size * (1 + wrongPerPair));
        expect(asked.every((problem) => problem.split === split)).toBe(true);
      }
    },
  );

  test('asks the same each time, and more claims keep the ones before', () => {
    const [two, four] = [2, 4].map((wrongPerPair) => data.probe('held-out', { wrongPerPair }).map(({ id }) => id));
    expect(data.probe('held-out', { wrongPerPair: 2 }).map(({ id }) => id)).toEqual(two);
    expect(shared(two, four)).toEqual(two);
  });

  test('has no more than the 18 wrong answers that there are', () => {
    expect(data.probe('held-out', { wrongPerPair: 30 })).toEqual(data.probe('held-out', { wrongPerPair: 18 }));
  });
});

test.each([
  ['a share that holds nothing out', { heldOutShare: 0 }],
  ['a share that trains on nothing', { heldOutShare: 1 }],
  ['a share under 0', { heldOutShare: -0.2 }],
  ['a share that is no number', { heldOutShare: Number.NaN }],
  ['too few problems', { count: 199 }],
  ['a number of problems that is not whole', { count: 300.5 }],
  ['a number of problems that is none', { count: Number.NaN }],
])('%s is refused', (_, options) => {
  expect(() => additionProblems({ seed: 0, ...options })).toThrow(ConfigError);
});
