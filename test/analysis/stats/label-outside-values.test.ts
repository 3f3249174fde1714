import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  benjaminiHochberg,
  cliffsDelta,
  crossedBootstrap,
  hodgesLehmann,
  isotonicFit,
  jonckheereTerpstra,
  labelInformation,
  mcnemar,
  pageTrend,
  pairedDominance,
  powerOverTopics,
  signedRankTest,
  withinTopicSlope,
} from '../../../src/analysis/stats';
import { bcaIntervalOf, percentileInterval } from '../../../src/analysis/stats/bootstrap';
import { closestCurves, curveShapes } from '../../../src/analysis/stats/curve-shapes';
import { bootstrapMedians, medianOfSorted } from '../../../src/analysis/stats/topic-median';
import { RandomStream } from '../../../src/core';

// Made by make_label_golden.py with scipy, statsmodels, scikit-learn and R.
const golden = JSON.parse(readFileSync(join(__dirname, 'label-golden.json'), 'utf8'));
const random = new RandomStream('label golden');
const sweepOf = (table: readonly (readonly number[])[], percents = table[0].map((_, at) => at)) =>
  table.flatMap((row, t) => row.map((value, at) => ({ topicId: `t${t}`, percent: percents[at], value })));

describe('agrees with scipy, statsmodels, scikit-learn and R', () => {
  it.each(golden.signed_rank as [number[], 'pratt' | 'wilcox', number][])(
    'signed-rank p, case %#: exact without ties, sign patterns with ties and zeros, normal beyond 50',
    (differences, zeros, want) => {
      const got = signedRankTest(differences, { zeros: zeros === 'wilcox' ? 'drop' : 'pratt' });
      expect(got.p! / want).toBeCloseTo(1, 10);
      expect(got.isExact).toBe(differences.length < 80);
    },
  );
  it.each(golden.hodges_lehmann as [number[], number, number[]][])(
    "R's exact Hodges-Lehmann estimate and interval, case %#",
    (values, level, [estimate, low, high]) => {
      const got = hodgesLehmann(values, { level });
      expect([got.estimate, got.low, got.high].map((end) => end!.toFixed(10))).toEqual(
        [estimate, low, high].map((end) => end.toFixed(10)),
      );
    },
  );
  it("beyond 50 values, the normal quantile gives R's exact interval within 1% of its width", () => {
    const [values, [estimate, low, high]] = golden.hodges_lehmann_large;
    const got = hodgesLehmann(values);
    expect(got.estimate).toBeCloseTo(estimate, 10);
    expect(Math.abs(got.low! - low)).toBeLessThan(0.01 * (high - low));
    expect(Math.abs(got.high! - high)).toBeLessThan(0.01 * (high - low));
  });
  it("McNemar's exact p, mid-p and Bonett and Price's interval", () => {
    for (const [[both, onlyLeft, onlyRight, neither], p, midP, [low, high]] of golden.mcnemar) {
      const got = mcnemar({ both, onlyLeft, onlyRight, neither });
      if (p === null) expect([got.p, got.midP]).toEqual([null, null]);
      else {
        expect(got.p).toBeCloseTo(p, 11);
        expect(got.midP).toBeCloseTo(midP, 11);
      }
      expect(got.difference.low).toBeCloseTo(low, 12);
      expect(got.difference.high).toBeCloseTo(high, 12);
    }
  });
  it("Cliff's δ is Somers' d, with the interval of the whole dominance matrix", () => {
    for (const [x, y, delta, [low, high]] of golden.cliff) {
      const got = cliffsDelta(x, y);
      expect(got.estimate).toBeCloseTo(delta, 12);
      expect([got.low, got.high].map((end) => end!.toFixed(10))).toEqual(
        [low, high].map((end: number) => end.toFixed(10)),
      );
    }
    const [left, right, within, between, [low, high]] = golden.paired_dominance;
    const pairs = left.map((value: number, at: number) => ({ left: value, right: right[at] }));
    const got = pairedDominance(pairs);
    expect(got.within.estimate).toBeCloseTo(within, 12);
    expect(got.between.estimate).toBeCloseTo(between, 12);
    expect([got.between.low, got.between.high].map((end) => end!.toFixed(10))).toEqual(
      [low, high].map((end: number) => end.toFixed(10)),
    );
  });
  it("Benjamini and Hochberg's adjustment", () => {
    for (const [p, want] of golden.benjamini_hochberg)
      for (const [at, got] of benjaminiHochberg(p).entries()) expect(got).toBeCloseTo(want[at], 14);
  });
  it('isotonic fits, with and without weights, rising and falling', () => {
    for (const [values, weights, increasing, want] of golden.isotonic) {
      const direction = increasing ? 'rising' : 'falling';
      const { fitted } = isotonicFit(values, weights === null ? { direction } : { weights, direction });
      for (const [at, got] of fitted.entries()) expect(got).toBeCloseTo(want[at], 12);
    }
  });
  it("Page's L and p: exact without ties, all orders with ties, normal for 11 labels", () => {
    for (const [table, statistic, p] of golden.page) {
      const got = pageTrend(sweepOf(table), { direction: 'rising' });
      expect([got.statistic, got.isExact]).toEqual([statistic, true]);
      expect(got.p! / p).toBeCloseTo(1, 10);
    }
    const [table, statistic, p] = golden.page_normal;
    const got = pageTrend(sweepOf(table), { direction: 'rising' });
    expect([got.statistic, got.isExact]).toEqual([statistic, false]);
    expect(got.p! / p).toBeCloseTo(1, 10);
  });
  it("Jonckheere and Terpstra's J and p: all dealings without ties, Kendall's variance with ties", () => {
    const [groups, statistic, rising, either] = golden.jonckheere_exact;
    const exact = jonckheereTerpstra(groups);
    expect([exact.statistic, exact.how]).toEqual([statistic, 'exact']);
    expect(exact.p).toBeCloseTo(either, 12);
    expect(jonckheereTerpstra(groups, { direction: 'rising' }).p).toBeCloseTo(rising, 12);
    const [tied, tiedStatistic, p] = golden.jonckheere_tied;
    const normal = jonckheereTerpstra(tied);
    expect([normal.statistic, normal.how]).toEqual([tiedStatistic, 'normal']);
    expect(normal.p! / p).toBeCloseTo(1, 10);
    const permuted = jonckheereTerpstra(tied, { random, permutations: 20_000 });
    expect(permuted.how).toBe('permutation');
    expect(Math.abs(permuted.p! - p)).toBeLessThan(0.01);
  });
  it('mutual information, plug-in, Miller and Madow, and under labels permuted within topics', () => {
    const { rows, pooled, within, miller_madow, null_mean, null_p } = golden.information;
    const got = labelInformation(
      rows.map(([topic, label, behaviour]: number[]) => ({
        topicId: `t${topic}`,
        label: `l${label}`,
        behaviour: `b${behaviour}`,
      })),
      { random, permutations: 5000 },
    );
    expect(got.pooled!.plugIn).toBeCloseTo(pooled, 12);
    expect(got.pooled!.millerMadow).toBeCloseTo(miller_madow, 12);
    expect(got.withinTopic!.plugIn).toBeCloseTo(within, 12);
    expect(Math.abs(got.pooled!.underNoEffect - null_mean)).toBeLessThan(0.003);
    expect(Math.abs(got.pooled!.p - null_p)).toBeLessThan(0.002);
  });
  it('the slope within topics and its cluster-robust error, unbalanced', () => {
    const { rows, slope, error } = golden.slope;
    const got = withinTopicSlope(
      rows.map(([topic, percent, value]: number[]) => ({ topicId: `t${topic}`, percent, value })),
    );
    expect(got.estimate).toBeCloseTo(slope, 12);
    expect(got.standardError).toBeCloseTo(error, 12);
  });
  it('the closest step, bent line and line; the logistic on its grid within 2% of the squares of the line', () => {
    const { x, y, step_at, ...want } = golden.curves;
    const got = closestCurves(y, curveShapes(x));
    for (const name of ['line', 'step', 'bent line'] as const)
      expect(got.get(name)!.squares).toBeCloseTo(want[name], 12);
    expect(got.get('step')!.shape.at).toBe(step_at);
    const above = got.get('logistic')!.squares - want.logistic;
    expect(above).toBeGreaterThan(-1e-9);
    expect(above).toBeLessThan(0.02 * want.line);
  });
  it("a t test's simulated power is the closed form's, within Monte-Carlo error", () => {
    for (const [effect, n, want] of golden.power) {
      const pilot = golden.power_pilot.map((value: number) => value + effect);
      const got = powerOverTopics(pilot, { random, test: 't', power: want, runs: 2000, maxTopics: 2 * n });
      expect(got.topicsLow!).toBeLessThanOrEqual(n);
      expect(got.topicsHigh!).toBeGreaterThanOrEqual(n);
      expect(Math.abs(got.topics! - n)).toBeLessThan(0.15 * n);
    }
  });
});

