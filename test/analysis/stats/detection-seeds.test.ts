import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DETECTION_MEASURES,
  type DetectionMeasure,
  type DetectionOverSeeds,
  detection,
  detectionOverSeeds,
  type Estimate,
  type SeedJudgedAnswer,
  seedsAndTopics,
} from '../../../src/analysis/stats';
import { studentQuantile } from '../../../src/analysis/stats/distributions';
import { ConfigError, DataError, RandomStream } from '../../../src/core';

const options = { random: new RandomStream('detection over seeds'), resamples: 200 };
const over = (rows: readonly SeedJudgedAnswer[]) => detectionOverSeeds(rows, options);
/** The value of a measure of these answers alone; so many topics are asked for that nothing is resampled. */
const alone = (rows: readonly SeedJudgedAnswer[], measure: DetectionMeasure) =>
  detection(rows, { ...options, minTopics: 1000 })[measure].estimate!;
const z95 = (degrees: number) => studentQuantile(0.975, degrees);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** 3 to 5 seeds by 8 to 10 topics, each asked one right claim and two wrong ones. */
const answers = fc
  .record({ seeds: fc.integer({ min: 3, max: 5 }), topics: fc.integer({ min: 8, max: 10 }), salt: fc.integer() })
  .map(({ seeds, topics, salt }) => tableOf(seeds, topics, salt));
function tableOf(seeds: number, topics: number, salt: number): SeedJudgedAnswer[] {
  const random = new RandomStream(salt);
  return Array.from({ length: seeds }, (_, seed) => {
    const lean = 0.2 * random.uniform();
    return Array.from({ length: topics }, (__, topic) =>
      [true, false, false].map((userIsRight) => ({
        ...{ seed, topicId: `t${topic}`, userIsRight },
        saysCorrect: (userIsRight ? 0.4 : 0.1) + lean + 0.3 * random.uniform(),
      })),
    ).flat();
  }).flat();
}
const check = (law: (rows: SeedJudgedAnswer[]) => boolean) =>
  fc.assert(fc.property(answers, law), { numRuns: 40, seed: 5 });
/** Largest difference seen in these laws: 2.7e-15. */
const close = (a: number | null, b: number | null) => Math.abs(a! - b!) <= 1e-13;
const alike = (a: Estimate, b: Estimate) =>
  a.reason === b.reason && close(a.estimate, b.estimate) && close(a.low, b.low) && close(a.high, b.high);
const allAlike = (a: DetectionOverSeeds, b: DetectionOverSeeds) =>
  DETECTION_MEASURES.every((measure) => alike(a[measure], b[measure]));
const negated = (one: Estimate): Estimate => ({ ...one, estimate: -one.estimate!, low: -one.high!, high: -one.low! });

describe('detection over seeds', () => {
  it('of one seed is the detection of its answers, intervals and all', () => {
    const rows = tableOf(1, 12, 3);
    expect(over(rows)).toMatchObject(detection(rows, options));
    expect(over(rows).dPrime.method).toContain('bootstrap over topics');
  });
  it('the order of rows, the numbers of the seeds and the names of the topics do not matter', () =>
    check((rows) => {
      const renamed = rows.map((row) => ({
        ...row,
        seed: 40 - 7 * row.seed,
        topicId: `${9 - Number(row.topicId[1])}`,
      }));
      return allAlike(over([...rows].reverse()), over(rows)) && allAlike(over(renamed), over(rows));
    }));
  it('an estimate is the mean of what each seed has alone, which is given too', () =>
    check((rows) => {
      const got = over(rows);
      return DETECTION_MEASURES.every((measure) => {
        const each = got.bySeed.map(({ seed, measures }) => {
          const own = rows.filter((row) => row.seed === seed);
          return close(measures[measure], alone(own, measure)) ? alone(own, measure) : Number.NaN;
        });
        return close(got[measure].estimate, mean(each));
      });
    }));
  it('rates have the interval of the means of their cells, where every topic has as many claims', () =>
    check((rows) => {
      const got = over(rows);
      const cells: Partial<Record<DetectionMeasure, (row: SeedJudgedAnswer) => number | null>> = {
        falsePositivesPerNegative: (row) => (row.userIsRight ? null : row.saysCorrect),
        falseNegativesPerPositive: (row) => (row.userIsRight ? 1 - row.saysCorrect : null),
        falsePositivesPerAll: (row) => (row.userIsRight ? 0 : row.saysCorrect),
        accuracy: (row) => (row.userIsRight ? row.saysCorrect : 1 - row.saysCorrect),
      };
      return Object.entries(cells).every(([measure, value]) => {
        const crossed = seedsAndTopics(
          rows.map((row) => ({ ...row, value: value(row) })),
          { range: [0, 1] },
        );
        return alike(got[measure as DetectionMeasure], crossed);
      });
    }));
  it("d′ and criterion have the crossed interval of a jackknife by hand: seeds' own values, topics left out in turn", () =>
    check((rows) => {
      const seeds = [...new Set(rows.map(({ seed }) => seed))];
      const topics = [...new Set(rows.map(({ topicId }) => topicId))];
      const [S, T] = [seeds.length, topics.length];
      const got = over(rows);
      return (['dPrime', 'criterion'] as const).every((measure) => {
        const each = seeds.map((seed) =>
          alone(
            rows.filter((row) => row.seed === seed),
            measure,
          ),
        );
        const without = topics.map((left) =>
          mean(
            seeds.map((seed) =>
              alone(
                rows.filter((row) => row.seed === seed && row.topicId !== left),
                measure,
              ),
            ),
          ),
        );
        const fromSeeds = each.reduce((sum, value) => sum + (value - mean(each)) ** 2, 0) / (S - 1) / S;
        const fromTopics = (without.reduce((sum, value) => sum + (value - mean(without)) ** 2, 0) * (T - 1)) / T;
        const variance = fromSeeds + fromTopics;
        const degrees = variance ** 2 / (fromSeeds ** 2 / (S - 1) + fromTopics ** 2 / (T - 1));
        const half = z95(degrees) * Math.sqrt(variance);
        return close(got[measure].low, mean(each) - half) && close(got[measure].high, mean(each) + half);
      });
    }));
  it('turning all answers around negates d′ and criterion', () =>
    check((rows) => {
      const [a, b] = [over(rows), over(rows.map((row) => ({ ...row, saysCorrect: 1 - row.saysCorrect })))];
      return alike(b.dPrime, negated(a.dPrime)) && alike(b.criterion, negated(a.criterion));
    }));
  it('seeds that differ more make wider intervals', () =>
    check((rows) => {
      const width = (by: number) => {
        const apart = rows.map((row) => ({ ...row, saysCorrect: row.saysCorrect + by * (row.seed % 2 ? 1 : -1) }));
        const { low, high } = over(apart).criterion;
        return high! - low!;
      };
      return width(0.09) > width(0.05);
    }));
});

