import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  auc,
  contrastLogOdds,
  countVerdicts,
  holm,
  logSumExp,
  meanOverTopics,
  pairByTopic,
  pairedDifference,
  pairedPermutationTest,
  pearson,
  printEstimate,
  signTest,
  wilsonProportion,
  winTieLoss,
} from '../../../src/analysis/stats';
import { ConfigError, DataError, RandomStream } from '../../../src/core';

const random = new RandomStream('stats laws');
const options = { random, resamples: 500 };
const rowsOf = (values: readonly (number | null)[]) => values.map((value, at) => ({ topicId: `t${at}`, value }));
const manyValues = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 8, maxLength: 30 });

describe('mean over topics', () => {
  it('the estimate lies in its interval, and low < high, for every method', () => {
    fc.assert(
      fc.property(
        manyValues,
        fc.constantFrom('percentile', 'expanded-percentile', 'bca' as const),
        (values, method) => {
          const got = meanOverTopics(rowsOf(values), { ...options, method: method as 'bca' });
          if (got.low === null || got.high === null) return got.reason !== null;
          return got.low < got.high && (method === 'bca' || (got.low <= got.estimate! && got.estimate! <= got.high));
        },
      ),
      { numRuns: 100, seed: 1 },
    );
  });
  it('a wider level gives a wider interval', () => {
    const rows = rowsOf(Array.from({ length: 20 }, (_, at) => Math.sin(at)));
    const [narrow, wide] = [0.8, 0.99].map((level) => meanOverTopics(rows, { ...options, level }));
    expect(wide.low!).toBeLessThan(narrow.low!);
    expect(wide.high!).toBeGreaterThan(narrow.high!);
  });
  it('same stream, same interval: neither the order of rows nor earlier reads of the stream matter', () => {
    const rows = rowsOf(Array.from({ length: 12 }, (_, at) => (at * 7) % 11));
    const stream = new RandomStream(4);
    const first = meanOverTopics(rows, { random: stream });
    stream.uint32();
    expect(meanOverTopics([...rows].reverse(), { random: stream })).toEqual(first);
  });
  it('a topic counts once, however many rows it has', () => {
    const rows = [...rowsOf([0, 3]), ...Array.from({ length: 8 }, () => ({ topicId: 't1', value: 3 }))];
    expect(meanOverTopics(rows, options).estimate).toBe(1.5);
    expect(meanOverTopics(rows, options).n).toBe(2);
  });
  it('rows without a value are left out and counted, not taken as 0', () => {
    const got = meanOverTopics(rowsOf([2, null, 4, null, null]), options);
    expect([got.estimate, got.n, got.missing]).toEqual([3, 2, 3]);
  });
  it.each([
    ['no rows', [], null, 'there are no rows'],
    ['only missing values', [null, null], null, 'all 2 values are missing'],
    ['one topic', [5], 5, '1 of the 8 topics that an interval needs'],
    ['equal values', Array(9).fill(0.25), 0.25, 'all 9 topics have the same value'],
  ])('%s: no interval, and the reason', (_, values, estimate, reason) => {
    const got = meanOverTopics(rowsOf(values), options);
    expect([got.estimate, got.low, got.high, got.reason]).toEqual([estimate, null, null, reason]);
  });
  it('NaN is an error that names the topic, not a missing value', () => {
    expect(() => meanOverTopics(rowsOf([1, Number.NaN]), options)).toThrow(DataError);
    expect(() => meanOverTopics(rowsOf([1, Number.NaN]), options)).toThrow(/NaN \(topic t1\)/);
  });
  it('all faults of the options come in one message', () => {
    expect(() => meanOverTopics([], { random, level: 95, resamples: 3 })).toThrow(/level.*95; resamples.*3/);
  });
});

describe('paired difference', () => {
  const left = rowsOf([1, 5, 2, 8, 4, 6, 3, 9, 7]);
  const right = rowsOf([2, 2, 2, 2, 2, 2, 2, 2, 2]);
  it.each(['percentile', 'expanded-percentile', 'bca'] as const)('swapping the sides negates it (%s)', (method) => {
    const [ahead, back] = [
      pairedDifference(left, right, { ...options, method }),
      pairedDifference(right, left, { ...options, method }),
    ];
    expect(ahead.estimate).toBeCloseTo(-back.estimate!, 12);
    expect(ahead.low).toBeCloseTo(-back.high!, 12);
    expect(ahead.high).toBeCloseTo(-back.low!, 12);
  });
  it('topics on one side only are counted and enter nothing', () => {
    const got = pairByTopic(rowsOf([1, 2, null, 4]), [...rowsOf([1, 1, 1]), { topicId: 'other', value: 9 }]);
    expect(got.pairs.map(({ topicId, difference }) => [topicId, difference])).toEqual([
      ['t0', 0],
      ['t1', 1],
    ]);
    expect([got.onlyLeft, got.onlyRight, got.missingLeft, got.missingRight]).toEqual([1, 2, 1, 0]);
  });
  it('without a shared topic it is missing, with the reason', () => {
    const got = pairedDifference([{ topicId: 'a', value: 1 }], [{ topicId: 'b', value: 1 }], options);
    expect([got.estimate, got.low, got.reason]).toEqual([
      null,
      null,
      'no topic has a value on both sides (2 on one side only)',
    ]);
  });
  it('wins, ties and losses add up to the pairs, and swap with the direction', () => {
    const paired = pairByTopic(left, right);
    const [lower, higher] = (['lower', 'higher'] as const).map((winner) => winTieLoss(paired, { winner }));
    expect([lower.wins, lower.ties, lower.losses]).toEqual([1, 1, 7]);
    expect([higher.wins, higher.losses]).toEqual([lower.losses, lower.wins]);
    expect(lower.winsPerPair).toMatchObject({ estimate: 1 / 9, n: 9 });
    expect(lower.winsPerDecided).toMatchObject({ estimate: 1 / 8, n: 8 });
    expect(lower.signTestP).toBeCloseTo((2 * 9) / 256, 12);
    expect(winTieLoss(paired, { winner: 'lower', tieWithin: 100 }).ties).toBe(9);
  });
});