describe.each(
  golden.median as {
    name: string;
    values: number[];
    distribution: number[];
    percentile: number[];
    BCa: number[];
    without_each: number[];
    moments: number[];
  }[],
)('bootstrap of the median of $name values', ({ values, distribution, percentile, BCa, without_each, moments }) => {
  const sorted = Float64Array.from(values).sort();
  it("scipy's intervals on scipy's own resamples", () => {
    const plain = percentileInterval(distribution, 0.95);
    expect(plain.low).toBeCloseTo(percentile[0], 12);
    expect(plain.high).toBeCloseTo(percentile[1], 12);
    const { low, high } = bcaIntervalOf(distribution, medianOfSorted(sorted), without_each, 0.95)!;
    expect(low).toBeCloseTo(BCa[0], 10);
    expect(high).toBeCloseTo(BCa[1], 10);
  });
  it('our resampled medians have the mean and spread of 200,000 of numpy, within Monte-Carlo error', () => {
    const draws = Array.from(bootstrapMedians(sorted, 40_000, random));
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    const spread = Math.sqrt(draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length);
    expect(Math.abs(mean - moments[0])).toBeLessThan(0.02 * moments[1]);
    expect(Math.abs(spread / moments[1] - 1)).toBeLessThan(0.02);
  });
});

it('the crossed bootstrap of mean and median has the ends of 100,000 resamples of numpy, within 3% of its width', () => {
  const [table, mean, median] = golden.crossed_bootstrap as [number[][], number[], number[]];
  const rows = table.flatMap((row, seed) => row.map((value, t) => ({ seed, topicId: `t${t}`, value })));
  for (const [statistic, [low, high]] of [
    ['mean', mean],
    ['median', median],
  ] as const) {
    const got = crossedBootstrap(rows, { random, statistic, resamples: 20_000 });
    expect(Math.abs(got.low! - low)).toBeLessThan(0.03 * (high - low));
    expect(Math.abs(got.high! - high)).toBeLessThan(0.03 * (high - low));
  }
});
