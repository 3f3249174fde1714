import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  benjaminiHochberg,
  cliffsDelta,
  countPairs,
  crossedBootstrap,
  type Estimate,
  hodgesLehmann,
  holm,
  mcnemar,
  medianOverTopics,
  pairedDominance,
  pairedMedianDifference,
  signedRankTest,
} from '../../../src/analysis/stats';
import { ConfigError, DataError, RandomStream } from '../../../src/core';

const random = new RandomStream('label laws');
const boot = { random, resamples: 200 };
const settings = { numRuns: 40, seed: 7 };
const value = fc.integer({ min: -400, max: 400 }).map((whole) => whole / 16);
const values = fc.array(value, { minLength: 8, maxLength: 24 });
const rowsOf = (of: readonly number[]) => of.map((one, at) => ({ topicId: `t${at}`, value: one }));
const close = (a: number | null, b: number | null) =>
  a === null || b === null ? a === b : Math.abs(a - b) <= 1e-9 * (1 + Math.abs(b));
const mirrored = (a: Estimate, b: Estimate) =>
  close(a.estimate, b.estimate === null ? null : -b.estimate) &&
  close(a.low, b.high === null ? null : -b.high) &&
  close(a.high, b.low === null ? null : -b.low);
const law = <T>(of: fc.Arbitrary<T>, holds: (drawn: T) => boolean) => fc.assert(fc.property(of, holds), settings);

describe('medians', () => {
  it('a turned sign turns the percentile interval around, a shift moves it', () =>
    law(values, (drawn) => {
      const of = (map: (one: number) => number) =>
        medianOverTopics(rowsOf(drawn.map(map)), { ...boot, method: 'percentile', resamples: 500 });
      const [base, shifted, turned] = [of((one) => one), of((one) => one + 8), of((one) => -one)];
      if (base.low === null) return base.reason !== null;
      // Resamples of ascending values: turning the sign draws other places, so ends agree within resampling.
      const spread = Math.max(...drawn) - Math.min(...drawn);
      return (
        close(shifted.low, base.low + 8) &&
        close(turned.estimate, -base.estimate!) &&
        Math.abs(turned.low! + base.high!) <= spread / 2
      );
    }));
  it('the median difference of paired sides is negated by swapping them', () =>
    law(values, (drawn) => {
      const [left, right] = [rowsOf(drawn), rowsOf(drawn.map((one) => Math.round(one / 3)))];
      return close(
        pairedMedianDifference(left, right, boot).estimate,
        -pairedMedianDifference(right, left, boot).estimate! || 0,
      );
    }));
  it('the estimate is the middle value, or the mean of the middle two', () => {
    expect(medianOverTopics(rowsOf([5, 1, 9]), boot).estimate).toBe(5);
    expect(medianOverTopics(rowsOf([5, 1, 9, 2]), boot).estimate).toBe(3.5);
  });
  it('values all the same, and a median that hardly moves, have no interval', () => {
    const same = medianOverTopics(rowsOf(Array(12).fill(3)), boot);
    expect([same.low, same.reason]).toEqual([
      null,
      'the resampled medians of 12 topics do not spread around the median',
    ]);
    const almost = medianOverTopics(rowsOf([...Array(40).fill(0), 1]), { ...boot, method: 'bca' });
    expect([almost.estimate, almost.low]).toEqual([0, null]);
  });
  it('too few topics: no interval, and the reason; NaN is an error', () => {
    expect(medianOverTopics(rowsOf([1, 2]), boot).reason).toBe('2 of the 8 topics that an interval needs');
    expect(() => medianOverTopics(rowsOf([Number.NaN]), boot)).toThrow(DataError);
  });
});

describe('crossed bootstrap', () => {
  const table = Array.from({ length: 60 }, (_, at) => ({ seed: at % 6, topicId: `t${at % 10}`, value: Math.sin(at) }));
  const cells = Array.from({ length: 6 }, (_, seed) =>
    Array.from({ length: 10 }, (__, t) => ({ seed, topicId: `t${t}`, value: Math.sin(7 * seed + 3 * t) })),
  ).flat();
  it('the order of rows does not matter, nor earlier reads of the stream', () => {
    const stream = new RandomStream(3);
    const first = crossedBootstrap(cells, { random: stream });
    stream.uint32();
    expect(crossedBootstrap([...cells].reverse(), { random: stream })).toEqual(first);
  });
  it('few seeds or no shared topic: no interval, and the reason', () => {
    expect(crossedBootstrap(cells.slice(0, 40), boot).reason).toBe(
      '4 of the 5 seeds that a bootstrap over seeds needs',
    );
    expect(crossedBootstrap(table, boot).reason).toBe('no topic has a value for all 6 seeds');
    expect(crossedBootstrap([], boot).reason).toBe('there are no values');
  });
});

