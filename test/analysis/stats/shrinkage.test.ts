import { describe, expect, it } from 'vitest';
import { shrinkToMean } from '../../../src/analysis/stats';
import { RandomStream } from '../../../src/core';

// Efron and Morris 1975, table 1: batting averages of 18 players after 45 at bats, as transformed there, unit variance.
const X = [
  -1.35, -1.66, -1.97, -2.28, -2.6, -2.6, -2.92, -3.26, -3.6, -3.6, -3.95, -3.95, -3.95, -3.95, -3.95, -4.32, -4.7,
  -5.1,
];
const noisy = (values: readonly number[], standardError: number) =>
  values.map((estimate, i) => ({ name: `${i}`, estimate, standardError }));

describe('estimates drawn toward their mean', () => {
  it('keep the share that Efron and Morris print for their baseball data, .209', () => {
    const [first] = shrinkToMean(noisy(X, 1));
    expect(first.kept).toBeCloseTo(0.209, 2);
  });

  it('stay where there is no noise, and fall together where there is nothing but noise', () => {
    expect(shrinkToMean(noisy(X, 0)).map(({ shrunk }) => shrunk)).toEqual(X.map((x) => expect.closeTo(x, 10)));
    const all = shrinkToMean(noisy(X, 50));
    for (const { shrunk, kept } of all) {
      expect(kept).toBe(0);
      expect(shrunk).toBeCloseTo(X.reduce((sum, x) => sum + x, 0) / X.length, 10);
    }
  });

  it('keep their mean and their order', () => {
    const all = shrinkToMean(noisy(X, 0.8));
    const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(mean(all.map(({ shrunk }) => shrunk))).toBeCloseTo(mean(X), 10);
    for (let i = 1; i < all.length; i++) expect(all[i].shrunk).toBeLessThanOrEqual(all[i - 1].shrunk);
  });

  it('come nearer to the truth than the estimates, in squared error over 2,000 draws of ten', () => {
    const random = new RandomStream(1);
    let plain = 0;
    let drawn = 0;
    for (let run = 0; run < 2000; run++) {
      const truth = Array.from({ length: 10 }, () => random.normal());
      const seen = truth.map((value) => value + random.normal());
      shrinkToMean(noisy(seen, 1)).forEach(({ shrunk }, i) => {
        plain += (seen[i] - truth[i]) ** 2;
        drawn += (shrunk - truth[i]) ** 2;
      });
    }
    // The best linear rule halves it here; with an estimated share a little less is gained.
    expect(drawn / plain).toBeLessThan(0.68);
    expect(drawn / plain).toBeGreaterThan(0.45);
  });

  it('are given back as they are when there are three or fewer', () => {
    expect(shrinkToMean(noisy([1, 2, 9], 5)).map(({ shrunk }) => shrunk)).toEqual([1, 2, 9]);
    expect(shrinkToMean([])).toEqual([]);
  });

  it('are refused with an error that is no number', () => {
    expect(() => shrinkToMean([{ name: 'w1', estimate: 1, standardError: Number.NaN }])).toThrow(/finite.*w1/);
  });
});