describe('shares', () => {
  it('0 of 5 and 5 of 5 mirror each other and keep a width', () => {
    const [none, all] = [wilsonProportion(0, 5), wilsonProportion(5, 5)];
    expect([none.low, all.high]).toEqual([0, 1]);
    expect(none.high).toBeCloseTo(1 - all.low!, 14);
    expect(none.high!).toBeGreaterThan(0.4);
  });
  it('0 of 0 is missing; 3 of 2 is an error', () => {
    expect(wilsonProportion(0, 0)).toMatchObject({ estimate: null, low: null, reason: 'there are no trials' });
    expect(() => wilsonProportion(3, 2)).toThrow(ConfigError);
  });
  it('a missing verdict is counted as missing', () => {
    expect(countVerdicts(['PASS', null, 'FAIL', null])).toEqual({ PASS: 1, PARTIAL: 0, FAIL: 1, missing: 2 });
  });
});

describe('tests', () => {
  it("Holm's p-values keep the order, never fall below the raw ones, and count a missing test", () => {
    const p = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(p, (raw) => {
        const got = holm(raw);
        return raw.every((a, i) => got[i]! >= a && got[i]! <= 1 && raw.every((b, j) => a > b || got[i]! <= got[j]!));
      }),
      { seed: 2 },
    );
    expect(holm([0.01, null, 0.02])).toEqual([0.03, null, 0.04]);
  });
  it('nothing decided gives null, not 1', () => {
    expect(signTest(0, 0)).toBeNull();
    expect(pairedPermutationTest([0, 0, 0], options)).toBeNull();
  });
  it('a Monte-Carlo permutation p is never 0 and agrees with all patterns counted', () => {
    const differences = Array.from({ length: 17 }, (_, at) => 5 + at);
    expect(pairedPermutationTest(differences, { random, permutations: 999 })).toBe(1 / 1000);
    const mixed = Array.from({ length: 16 }, (_, at) => Math.sin(3 * at) + 0.35);
    const exact = pairedPermutationTest(mixed, { random })!;
    const sampled = pairedPermutationTest([...mixed, 0], { random, permutations: 20_000 })!;
    expect(Math.abs(exact - sampled)).toBeLessThan(4 * Math.sqrt((exact * (1 - exact)) / 20_000));
  });
});

describe('contrast sets', () => {
  const set = (a: number, b: number, c: number, d: number) => [
    { value: 'strong_left', logprob: a },
    { value: 'strong_right', logprob: b },
    { value: 'center_left', logprob: c },
    { value: 'center_right', logprob: d },
    { value: 'neutral', logprob: -3 },
  ];
  it('equal texts give 0, a shift of all gives the same, a shift of one side moves by it', () => {
    expect(contrastLogOdds(set(-200, -210, -210, -200))).toBeCloseTo(0, 12);
    expect(contrastLogOdds(set(-900, -910, -913, -903))).toBeCloseTo(3, 10);
    expect(contrastLogOdds(set(-2000, -2010, -2013, -2003))).toBeCloseTo(3, 10);
  });
  it('a text that is not there is an error that names it', () => {
    expect(() => contrastLogOdds(set(-1, -1, -1, -1).slice(1))).toThrow(/one strong_left text.*0 texts/);
    expect(() => contrastLogOdds(set(Number.NaN, -1, -1, -1))).toThrow(/NaN/);
  });
  it('log-sum-exp neither overflows nor loses an empty sum', () => {
    expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.LN2, 10);
    expect(logSumExp([])).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe('association', () => {
  it('a constant side or an empty class is missing with a reason', () => {
    expect(pearson([1, 2, 3], [4, 4, 4])).toMatchObject({
      value: null,
      reason: 'one side has the same value everywhere',
    });
    expect(auc([1], [])).toMatchObject({ value: null, reason: '1 positives and 0 negatives' });
  });
  it('ties count half', () => expect(auc([1, 1], [1, 1]).value).toBe(0.5));
});

it('an estimate prints its interval, or why it has none', () => {
  const rows = rowsOf([1, 2]);
  expect(printEstimate(meanOverTopics(rows, options))).toBe(
    '1.50 (no interval: 2 of the 8 topics that an interval needs)',
  );
  expect(printEstimate(meanOverTopics([], options))).toBe('missing: there are no rows');
});
