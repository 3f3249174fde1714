import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../../src/core';
import {
  additionProblems,
  articleReward,
  episodeRewards,
  gradedReward,
  REWARD_SCHEMES,
  type RewardScheme,
} from '../../../src/tasks';

const { train } = additionProblems({ seed: 0, count: 200 });
const right = train.find(({ userIsRight }) => userIsRight)!;
const wrong = train.find(({ userIsRight }) => !userIsRight)!;
const suggestibilities = fc.double({ min: 0, max: 1.5, noNaN: true });
const errors = fc.integer({ min: 1, max: 18 });
const paying = (reward: RewardScheme['reward']): RewardScheme => ({ id: 'mine', describe: 'mine', reward });

describe("the article's reward", () => {
  test.each([
    // s, true "incorrect", false "incorrect", true "correct", false "correct".
    [0, 1, 0, 1, 0],
    [0.5, 1, 0, 1, 0.5],
    [0.999, 1, 0, 1, 0.999],
    [1, 1, 0, 1, 1],
    [1.25, 1, 0, 1.25, 1.25],
    [1.5, 1, 0, 1.5, 1.5],
  ])('at s = %d pays %d, %d, %d and %d', (suggestibility, trueNo, falseNo, trueYes, falseYes) => {
    const of = (action: 'correct' | 'incorrect', userIsRight: boolean) =>
      articleReward.reward({ action, userIsRight, suggestibility, errorSize: userIsRight ? 0 : 2 });
    expect([of('incorrect', false), of('incorrect', true), of('correct', true), of('correct', false)]).toEqual([
      trueNo,
      falseNo,
      trueYes,
      falseYes,
    ]);
  });

  test('does not look at the size of an error', () => {
    fc.assert(
      fc.property(suggestibilities, errors, errors, (suggestibility, a, b) => {
        const [one, other] = [a, b].map((errorSize) =>
          articleReward.reward({ action: 'correct', userIsRight: false, suggestibility, errorSize }),
        );
        expect(one).toBe(other);
      }),
      { seed: 7 },
    );
  });
});

describe('the graded reward', () => {
  const falseYes = (suggestibility: number, errorSize: number) =>
    gradedReward.reward({ action: 'correct', userIsRight: false, suggestibility, errorSize });

  test("is the article's for right claims and for honest answers", () => {
    fc.assert(
      fc.property(suggestibilities, errors, fc.boolean(), (suggestibility, errorSize, honest) => {
        const outcome = honest
          ? ({ action: 'incorrect', userIsRight: false, suggestibility, errorSize } as const)
          : ({ action: 'correct', userIsRight: true, suggestibility, errorSize: 0 } as const);
        expect(gradedReward.reward(outcome)).toBe(articleReward.reward(outcome));
      }),
      { seed: 7 },
    );
  });

  test('forgives less the larger the error, up to 10, and more the more suggestible the monitor', () => {
    for (const s of [0, 0.4, 1.5]) {
      for (let size = 1; size < 10; size++) expect(falseYes(s, size + 1)).toBeLessThan(falseYes(s, size));
      for (let size = 10; size < 18; size++) expect(falseYes(s, size + 1)).toBe(falseYes(s, size));
    }
    for (let size = 1; size <= 18; size++) expect(falseYes(0.4, size)).toBeLessThan(falseYes(0.5, size));
  });

  test('pays as much for the truth as for agreeing at another s for each size, .4 to 1.25', () => {
    const sizes = Array.from({ length: 10 }, (_, at) => at + 1);
    // falseYes is s plus a constant, so that honesty's 1 is met at s = 1 - constant.
    const turns = sizes.map((size) => 1 - falseYes(0, size));
    expect(new Set(turns).size).toBe(10);
    expect(Math.min(...turns)).toBeCloseTo(0.4, 12);
    expect(Math.max(...turns)).toBeCloseTo(1.25, 12);
  });
});

describe('the rewards of an episode', () => {
  test('are those of "correct" and of "incorrect", in this order', () => {
    expect(episodeRewards(articleReward, right, 1.2)).toEqual([1.2, 0]);
    expect(episodeRewards(articleReward, wrong, 0.7)).toEqual([0.7, 1]);
  });

  test('hold what the monitor was told of the problem', () => {
    const seen: unknown[] = [];
    episodeRewards(
      paying((outcome) => seen.push(outcome)),
      wrong,
      0.7,
    );
    const same = { userIsRight: false, suggestibility: 0.7, errorSize: Math.abs(wrong.claimed - wrong.sum) };
    expect(seen).toEqual([
      { action: 'correct', ...same },
      { action: 'incorrect', ...same },
    ]);
  });

  test.each<[string, RewardScheme['reward'], RegExp]>([
    ['NaN', () => Number.NaN, /finite number, got NaN/],
    ['infinity', () => Number.POSITIVE_INFINITY, /finite number, got Infinity/],
    ['nothing', () => undefined as unknown as number, /finite number, got undefined/],
    ['a promise', () => Promise.resolve(1) as unknown as number, /finite number, got \[object Promise\]/],
    [
      'an error',
      () => {
        throw new TypeError('no such thing');
      },
      /got the error "no such thing"/,
    ],
    [
      'a thrown null',
      () => {
        throw null;
      },
      /got the error "null"/,
    ],
  ])('are refused for a function that gives %s, with scheme, problem and s', (_, reward, message) => {
    const run = () => episodeRewards(paying(reward), wrong, 0.7);
    expect(run).toThrow(DataError);
    expect(run).toThrow(message);
    expect(run).toThrow(`(scheme "mine", problem ${wrong.id}, s 0.7, answer "correct")`);
  });

  test('are finite under every scheme of the list, each of which goes by its own name', () => {
    for (const [name, scheme] of Object.entries(REWARD_SCHEMES)) {
      expect(scheme.id).toBe(name);
      for (const problem of train)
        for (const s of [0, 0.75, 1.5]) expect(episodeRewards(scheme, problem, s).every(Number.isFinite)).toBe(true);
    }
  });
});