describe('signed ranks', () => {
  it('p and sums depend on ranks and signs alone; turning signs swaps the sums', () =>
    law(values, (drawn) => {
      const [base, scaled, turned] = [1, 8, -1].map((by) => signedRankTest(drawn.map((one) => by * one)));
      return (
        base.p === scaled.p &&
        base.p === turned.p &&
        base.wPlus === turned.wMinus &&
        base.rankBiserial === scaled.rankBiserial
      );
    }));
  it('without ties or zeros, Pratt and dropping agree and W⁺ + W⁻ = n(n + 1)/2', () => {
    const drawn = Array.from({ length: 15 }, (_, at) => Math.sin(5 * at) + 0.31);
    const [pratt, drop] = (['pratt', 'drop'] as const).map((zeros) => signedRankTest(drawn, { zeros }));
    expect(pratt).toEqual(drop);
    expect(pratt.wPlus + pratt.wMinus).toBe(120);
  });
  it('zeros make dropping and Pratt differ, and are counted', () => {
    const drawn = [0, 0, 0, -1, 2, 3, -4, 5, 6];
    expect(signedRankTest(drawn)).toMatchObject({ n: 6, zeros: 3, wPlus: 5 + 6 + 8 + 9, wMinus: 4 + 7 });
    expect(signedRankTest(drawn, { zeros: 'drop' })).toMatchObject({ wPlus: 2 + 3 + 5 + 6, wMinus: 1 + 4 });
  });
  it('a difference that only rounding keeps from 0, or from another, is a zero or a tie', () => {
    const got = signedRankTest([0.3 - 0.2 - 0.1, 0.3 - 0.2, 0.1, 0.2, 0.7]);
    expect([got.zeros, got.wPlus]).toEqual([1, 14]);
    expect(got.p).toBe(signedRankTest([0, 0.1, 0.1, 0.2, 0.7]).p);
  });
  it('nothing but zeros, or nothing at all, has no p', () => {
    expect(signedRankTest([0, 0])).toMatchObject({ p: null, reason: 'all 2 differences are 0' });
    expect(signedRankTest([])).toMatchObject({ p: null, reason: 'there are no differences' });
  });
});

describe('Hodges and Lehmann', () => {
  it('a shift moves it, a scale stretches it, a sign turns it around; the estimate lies inside', () =>
    law(values, (drawn) => {
      const [base, moved, turned] = [drawn, drawn.map((one) => 4 * one + 16), drawn.map((one) => -one)].map((of) =>
        hodgesLehmann(of),
      );
      if (base.low === null) return base.reason !== null;
      return (
        close(moved.low, 4 * base.low + 16) &&
        mirrored(turned, base) &&
        base.low <= base.estimate! &&
        base.estimate! <= base.high!
      );
    }));
  it('its 95% interval leaves 0 out exactly where the signed-rank test of untied values is under 5%', () =>
    law(fc.array(fc.double({ min: -1, max: 2, noNaN: true }), { minLength: 8, maxLength: 20 }), (drawn) => {
      const magnitudes = drawn.map((one) => Math.abs(one));
      if (new Set(magnitudes.map((one) => one.toFixed(9))).size < drawn.length) return true;
      const { low, high } = hodgesLehmann(drawn);
      return signedRankTest(drawn).p! <= 0.05 === (low! > 0 || high! < 0);
    }));
  it('five values cannot carry 95%; equal values carry nothing', () => {
    expect(hodgesLehmann([1, 2, 3, 4, 5]).reason).toBe('5 values are too few for an interval at level 0.95');
    expect(hodgesLehmann(Array(9).fill(2)).reason).toBe('most of the 9 values are the same, so that both ends are 2');
    expect(hodgesLehmann([]).estimate).toBeNull();
  });
});

