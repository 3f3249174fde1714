import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Detection,
  detection,
  riseAtEdge,
  seedsAndTopics,
  seedsAndTopicsDifference,
} from '../../../src/analysis/stats';
import { bcaIntervalOf } from '../../../src/analysis/stats/bootstrap';
import { RandomStream } from '../../../src/core';

// Made by make_design_golden.py with scipy, statsmodels and scikit-learn.
const golden = JSON.parse(readFileSync(join(__dirname, 'design-golden.json'), 'utf8'));
const random = new RandomStream('design golden');
const rowsOf = (values: number[][]) =>
  values.flatMap((row, seed) => row.map((value, topic) => ({ seed, topicId: `t${topic}`, value })));

interface MeasureGolden {
  value: number;
  without_each: number[];
  distribution: number[];
  BCa: [number, number];
  BCa_many: [number, number];
  percentile_many: [number, number];
}
type Measure = Exclude<keyof Detection, 'positives' | 'negatives'>;
const measures = Object.entries(golden.detection.measures) as [Measure, MeasureGolden][];

describe('detection of 11 topics with unequal numbers of claims', () => {
  const rows = (golden.detection.rows as number[][]).map(([topic, right, yes]) => ({
    topicId: `t${topic}`,
    userIsRight: right === 1,
    saysCorrect: yes,
  }));
  const percentile = detection(rows, { random, method: 'percentile', resamples: 40_000 });
  const bca = detection(rows, { random, method: 'bca', resamples: 40_000 });
  it('has the seven measures', () => expect(measures.length).toBe(7));
  it.each(measures)("%s: scikit-learn's value (d′ and criterion: scipy's normal quantiles)", (measure, want) => {
    expect(percentile[measure].estimate).toBeCloseTo(want.value, 12);
  });
  it.each(measures)("%s: scipy's BCa interval on scipy's own resamples", (_, want) => {
    const { low, high } = bcaIntervalOf(want.distribution, want.value, want.without_each, 0.95)!;
    expect(low).toBeCloseTo(want.BCa[0], 9);
    expect(high).toBeCloseTo(want.BCa[1], 9);
  });
  it.each(measures)(
    '%s: our resamples of topics give both intervals of scipy within a 25th of the width',
    (measure, want) => {
      for (const [got, [low, high]] of [
        [percentile[measure], want.percentile_many],
        [bca[measure], want.BCa_many],
      ] as const) {
        expect(Math.abs(got.low! - low)).toBeLessThan(0.04 * (high - low));
        expect(Math.abs(got.high! - high)).toBeLessThan(0.04 * (high - low));
      }
    },
  );
});

describe('seeds and topics', () => {
  it("mean squares of statsmodels' analysis of variance, Satterthwaite's degrees, scipy's t", () => {
    expect(golden.crossed.length).toBe(3);
    for (const { values, mean, low90, high90, error, degrees, p, rest, seeds } of golden.crossed) {
      const got = seedsAndTopics(rowsOf(values), { level: 0.9 });
      expect(got.estimate).toBeCloseTo(mean, 12);
      expect(got.low).toBeCloseTo(low90, 10);
      expect(got.high).toBeCloseTo(high90, 10);
      expect(got.standardError).toBeCloseTo(error, 12);
      expect(got.degrees).toBeCloseTo(degrees, 9);
      expect(got.spread!.rest).toBeCloseTo(rest, 12);
      expect(got.spread!.seeds).toBeCloseTo(seeds, 10);
      const zero = rowsOf(values.map((row: number[]) => row.map(() => 0)));
      expect(seedsAndTopicsDifference(rowsOf(values), zero).p).toBeCloseTo(p, 10);
    }
  });
  it.each(['seeds', 'topics'])("where only %s vary it is scipy's one-sample t interval over them", (what) => {
    const { values, low, high, p } = golden.one_sample as { values: number[]; low: number; high: number; p: number };
    const table = what === 'seeds' ? values.map((value) => values.map(() => value)) : [values, values, values];
    const zero = rowsOf(table.map((row) => row.map(() => 0)));
    const got = seedsAndTopicsDifference(rowsOf(table), zero);
    expect(got.low).toBeCloseTo(low, 10);
    expect(got.high).toBeCloseTo(high, 10);
    expect(got.p).toBeCloseTo(p, 10);
  });
});

it("the rise at an edge: numpy's mean difference and scipy's exact permutation p over 12 topics", () => {
  const { values, mean, p } = golden.rise as { values: number[][][]; mean: number; p: number };
  const rows = values.flatMap((topics, seed) =>
    topics.flatMap((labels, topic) =>
      labels.map((value, at) => ({ seed, topicId: `t${topic}`, percent: [0, 20, 40][at], value })),
    ),
  );
  const got = riseAtEdge({ rows, edge: 0, inside: [20, 40] }, { random });
  expect(got.overTopics.estimate).toBeCloseTo(mean, 12);
  expect(got.overSeeds.estimate).toBeCloseTo(mean, 12);
  expect(got.permutationP).toBeCloseTo(p, 12);
});
