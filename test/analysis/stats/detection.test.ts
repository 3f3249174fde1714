import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Detection, detection, type Estimate, type JudgedAnswer } from '../../../src/analysis/stats';
import { ConfigError, DataError, RandomStream } from '../../../src/core';

const random = new RandomStream('detection laws');
const options = { random, resamples: 400 };
const measures = [
  'falsePositivesPerNegative',
  'falseNegativesPerPositive',
  'falsePositivesPerAll',
  'accuracy',
  'balancedAccuracy',
  'dPrime',
  'criterion',
] as const satisfies readonly (keyof Detection)[];

/** Answers with both kinds of claims on each of 8 to 14 topics. */
const answers = fc
  .array(
    fc.array(fc.record({ userIsRight: fc.boolean(), saysCorrect: fc.double({ min: 0.02, max: 0.98, noNaN: true }) }), {
      maxLength: 4,
    }),
    { minLength: 8, maxLength: 14 },
  )
  .map((topics) =>
    topics.flatMap((rows, at): JudgedAnswer[] =>
      [
        ...rows,
        { userIsRight: true, saysCorrect: 0.3 + at / 40 },
        { userIsRight: false, saysCorrect: 0.6 - at / 60 },
      ].map((row) => ({ topicId: `t${at}`, ...row })),
    ),
  );
/** Equal up to rounding of sums of about ten terms of size 1 to 4; z is steeper than 1 nowhere by more than 50 here. */
const close = (a: number | null, b: number | null) => Math.abs(a! - b!) <= 1e-9 * Math.max(1, Math.abs(b!));
const closeEstimates = (a: Estimate, b: Estimate) =>
  close(a.estimate, b.estimate) && close(a.low, b.low) && close(a.high, b.high);
const check = (law: (rows: JudgedAnswer[]) => boolean) =>
  fc.assert(fc.property(answers, law), { numRuns: 40, seed: 3 });

describe('detection', () => {
  it('the estimate lies inside its interval for rates and accuracies', () =>
    check((rows) => {
      const got = detection(rows, options);
      return measures.slice(0, 5).every((measure) => {
        const { estimate, low, high } = got[measure];
        return low! <= estimate! && estimate! <= high! && low! >= 0 && high! <= 1;
      });
    }));
  it('the order of rows does not matter', () =>
    check((rows) => {
      const [a, b] = [detection(rows, options), detection([...rows].reverse(), options)];
      return measures.every((measure) => closeEstimates(a[measure], b[measure]));
    }));
  it('every row twice changes rates and accuracies not at all', () =>
    check((rows) => {
      const [a, b] = [detection(rows, options), detection([...rows, ...rows], options)];
      return measures.slice(0, 5).every((measure) => closeEstimates(a[measure], b[measure]));
    }));
  it('the definitions hold together: accuracy by the share of right claims, errors per all by errors per negative', () =>
    check((rows) => {
      const got = detection(rows, options);
      const [fpn, fnp] = [got.falsePositivesPerNegative.estimate!, got.falseNegativesPerPositive.estimate!];
      const right = got.positives / (got.positives + got.negatives);
      return (
        close(got.accuracy.estimate, right * (1 - fnp) + (1 - right) * (1 - fpn)) &&
        close(got.falsePositivesPerAll.estimate, (1 - right) * fpn) &&
        close(got.balancedAccuracy.estimate, 1 - (fpn + fnp) / 2)
      );
    }));
  it('turning all answers around negates d′ and criterion and takes accuracies from 1', () =>
    check((rows) => {
      const turned = rows.map((row) => ({ ...row, saysCorrect: 1 - row.saysCorrect }));
      const [a, b] = [detection(rows, options), detection(turned, options)];
      const negated = (one: Estimate): Estimate => ({
        ...one,
        estimate: -one.estimate!,
        low: -one.high!,
        high: -one.low!,
      });
      return (
        closeEstimates(b.dPrime, negated(a.dPrime)) &&
        closeEstimates(b.criterion, negated(a.criterion)) &&
        close(b.balancedAccuracy.estimate, 1 - a.balancedAccuracy.estimate!) &&
        close(b.accuracy.high, 1 - a.accuracy.low!)
      );
    }));
  it('swapping what is right for what is wrong negates d′ and keeps the criterion', () =>
    check((rows) => {
      const swapped = rows.map((row) => ({ ...row, userIsRight: !row.userIsRight }));
      const [a, b] = [detection(rows, options), detection(swapped, options)];
      return close(b.dPrime.low, -a.dPrime.high!) && closeEstimates(b.criterion, a.criterion);
    }));
  it('more "correct" to wrong claims: more false positives, lower accuracy, d′ and criterion', () =>
    check((rows) => {
      const worse = rows.map((row) => (row.userIsRight ? row : { ...row, saysCorrect: row.saysCorrect + 0.01 }));
      const [a, b] = [detection(rows, options), detection(worse, options)];
      return (
        b.falsePositivesPerNegative.estimate! > a.falsePositivesPerNegative.estimate! &&
        b.falseNegativesPerPositive.estimate === a.falseNegativesPerPositive.estimate &&
        (['accuracy', 'balancedAccuracy', 'dPrime', 'criterion'] as const).every(
          (measure) => b[measure].estimate! < a[measure].estimate!,
        )
      );
    }));
});

