import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  auc,
  holm,
  logSumExp,
  meanOverTopics,
  pairedPermutationTest,
  pearson,
  signTest,
  wilsonProportion,
} from '../../../src/analysis/stats';
import { bcaInterval, percentileInterval } from '../../../src/analysis/stats/bootstrap';
import {
  logGamma,
  normalCdf,
  normalQuantile,
  studentCdf,
  studentQuantile,
} from '../../../src/analysis/stats/distributions';
import { RandomStream } from '../../../src/core';

// Made by make_golden.py with scipy, statsmodels and scikit-learn.
const golden = JSON.parse(readFileSync(join(__dirname, 'golden.json'), 'utf8'));

/** Largest |got − want| / max(|want|, floor). */
function worst(pairs: readonly (readonly [number, number])[], floor = 1e-300): number {
  expect(pairs.length).toBeGreaterThan(0);
  return Math.max(...pairs.map(([got, want]) => Math.abs(got - want) / Math.max(Math.abs(want), floor)));
}

describe('agrees with scipy, statsmodels and scikit-learn', () => {
  it('normal distribution (worst relative error seen 6e-13)', () => {
    expect(worst(golden.normal_cdf.map(([x, want]: number[]) => [normalCdf(x), want]))).toBeLessThan(1e-12);
    expect(worst(golden.normal_quantile.map(([p, want]: number[]) => [normalQuantile(p), want]))).toBeLessThan(1e-12);
  });
  it("Student's t distribution", () => {
    expect(worst(golden.student_cdf.map(([x, f, want]: number[]) => [studentCdf(x, f), want]))).toBeLessThan(1e-11);
    expect(worst(golden.student_quantile.map(([p, f, want]: number[]) => [studentQuantile(p, f), want]))).toBeLessThan(
      1e-11,
    );
  });
  it('log Γ', () => {
    expect(
      worst(
        golden.log_gamma.map(([x, want]: number[]) => [logGamma(x), want]),
        1,
      ),
    ).toBeLessThan(1e-13);
  });
  it("Wilson's interval", () => {
    const rows = golden.wilson as number[][];
    const pairs = rows.flatMap(([count, n, level, low, high]) => {
      const got = wilsonProportion(count, n, level);
      return [
        [got.low!, low],
        [got.high!, high],
      ] as [number, number][];
    });
    expect(worst(pairs, 1)).toBeLessThan(1e-13);
  });
  it('sign test', () => {
    expect(worst(golden.sign_test.map(([w, l, want]: number[]) => [signTest(w, l)!, want]))).toBeLessThan(1e-11);
  });
  it("Holm's adjustment", () => {
    for (const [p, want] of golden.holm)
      for (const [at, got] of holm(p).entries()) expect(got).toBeCloseTo(want[at], 14);
  });
  it('paired permutation test, all patterns', () => {
    const [[differences, want]] = golden.paired_permutation;
    expect(pairedPermutationTest(differences, { random: new RandomStream(1) })).toBeCloseTo(want, 12);
  });
  it('correlation, area under the curve, log-sum-exp', () => {
    expect(pearson(golden.pearson[0][0], golden.pearson[0][1]).value).toBeCloseTo(golden.pearson[0][2], 14);
    expect(auc(golden.auc[0][0], golden.auc[0][1]).value).toBeCloseTo(golden.auc[0][2], 14);
    expect(logSumExp(golden.log_sum_exp[0][0])).toBeCloseTo(golden.log_sum_exp[0][1], 11);
  });
});

describe.each(
  golden.bootstrap as {
    name: string;
    values: number[];
    distribution: number[];
    percentile: number[];
    BCa: number[];
    BCa_200000: number[];
  }[],
)('bootstrap of $name values', ({ values, distribution, percentile, BCa, BCa_200000 }) => {
  it("scipy's percentile interval on scipy's own resamples", () => {
    const { low, high } = percentileInterval(distribution, 0.95);
    expect(
      worst([
        [low, percentile[0]],
        [high, percentile[1]],
      ]),
    ).toBeLessThan(1e-12);
  });
  it("scipy's BCa interval on scipy's own resamples", () => {
    const { low, high } = bcaInterval(distribution, values, 0.95)!;
    expect(
      worst([
        [low, BCa[0]],
        [high, BCa[1]],
      ]),
    ).toBeLessThan(1e-10);
  });
  it('our resamples give the same BCa interval within Monte-Carlo error (2% of its width)', () => {
    const rows = values.map((value, at) => ({ topicId: `t${at}`, value }));
    const got = meanOverTopics(rows, { random: new RandomStream('golden'), method: 'bca', resamples: 40_000 });
    const width = BCa_200000[1] - BCa_200000[0];
    expect(Math.abs(got.low! - BCa_200000[0])).toBeLessThan(0.02 * width);
    expect(Math.abs(got.high! - BCa_200000[1])).toBeLessThan(0.02 * width);
  });
});