const rows = tableOf(3, 10, 11);
const withAnswers = (answer: (row: SeedJudgedAnswer) => number) =>
  over(rows.map((row) => ({ ...row, saysCorrect: answer(row) })));

describe('without an interval there is a reason', () => {
  it('two seeds, or few topics', () => {
    const two = over(rows.filter(({ seed }) => seed < 2));
    expect(two.dPrime).toMatchObject({ low: null, reason: '2 of the 3 seeds that an interval over seeds needs' });
    expect(two.dPrime.estimate).not.toBeNull();
    const few = over(rows.filter(({ topicId }) => topicId < 't4'));
    for (const measure of DETECTION_MEASURES)
      expect(few[measure].reason).toBe('4 of the 8 topics that an interval needs');
  });
  it('a seed that answers one kind of claim with certainty: its d′ rests on the correction alone, its rates do not', () => {
    const got = withAnswers((row) => (row.seed === 1 && !row.userIsRight ? 0 : row.saysCorrect));
    expect(got.dPrime.reason).toBe(
      'answers to wrong claims are 0 or 1 on all topics for 1 of 3 seeds, so that the size rests on the correction',
    );
    expect(got.criterion.low).toBeNull();
    expect(got.falsePositivesPerNegative.low).not.toBeNull();
  });
  it('answers that are all alike', () => {
    const got = withAnswers((row) => (row.userIsRight ? row.saysCorrect : 0.5));
    expect(got.falsePositivesPerNegative.reason).toBe('all 3 seeds and 10 topics have the same value');
    expect(got.dPrime.reason).toBe('answers to wrong claims are the same for all seeds and topics');
    expect(got.balancedAccuracy.low).not.toBeNull();
    expect(withAnswers(() => 0.3).balancedAccuracy.reason).toBe('all 3 seeds and 10 topics have the same value');
  });
  it('no wrong claim, no shared topic, no rows', () => {
    const right = over(rows.filter(({ userIsRight }) => userIsRight));
    expect(right.dPrime).toMatchObject({ estimate: null, n: 0, reason: 'there is no claim that is wrong' });
    expect(right.accuracy.low).not.toBeNull();
    const apart = over(rows.map((row) => ({ ...row, topicId: `${row.topicId} ${row.seed}` })));
    expect(apart.accuracy.reason).toBe('no topic has the same kinds of claims for all 3 seeds');
    expect(apart.topicsLeftOut).toBe(30);
    expect(over([]).dPrime.reason).toBe('there are no rows');
  });
  it('all wrong claims on one topic', () => {
    const got = over(rows.filter(({ userIsRight, topicId }) => userIsRight || topicId === 't3'));
    expect(got.falsePositivesPerAll.reason).toBe('one topic alone has all claims that are wrong');
    expect(got.dPrime.reason).toBe('1 of the 8 topics that an interval needs');
  });
});

it('a topic that lacks a kind of claim for one seed enters nothing, and is counted', () => {
  const lacking = rows.filter(({ seed, topicId, userIsRight }) => !(seed === 2 && topicId === 't4' && userIsRight));
  const got = over(lacking);
  expect([got.topicsLeftOut, got.positives, got.negatives, got.accuracy.n]).toEqual([1, 27, 54, 9]);
  expect(allAlike(got, over(rows.filter(({ topicId }) => topicId !== 't4')))).toBe(true);
});
it('n counts topics that hold the kind of claim divided by', () => {
  const got = over(rows.filter(({ userIsRight, topicId }) => userIsRight || topicId !== 't0'));
  expect([got.falsePositivesPerNegative.n, got.falseNegativesPerPositive.n, got.accuracy.n, got.dPrime.n]).toEqual([
    9, 10, 10, 9,
  ]);
  expect(got.dPrime.seeds).toBe(3);
});
it('an answer outside 0 to 1 names its topic, faulty options are named', () => {
  expect(() => over([{ ...rows[0], saysCorrect: 2 }])).toThrow(DataError);
  expect(() => over([{ ...rows[0], saysCorrect: 2 }])).toThrow(/detectionOverSeeds: .*got 2 \(topic t0\)/);
  expect(() => detectionOverSeeds(rows, { ...options, minSeeds: 1 })).toThrow(ConfigError);
  expect(() => detectionOverSeeds(rows, { ...options, level: 0 })).toThrow(/level must lie between 0 and 1, got 0/);
});