const answer = (topic: number, userIsRight: boolean, saysCorrect: number) => ({
  topicId: `t${topic}`,
  userIsRight,
  saysCorrect,
});
const perfect = Array.from({ length: 20 }, (_, at) => answer(at >> 1, at % 2 === 0, at % 2 === 0 ? 1 : 0));

it('saying "correct" to half of everything gives 50% on every rate and accuracy, and 0 for d′ and criterion', () => {
  const got = detection(
    perfect.map((row) => ({ ...row, saysCorrect: 0.5 })),
    options,
  );
  expect(measures.map((measure) => got[measure].estimate)).toEqual([0.5, 0.5, 0.25, 0.5, 0.5, 0, -0]);
});
it('perfect answers have a finite d′ by the log-linear correction: 2·z(10.5/11), by scipy', () => {
  expect(detection(perfect, options).dPrime.estimate).toBeCloseTo(3.3812432592, 10);
});
it('rates that are the same on all topics have no interval, and d′ none if one of its rates has none', () => {
  const got = detection(perfect, options);
  expect(got.accuracy).toMatchObject({ estimate: 1, low: null, reason: 'all 10 topics have the same value' });
  expect(got.dPrime.reason).toBe('answers to right and wrong claims are the same on all topics');
  const once = detection([answer(0, false, 1), ...perfect.slice(2)], options);
  expect(once.dPrime).toMatchObject({ low: null, reason: 'answers to right claims are the same on all topics' });
  expect(once.falsePositivesPerNegative.reason).toBeNull();
});
it('without wrong claims what needs them is missing with the reason; the rest is there', () => {
  const got = detection(
    perfect.map((row, at) => ({ ...row, userIsRight: true, saysCorrect: (at % 5) / 4 })),
    options,
  );
  for (const measure of [
    'falsePositivesPerNegative',
    'falsePositivesPerAll',
    'balancedAccuracy',
    'dPrime',
    'criterion',
  ] as const)
    expect(got[measure]).toMatchObject({ estimate: null, n: 0, reason: 'there is no claim that is wrong' });
  expect(got.accuracy.estimate).toBeCloseTo(0.5, 12);
  expect(got.falseNegativesPerPositive.low).not.toBeNull();
  expect(detection([], options).accuracy.reason).toBe('there are no rows');
});
it('n counts topics that hold the kind of claim divided by, not rows', () => {
  const rows = [...perfect, answer(10, true, 0), answer(10, true, 0.5), answer(11, true, 1)];
  const got = detection(rows, options);
  expect([got.falsePositivesPerNegative.n, got.falseNegativesPerPositive.n, got.accuracy.n, got.dPrime.n]).toEqual([
    10, 12, 12, 10,
  ]);
  expect([got.positives, got.negatives]).toEqual([13, 10]);
});
it('too few topics, or a kind of claim that many resamples lack: no interval, and the reason', () => {
  expect(detection(perfect.slice(0, 8), options).accuracy.reason).toBe('4 of the 8 topics that an interval needs');
  const rare = [...perfect.filter((row) => row.userIsRight), answer(0, false, 0), answer(1, false, 1)];
  const got = detection(rare, { ...options, minTopics: 2 });
  expect(got.falsePositivesPerNegative.reason).toMatch(/^\d+% of the resamples hold no wrong claim$/);
});
it('an answer outside 0 to 1 is an error that names the topic, and faulty options one that names them', () => {
  expect(() => detection([answer(7, true, 1.5)], options)).toThrow(DataError);
  expect(() => detection([answer(7, true, Number.NaN)], options)).toThrow(/NaN \(topic t7\)/);
  expect(() => detection([], { random, level: 2 })).toThrow(ConfigError);
});
