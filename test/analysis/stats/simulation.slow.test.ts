import { describe, expect, it } from 'vitest';
import {
  meanOverTopics,
  pairedDifference,
  pairedPermutationTest,
  signTest,
  type TopicValue,
  wilsonProportion,
} from '../../../src/analysis/stats';
import { RandomStream } from '../../../src/core';

const repeats = 2000;
const topics = 40;
const resamples = 800;

/** Share of `repeats` seeded data sets whose 95% interval holds the truth. */
function coverage(
  name: string,
  truth: number,
  estimate: (random: RandomStream) => { low: number | null; high: number | null },
) {
  const random = new RandomStream(`coverage ${name}`);
  let held = 0;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const { low, high } = estimate(random.fork(repeat));
    if (low !== null && high !== null && low <= truth && truth <= high) held++;
  }
  return held / repeats;
}
const errorOf = (share: number) => 2 * Math.sqrt((share * (1 - share)) / repeats);
function expectCoverage(share: number) {
  expect(share).toBeGreaterThan(0.935 - errorOf(0.935));
  expect(share).toBeLessThan(0.965 + errorOf(0.965));
}

const normals = (random: RandomStream): TopicValue[] =>
  Array.from({ length: topics }, (_, at) => ({ topicId: `t${at}`, value: 3 + 2 * random.normal() }));
/** Whole scores 0 to 10, skewed to the low end as a judge's are: P(score ≥ k) = 1 − √(k/11). */
const scores = (random: RandomStream): TopicValue[] =>
  Array.from({ length: topics }, (_, at) => ({ topicId: `t${at}`, value: Math.floor(11 * random.uniform() ** 2) }));
const scoreMean = Array.from({ length: 10 }, (_, k) => 1 - Math.sqrt((k + 1) / 11)).reduce((sum, p) => sum + p, 0);

// Seen, in this order: 95.6, 93.8, 94.4, 94.9, 93.8, 94.1, 95.2%.
describe(`95% intervals at ${topics} topics cover 93.5 to 96.5%, within Monte-Carlo error`, () => {
  it.each([
    ['expanded-percentile', 'normal', normals, 3],
    ['expanded-percentile', 'score', scores, scoreMean],
    ['percentile', 'score', scores, scoreMean],
    ['bca', 'score', scores, scoreMean],
    ['bca', 'normal', normals, 3],
  ] as const)('%s, %s values', (method, name, draw, truth) => {
    const share = coverage(`${method} ${name}`, truth, (random) =>
      meanOverTopics(draw(random), { random, method, resamples }),
    );
    expectCoverage(share);
  });
  it('several rows a topic, with more variation between topics than within', () => {
    const share = coverage('clustered', 0, (random) => {
      const rows = Array.from({ length: topics }, (_, at) => ({ topicId: `t${at}`, centre: random.normal() }));
      const values = rows.flatMap(({ topicId, centre }) =>
        [0, 1, 2].map(() => ({ topicId, value: centre + 0.5 * random.normal() })),
      );
      return meanOverTopics(values, { random, resamples });
    });
    expectCoverage(share);
  });
  it('paired difference, with a topic effect that both sides share', () => {
    const share = coverage('paired', -0.5, (random) => {
      const centres = Array.from({ length: topics }, () => 3 * random.normal());
      const side = (shift: number) =>
        centres.map((centre, at) => ({ topicId: `t${at}`, value: centre + shift + random.normal() }));
      return pairedDifference(side(-0.5), side(0), { random, resamples });
    });
    expectCoverage(share);
  });
});

it('Wilson intervals cover 95% of 96 trials on average over shares from .05 to .95, exactly computed', () => {
  const shares = Array.from({ length: 91 }, (_, at) => 0.05 + at / 100);
  const mean =
    shares.reduce((sum, p) => {
      let [held, chance] = [0, (1 - p) ** 96];
      for (let k = 0; k <= 96; k++) {
        const { low, high } = wilsonProportion(k, 96);
        if (low! <= p && p <= high!) held += chance;
        chance *= ((96 - k) / (k + 1)) * (p / (1 - p));
      }
      return sum + held;
    }, 0) / shares.length;
  expect(mean).toBeGreaterThan(0.945);
  expect(mean).toBeLessThan(0.955);
});

describe('a test at 5% rejects a true null in at most 5%, within Monte-Carlo error', () => {
  const null5 = 0.05 + 2 * Math.sqrt((0.05 * 0.95) / 2000);
  it('paired permutation, skewed symmetric differences, 12 pairs (all patterns) and 40 pairs (sampled)', () => {
    for (const [pairs, runs] of [
      [12, 400],
      [40, 2000],
    ]) {
      const random = new RandomStream(`level ${pairs}`);
      let rejected = 0;
      for (let run = 0; run < runs; run++) {
        const differences = Array.from({ length: pairs }, () => random.normal() ** 3);
        if (pairedPermutationTest(differences, { random: random.fork(run), permutations: 199 })! <= 0.05) rejected++;
      }
      const limit = 0.05 + 2 * Math.sqrt((0.05 * 0.95) / runs);
      expect(rejected / runs).toBeLessThan(limit);
      expect(rejected / runs).toBeGreaterThan(0.02);
    }
  });
  it('sign test, 30 pairs', () => {
    const random = new RandomStream('sign level');
    let rejected = 0;
    for (let run = 0; run < 2000; run++) {
      const wins = Array.from({ length: 30 }, () => random.below(2)).reduce((sum, win) => sum + win, 0);
      if (signTest(wins, 30 - wins)! <= 0.05) rejected++;
    }
    expect(rejected / 2000).toBeLessThan(null5);
  });
});
