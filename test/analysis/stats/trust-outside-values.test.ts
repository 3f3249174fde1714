import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  confusionTable,
  judgeNoise,
  krippendorffAlpha,
  meanWithJudgeError,
  raterDifference,
  spearman,
  weightedKappa,
} from '../../../src/analysis/stats';
import { RandomStream } from '../../../src/core';

// Made by make_trust_golden.py with scipy, scikit-learn, krippendorff, ppi-python and statsmodels.
const golden = JSON.parse(readFileSync(join(__dirname, 'trust-golden.json'), 'utf8'));
const random = new RandomStream('trust golden');
const few = { random, resamples: 100 };

describe("scikit-learn's kappa and confusion matrix", () => {
  it('three scales', () => expect(golden.kappa.length).toBe(3));
  it.each(['none', 'linear', 'quadratic'] as const)('weights %s', (weights) => {
    for (const one of golden.kappa)
      expect(weightedKappa(one, { ...few, weights }).estimate).toBeCloseTo(one[weights], 12);
  });
  it("the table, its totals, and statsmodels' Wilson interval of agreement", () => {
    for (const one of golden.kappa) {
      const got = confusionTable<number>(one);
      expect(got.counts).toEqual(one.table);
      expect(got.leftTotals).toEqual(one.table.map((row: number[]) => row.reduce((sum, count) => sum + count, 0)));
      expect(got.agreementPerItem.low).toBeCloseTo(one.agreement_wilson[0], 10);
      expect(got.agreementPerItem.high).toBeCloseTo(one.agreement_wilson[1], 10);
    }
  });
});

describe("the krippendorff package's alpha with missing values and 2 to 5 raters", () => {
  it('four tables', () => expect(golden.alpha.length).toBe(4));
  it.each(['nominal', 'ordinal', 'interval'] as const)('%s', (metric) => {
    for (const one of golden.alpha)
      expect(krippendorffAlpha(one.ratings, { ...few, metric }).estimate).toBeCloseTo(one[metric], 12);
  });
});

it("scipy's spearmanr with ties", () => {
  expect(golden.spearman.length).toBe(2);
  for (const { left, right, value } of golden.spearman)
    expect(spearman(left, right, few).estimate).toBeCloseTo(value, 12);
});

describe("scipy's bootstrap over items", () => {
  const { left, right } = golden.spearman[1];
  const got = {
    spearman: (method: 'bca' | 'percentile') => spearman(left, right, { random, method, resamples: 20_000 }),
    kappa: (method: 'bca' | 'percentile') =>
      weightedKappa<number>(golden.kappa[1], { random, method, resamples: 20_000, weights: 'quadratic' }),
  };
  it.each([
    ['spearman', 'BCa', 'bca'],
    ['spearman', 'percentile', 'percentile'],
    ['kappa', 'BCa', 'bca'],
    ['kappa', 'percentile', 'percentile'],
  ] as const)('%s, %s, within a 20th of the width', (name, theirs, method) => {
    const [low, high] = golden.bootstrap[name][theirs];
    const ours = got[name](method);
    expect(Math.abs(ours.low! - low)).toBeLessThan(0.05 * (high - low));
    expect(Math.abs(ours.high! - high)).toBeLessThan(0.05 * (high - low));
  });
});

describe('difference of two raters', () => {
  const { left, right, mean, low, high, sd, lower, upper, clustered } = golden.difference;
  const got = raterDifference(left, right);
  it("scipy's t interval of the mean, numpy's standard deviation, the limits at ±1.96 of it", () => {
    expect(got.mean.estimate).toBeCloseTo(mean, 12);
    expect(got.mean.low).toBeCloseTo(low, 10);
    expect(got.mean.high).toBeCloseTo(high, 10);
    expect(got.standardDeviation).toBeCloseTo(sd, 12);
    expect(got.lower.estimate).toBeCloseTo(lower, 10);
    expect(got.upper.estimate).toBeCloseTo(upper, 10);
  });
  it("statsmodels' cluster-robust interval where items share topics", () => {
    const { mean: own } = raterDifference(left, right, { clusters: clustered.clusters });
    // statsmodels' small-sample factor is C/(C − 1)·(n − 1)/(n − 1) for an intercept: the same.
    expect(own.low).toBeCloseTo(clustered.low, 10);
    expect(own.high).toBeCloseTo(clustered.high, 10);
  });
});

describe('ppi-python on 600 judged and 150 labelled texts', () => {
  const { judge, human, points, intervals, tuned } = golden.ppi;
  const texts = (judge as number[]).map((judged, at) => ({
    topicId: `t${String(at).padStart(4, '0')}`,
    judged,
    human: (human[at] ?? null) as number | null,
  }));
  it.each([0, 1, 2])('point of a given weight (case %i), and the interval within 3% of the width', (at) => {
    const [lambda, point] = points[at];
    const { corrected } = meanWithJudgeError(texts, { ...few, lambda });
    const [, low, high] = intervals[at];
    expect(corrected.estimate).toBeCloseTo(point, 12);
    expect(Math.abs(corrected.low! - low)).toBeLessThan(0.03 * (high - low));
    expect(Math.abs(corrected.high! - high)).toBeLessThan(0.03 * (high - low));
  });
  it('the tuned weight: point and interval within 3% of the width', () => {
    const { corrected } = meanWithJudgeError(texts, few);
    const width = tuned.high - tuned.low;
    expect(Math.abs(corrected.estimate! - tuned.point)).toBeLessThan(0.03 * width);
    expect(Math.abs(corrected.low! - tuned.low)).toBeLessThan(0.03 * width);
    expect(Math.abs(corrected.high! - tuned.high)).toBeLessThan(0.03 * width);
  });
});

it("judge noise of a balanced nested design: statsmodels' mean squares, scipy's t", () => {
  const { values, mean, judgements, texts, topics, error, low, high, share } = golden.noise;
  const rows = (values as number[][][]).flatMap((own, t) =>
    own.flatMap((repeats, m) => repeats.map((value) => ({ topicId: `t${t}`, textId: `t${t} ${m}`, value }))),
  );
  const got = judgeNoise(rows, few);
  expect(got.overTopics.estimate).toBeCloseTo(mean, 10);
  expect(got.spread.judgements).toBeCloseTo(judgements, 10);
  expect(got.spread.texts).toBeCloseTo(texts, 10);
  expect(got.spread.topics).toBeCloseTo(topics, 10);
  expect(got.standardError).toBeCloseTo(error, 10);
  expect(got.noiseShare).toBeCloseTo(share, 10);
  expect(got.forTheseTexts.low).toBeCloseTo(low, 10);
  expect(got.forTheseTexts.high).toBeCloseTo(high, 10);
});