describe('paired shares', () => {
  const counts = fc.record({
    both: fc.nat(9),
    onlyLeft: fc.nat(12),
    onlyRight: fc.nat(12),
    neither: fc.nat(9),
  });
  it('swapping the sides negates the difference and keeps p; mid-p is at most exact p', () =>
    law(counts, (drawn) => {
      const [ahead, back] = [
        mcnemar(drawn),
        mcnemar({ ...drawn, onlyLeft: drawn.onlyRight, onlyRight: drawn.onlyLeft }),
      ];
      return ahead.p === back.p && mirrored(ahead.difference, back.difference) && (ahead.midP ?? 0) <= (ahead.p ?? 0);
    }));
  it('pairs that agree leave p as it is', () => {
    const [many, none] = [50, 0].map((both) => mcnemar({ both, onlyLeft: 6, onlyRight: 1, neither: both }).p);
    expect(many).toBeCloseTo(0.125, 12);
    expect(none).toBe(many);
  });
  it('a missing side is missing, not no; nothing decided has no p but an interval', () => {
    const got = countPairs([
      { left: true, right: null },
      { left: true, right: true },
      { left: false, right: true },
    ]);
    expect(got).toEqual({ both: 1, onlyLeft: 0, onlyRight: 1, neither: 0, missing: 1 });
    const none = mcnemar({ both: 5, onlyLeft: 0, onlyRight: 0, neither: 5 });
    expect([none.p, none.midP, none.difference.estimate]).toEqual([null, null, 0]);
    expect(none.difference.high).toBeGreaterThan(0.1);
    expect(mcnemar({ both: 0, onlyLeft: 0, onlyRight: 0, neither: 0 }).difference.reason).toBe('there are no pairs');
  });
});

describe('dominance', () => {
  it("Cliff's δ is negated by swapping the groups, kept by any rising map, and lies in its interval", () =>
    law(fc.record({ x: values, y: values }), ({ x, y }) => {
      const cube = (of: readonly number[]) => of.map((one) => one ** 3);
      const [base, swapped, mapped] = [cliffsDelta(x, y), cliffsDelta(y, x), cliffsDelta(cube(x), cube(y))];
      return (
        mirrored(swapped, base) &&
        close(mapped.low, base.low) &&
        base.low! >= -1 &&
        base.high! <= 1 &&
        base.low! <= base.estimate! &&
        base.estimate! <= base.high!
      );
    }));
  it('groups apart have ±1 and an interval with width', () => {
    const got = cliffsDelta([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]);
    expect([got.estimate, got.high]).toEqual([1, 1]);
    expect(got.low).toBeGreaterThan(-0.1);
    expect(got.low).toBeLessThan(0.5);
    expect(cliffsDelta([], [1])).toMatchObject({ estimate: null, reason: '0 values against 1' });
  });
  it('paired: swapping the sides negates both forms; a shift of single topics moves only the form between', () =>
    law(fc.record({ x: values, y: values }), ({ x, y }) => {
      const n = Math.min(x.length, y.length);
      const pairs = Array.from({ length: n }, (_, at) => ({ left: x[at], right: y[at] }));
      const [base, swapped, lifted] = [
        pairs,
        pairs.map(({ left, right }) => ({ left: right, right: left })),
        pairs.map(({ left, right }, at) => ({ left: left + 64 * at, right: right + 64 * at })),
      ].map((of) => pairedDominance(of));
      return (
        mirrored(swapped.within, base.within) &&
        mirrored(swapped.between, base.between) &&
        close(lifted.within.low, base.within.low)
      );
    }));
});

describe('false discovery', () => {
  const ps = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 9 });
  it('adjusted p keeps the order, is at least the raw p and at most Holm’s', () =>
    law(ps, (raw) => {
      const [got, strict] = [benjaminiHochberg(raw), holm(raw)];
      return raw.every(
        (p, i) =>
          got[i]! >= p && got[i]! <= strict[i]! + 1e-15 && raw.every((other, j) => p > other || got[i]! <= got[j]!),
      );
    }));
  it('a missing test stays null and counts', () => {
    expect(benjaminiHochberg([0.01, null, 0.02])).toEqual([0.03, null, 0.03]);
    expect(() => benjaminiHochberg([2])).toThrow(ConfigError);
  });
});
