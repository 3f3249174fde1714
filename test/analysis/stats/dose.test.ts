import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changeOrSmooth,
  equalBins,
  isotonicFit,
  jonckheereTerpstra,
  type LabelTopicValue,
  labelInformation,
  monotonicity,
  pageTrend,
  powerOverSeeds,
  powerOverTopics,
  simultaneousBand,
  withinTopicSlope,
} from '../../../src/analysis/stats';
import { ConfigError, RandomStream } from '../../../src/core';

const random = new RandomStream('label laws');
const boot = { random, resamples: 200 };
const settings = { numRuns: 40, seed: 7 };
const value = fc.integer({ min: -400, max: 400 }).map((whole) => whole / 16);
const values = fc.array(value, { minLength: 8, maxLength: 24 });
/** [topics][labels]: 8 to 12 topics under 5 labels. */
const tables = fc.array(fc.array(value, { minLength: 5, maxLength: 5 }), { minLength: 8, maxLength: 12 });
const PERCENTS = [0, 20, 40, 70, 100];
const sweepOf = (table: readonly (readonly number[])[]): LabelTopicValue[] =>
  table.flatMap((row, t) => row.map((one, at) => ({ topicId: `t${t}`, percent: PERCENTS[at], value: one })));
const close = (a: number | null, b: number | null) =>
  a === null || b === null ? a === b : Math.abs(a - b) <= 1e-9 * (1 + Math.abs(b));
const law = <T>(of: fc.Arbitrary<T>, holds: (drawn: T) => boolean) => fc.assert(fc.property(of, holds), settings);

describe('isotonic fit', () => {
  const weighted = fc.array(fc.record({ value, weight: fc.integer({ min: 1, max: 9 }) }), {
    minLength: 1,
    maxLength: 15,
  });
  it('rises, keeps the weighted mean, is its own fit, and falling is the mirror', () =>
    law(weighted, (drawn) => {
      const [of, weights] = [drawn.map((one) => one.value), drawn.map(({ weight }) => weight)];
      const { fitted } = isotonicFit(of, { weights, direction: 'rising' });
      const falling = isotonicFit(
        of.map((one) => -one),
        { weights, direction: 'falling' },
      );
      const sum = (list: readonly number[]) => list.reduce((all, one, at) => all + weights[at] * one, 0);
      return (
        fitted.every((one, at) => at === 0 || one >= fitted[at - 1]) &&
        close(sum(fitted), sum(of)) &&
        isotonicFit(fitted, { weights, direction: 'rising' }).distance < 1e-12 &&
        falling.fitted.every((one, at) => close(one, -fitted[at]))
      );
    }));
  it('an equal weight is a repeated point', () => {
    const once = isotonicFit([3, 1, 2], { weights: [2, 1, 1], direction: 'rising' });
    const twice = isotonicFit([3, 3, 1, 2], { direction: 'rising' });
    expect(once.fitted).toEqual(twice.fitted.slice(1));
    expect(once.blocks).toEqual([{ from: 0, to: 2, value: 2.25, weight: 4 }]);
  });
});

describe('trends', () => {
  it("Page's p ignores what a topic does to all its labels, and any rising map within a topic", () =>
    law(tables, (table) => {
      const [base, moved] = [table, table.map((row, t) => row.map((one) => (one * 4) ** 3 + 7 * t))].map((of) =>
        pageTrend(sweepOf(of)),
      );
      return base.p === moved.p && base.statistic === moved.statistic;
    }));
  it('turning the labels around swaps rising and falling; two-sided stays', () =>
    law(tables, (table) => {
      const turned = table.map((row) => [...row].reverse());
      const p = (of: number[][], direction: 'rising' | 'falling' | 'either') => pageTrend(sweepOf(of), { direction }).p;
      return close(p(table, 'rising'), p(turned, 'falling')) && close(p(table, 'either'), p(turned, 'either'));
    }));
  it('perfect order gives correlation 1 and p = 1/(orders of each topic), multiplied', () => {
    const got = pageTrend(
      sweepOf([
        [1, 2, 3, 4, 5],
        [1, 3, 5, 7, 9],
      ]),
      { direction: 'rising' },
    );
    expect(got.meanCorrelation).toBeCloseTo(1, 12);
    expect(got.p).toBeCloseTo(1 / 120 ** 2, 12);
    expect(pageTrend(sweepOf([[1, 1, 1, 1, 1]]))).toMatchObject({
      p: null,
      reason: 'all 1 topics have one value under all labels',
    });
    expect(pageTrend([])).toMatchObject({ p: null, reason: 'no topic has a value under every label' });
  });
  it("Jonckheere and Terpstra's: order of values in a group does not matter, turning signs swaps rising and falling", () =>
    law(fc.tuple(values, values, values), (groups) => {
      const [base, shuffled, turned] = [
        jonckheereTerpstra(groups, { direction: 'rising' }),
        jonckheereTerpstra(
          groups.map((group) => [...group].reverse()),
          { direction: 'rising' },
        ),
        jonckheereTerpstra(
          groups.map((group) => group.map((one) => -one)),
          { direction: 'falling' },
        ),
      ];
      return (
        base.p === shuffled.p &&
        close(base.p, turned.p) &&
        close(base.rising, turned.rising === null ? null : -turned.rising)
      );
    }));
  it('of two groups it is the Mann-Whitney count; one group has no trend', () => {
    expect(
      jonckheereTerpstra(
        [
          [1, 2],
          [3, 4],
        ],
        { direction: 'rising' },
      ),
    ).toMatchObject({ statistic: 4, rising: 1, how: 'exact' });
    expect(
      jonckheereTerpstra(
        [
          [1, 2],
          [3, 4],
        ],
        { direction: 'rising' },
      ).p,
    ).toBeCloseTo(1 / 6, 14);
    expect(jonckheereTerpstra([[1, 2], []]).reason).toBe('1 of the 2 groups with values that a trend needs');
  });
});

describe('bands and steps', () => {
  it('a band is wider than each single interval, keeps the order of levels, and moves with a shift', () =>
    law(tables, (table) => {
      const of = (level: number, by = 0) =>
        simultaneousBand(sweepOf(table.map((row) => row.map((one) => one + by))), { ...boot, level });
      const [band, wide, moved] = [of(0.8), of(0.95), of(0.8, 4)];
      if (band.critical === null || wide.critical === null) return true;
      return (
        band.critical > 1.28 &&
        wide.critical >= band.critical &&
        band.points.every(({ low }, at) => low === null || Math.abs(moved.points[at].low! - low - 4) < 1e-6)
      );
    }));
  it('a label where all topics agree has no interval; the others do', () => {
    const got = simultaneousBand(sweepOf(Array.from({ length: 9 }, (_, t) => [1, t, t * t, 2 * t, Math.sin(t)])), boot);
    expect(got.points.map(({ low }) => low === null)).toEqual([true, false, false, false, false]);
    expect(got.points[0].reason).toBe('all 9 topics have the same value');
  });
  it('a band of probabilities ends at 0 and 1, and is elsewhere what it is without a range', () => {
    const near = (t: number) => (t % 4 === 0 ? 0.4 : 0) + 0.002 * t;
    const sure = sweepOf(
      Array.from({ length: 12 }, (_, t) => [near(t), 0.5 + 0.02 * (t % 5), 0.4 + 0.01 * t, 0.8, 1 - near(t)]),
    );
    const [free, cut] = [simultaneousBand(sure, boot), simultaneousBand(sure, { ...boot, range: [0, 1] })];
    expect(free.points[0].low!).toBeLessThan(0);
    expect(free.points[4].high!).toBeGreaterThan(1);
    expect([cut.points[0].low, cut.points[4].high]).toEqual([0, 1]);
    expect(cut.points[1]).toEqual(free.points[1]);
    expect(cut.points[2]).toEqual(free.points[2]);
    expect(cut.critical).toBe(free.critical);
    expect(() => simultaneousBand(sweepOf([[0, 1, 2, 3, 4]]), { ...boot, range: [0, 1] })).toThrow(ConfigError);
    expect(() => simultaneousBand(sweepOf([[0, 1, 2, 3, 4]]), { ...boot, range: [0, 1] })).toThrow(
      /0 to 1, got 0 to 4/,
    );
  });
  it('a topic that lacks a label enters nothing; without a whole topic all is missing', () => {
    const rows = sweepOf(Array.from({ length: 9 }, (_, t) => PERCENTS.map((p) => Math.sin(t + p))));
    const holed = rows.map((row) => (row.topicId === 't4' && row.percent === 40 ? { ...row, value: null } : row));
    expect(simultaneousBand(holed, boot)).toMatchObject({ topicsLeftOut: 1, missing: 1 });
    expect(simultaneousBand(holed, boot).points[0].n).toBe(8);
    expect(simultaneousBand([{ topicId: 'a', percent: 0, value: null }], boot).points[0].estimate).toBeNull();
  });
  it('a curve that rises throughout has no violation; a dip is found where it is, with its size', () => {
    const table = (dip: number) =>
      Array.from({ length: 12 }, (_, t) => [0, 1, 2 - dip, 3, 4].map((one, at) => one + Math.sin(5 * t + at) / 9 + t));
    const rising = monotonicity(sweepOf(table(0)), { ...boot, direction: 'rising' });
    expect(rising.steps.map(({ violation }) => violation)).toEqual([0, 0, 0, 0]);
    expect([rising.topicsMonotone, rising.fit!.distance]).toEqual([12, 0]);
    const dipped = monotonicity(sweepOf(table(3)), { ...boot, direction: 'rising' });
    expect(dipped.steps.map(({ isSure }) => isSure)).toEqual([false, true, false, false]);
    expect(dipped.steps[1]).toMatchObject({ from: 20, to: 40 });
    expect(dipped.steps[1].violation).toBeCloseTo(2, 0);
    expect(dipped.topicsMonotone).toBe(0);
    const falling = monotonicity(sweepOf(table(0).map((row) => row.map((one) => -one))), {
      ...boot,
      direction: 'falling',
    });
    expect(falling.topicsMonotone).toBe(12);
  });
});

describe('slope within topics', () => {
  it('what a topic does to all its labels drops out; scaling the value scales it; rows in any order', () =>
    law(tables, (table) => {
      const base = withinTopicSlope(sweepOf(table));
      const moved = withinTopicSlope(
        [...sweepOf(table.map((row, t) => row.map((one) => -3 * one + 50 * t)))].reverse(),
      );
      return (
        close(moved.estimate, -3 * base.estimate!) &&
        (base.low === null || Math.abs(moved.low! + 3 * base.high!) < 1e-9)
      );
    }));
  it('with the same labels for all it is the mean of the topics’ slopes with its t interval', () =>
    law(tables, (table) => {
      const centre = PERCENTS.reduce((sum, percent) => sum + percent, 0) / 5;
      const squares = PERCENTS.reduce((sum, percent) => sum + (percent - centre) ** 2, 0);
      const slopes = table.map((row) => row.reduce((sum, one, at) => sum + one * (PERCENTS[at] - centre), 0) / squares);
      const mean = slopes.reduce((sum, one) => sum + one, 0) / slopes.length;
      const variance = slopes.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (slopes.length - 1) / slopes.length;
      const got = withinTopicSlope(sweepOf(table));
      return close(got.estimate, mean) && (got.standardError === null || close(got.standardError, Math.sqrt(variance)));
    }));
  it('topics under one label are counted and left out; all slopes alike have no interval', () => {
    const rows = sweepOf(Array.from({ length: 9 }, (_, t) => PERCENTS.map((percent) => percent / 4 + t)));
    const got = withinTopicSlope([...rows, { topicId: 'one', percent: 20, value: 3 }]);
    expect(got).toMatchObject({ low: null, topicsLeftOut: 1, reason: 'all 9 topics have the same slope' });
    expect(got.estimate).toBeCloseTo(0.25, 12);
    expect(withinTopicSlope([]).reason).toBe('no topic has values under 2 labels');
  });
});

describe('information', () => {
  const rows = (behaviour: (topic: number, label: number, seed: number) => string | null, seeds = 1) =>
    Array.from({ length: 12 * 3 * seeds }, (_, at) => {
      const [topic, label, seed] = [at % 12, Math.floor(at / 12) % 3, Math.floor(at / 36)];
      return { topicId: `t${topic}`, label: `l${label}`, behaviour: behaviour(topic, label, seed) };
    });
  const ask = (of: ReturnType<typeof rows>) => labelInformation(of, { random, permutations: 199 });
  it('a label that decides the behaviour has log₂ of the labels, at the least p', () => {
    const got = ask(rows((_, label) => `b${label}`));
    expect(got.pooled!.plugIn).toBeCloseTo(Math.log2(3), 12);
    expect([got.pooled!.p, got.isBalanced]).toEqual([1 / 200, true]);
  });
  it('a behaviour that the topic decides has 0 bits, even where labels are repeated', () => {
    const got = ask(rows((topic) => `b${topic % 2}`, 2));
    expect(got.pooled!.plugIn).toBeCloseTo(0, 12);
    expect(got.withinTopic!.corrected).toBeCloseTo(0, 12);
    expect(got.pooled!.p).toBe(1);
  });
  it('labels that act one way on one topic and the other way on the next show within topics alone', () => {
    const got = ask(rows((topic, label) => `b${(topic + label) % 3}`, 3));
    expect(got.pooled!.plugIn).toBeCloseTo(0, 12);
    expect(got.withinTopic!.plugIn).toBeCloseTo(Math.log2(3), 12);
    expect(got.withinTopic!.p).toBe(1 / 200);
  });
  it('one row a label and topic says nothing within topics, and the reason is given', () => {
    const got = ask(rows((topic, label) => `b${(topic * label) % 2}`));
    expect([got.withinTopic, got.withinTopicReason]).toEqual([
      null,
      'every topic has each label once, which carries no information within a topic',
    ]);
  });
  it('topics that say the same in one cluster count once in the interval; a topic in two is refused', () => {
    const stream = new RandomStream('clusters');
    const likely = [0.25, 0.5, 0.75];
    const once = rows((_, label) => (stream.uniform() < likely[label] ? 'yes' : 'no'));
    const copies = ['a', 'b', 'c'].flatMap((copy) =>
      once.map((row) => ({ ...row, topicId: `${row.topicId} ${copy}`, cluster: row.topicId })),
    );
    const [clustered, apart] = [ask(copies), ask(copies.map((row) => ({ ...row, cluster: undefined })))];
    expect([clustered.interval.n, apart.interval.n, clustered.topics]).toEqual([12, 36, 36]);
    const width = ({ interval }: typeof apart) => interval.high! - interval.low!;
    expect(width(clustered)).toBeGreaterThan(1.4 * width(apart));
    expect(clustered.pooled).toEqual(apart.pooled);
    expect(() => ask([{ ...copies[0], cluster: 'elsewhere' }, ...copies.slice(1)])).toThrow(ConfigError);
  });
  it('names and the order of rows do not matter; a missing behaviour is counted', () => {
    const of = rows((topic, label, seed) => (topic === 3 && label === 1 ? null : `b${(topic + label * seed) % 2}`), 2);
    const got = ask(of);
    expect(ask([...of].reverse())).toEqual(got);
    expect([got.missing, got.n, got.isBalanced]).toEqual([2, 70, false]);
  });
  it('one label, one behaviour or nothing: null with the reason', () => {
    expect(ask(rows(() => 'same')).reason).toBe('one behaviour');
    expect(ask(rows((topic) => `b${topic}`).filter(({ label }) => label === 'l1')).reason).toBe('one label');
    expect(ask([]).reason).toBe('there are no rows');
  });
  it('equal bins hold about equally many, keep equal numbers together, and leave missing ones missing', () => {
    expect(equalBins([5, 1, 3, null, 2, 4, 6], 3)).toEqual([
      'bin 3',
      'bin 1',
      'bin 2',
      null,
      'bin 1',
      'bin 2',
      'bin 3',
    ]);
    expect(new Set(equalBins([0, 0, 0, 0, 0, 1], 3)).size).toBe(2);
    expect(() => equalBins([1], 1)).toThrow(ConfigError);
  });
});

describe('change or smooth', () => {
  const curve = (of: (percent: number) => number) =>
    sweepOf(
      Array.from({ length: 14 }, (_, t) =>
        PERCENTS.map((percent) => of(percent) + 3 * t + Math.sin(9 * t + percent) / 8),
      ),
    );
  const ask = (rows: LabelTopicValue[]) => changeOrSmooth(rows, { random, resamples: 200 });
  it('a step is segmented and found between its labels; a line is smooth and no step', () => {
    const step = ask(curve((percent) => (percent > 30 ? 2 : 0)));
    expect(step.preferred).toBe('segmented');
    expect(step.stepPlaces).toEqual([{ from: 20, to: 40, share: 1 }]);
    const line = ask(curve((percent) => percent / 20));
    expect(line.pOfSmooth).toBeGreaterThan(0.05);
    expect(line.preferred).not.toBe('segmented');
    const error = (name: string) => line.fits.find((fit) => fit.name === name)!.heldOutError;
    expect(error('line')).toBeLessThan(error('step'));
  });
  it('what a topic does to all its labels changes nothing', () => {
    const rows = curve((percent) => percent / 50);
    const moved = rows.map((row) => ({ ...row, value: row.value! + 4 * Number(row.topicId.slice(1)) }));
    const [base, other] = [ask(rows), ask(moved)];
    expect(other.pOfSmooth).toBeCloseTo(base.pOfSmooth!, 12);
    for (const [at, fit] of base.fits.entries()) expect(other.fits[at].heldOutError).toBeCloseTo(fit.heldOutError, 9);
  });
  it('few labels or topics: no p, and the reason', () => {
    const rows = curve((percent) => percent);
    expect(ask(rows.filter(({ percent }) => percent < 70)).reason).toBe(
      '3 of the 5 labels that tell a step from a slope',
    );
    expect(ask(rows.slice(0, 15)).reason).toBe('3 of the 8 topics that a test needs');
    expect(ask([]).reason).toBe('no topic has a value under every label');
  });
});

describe('power', () => {
  const pilot = [0.8, -0.3, 1.2, 0.4, -0.6, 0.9, 0.1, 0.5, -0.2, 1.1];
  const ask = (options: Partial<Parameters<typeof powerOverTopics>[1]> = {}) =>
    powerOverTopics(pilot, { random, test: 'signed-rank', runs: 150, maxTopics: 120, ...options });
  it('more power, a smaller effect or a stricter level needs more topics; the same stream gives the same plan', () => {
    const base = ask();
    expect(ask()).toEqual(base);
    expect(ask({ power: 0.95 }).topics).toBeGreaterThan(base.topics!);
    expect(ask({ effectFactor: 0.6 }).topics).toBeGreaterThan(base.topics!);
    expect(ask({ alpha: 0.005 }).topics).toBeGreaterThan(base.topics!);
    expect(base.topicsLow).toBeLessThanOrEqual(base.topics!);
    expect(base.topicsHigh).toBeGreaterThanOrEqual(base.topics!);
  });
  it('swapping the sides of the pilot plans as many topics', () => {
    const turned = powerOverTopics(
      pilot.map((one) => -one),
      { random, test: 'signed-rank', runs: 150, maxTopics: 120 },
    );
    expect(turned.topics).toBe(ask().topics);
  });
  it('no effect is reached by no number of topics, and the reason says how far it gets', () => {
    const got = ask({ effectFactor: 0, maxTopics: 40 });
    expect(got.topics).toBeNull();
    expect(got.reason).toMatch(/^40 topics reach a power of 0\.0\d, not 0\.8$/);
  });
  it('a pilot of three, or one that does not spread, plans nothing', () => {
    expect(powerOverTopics([1, 2, 3], { random }).reason).toBe('3 of the 5 pilot differences that a plan needs');
    expect(powerOverTopics([1, 1, 1, 1, 1], { random }).reason).toBe('all 5 pilot differences are the same');
    expect(() => ask({ power: 2, runs: 1 })).toThrow(/power must.*got 2; runs must.*got 1/);
  });
  it('over seeds: more seeds need fewer topics; where seeds differ, topics do not replace them', () => {
    const cells = (bySeed: number) =>
      Array.from({ length: 4 * 12 }, (_, at) => {
        const [seed, topic] = [at % 4, Math.floor(at / 4)];
        const value = 1 + bySeed * Math.cos(3 * seed) + Math.sin(7 * topic) + Math.sin(11 * topic + 5 * seed);
        return { seed, topicId: `t${topic}`, value };
      });
    const got = powerOverSeeds(cells(0.3), { random, seeds: [3, 12], runs: 400 });
    expect(got.bySeeds[1].topics).toBeLessThan(got.bySeeds[0].topics ?? 1001);
    const apart = powerOverSeeds(cells(2), { random, seeds: [3], runs: 400 });
    expect(apart.bySeeds[0]).toMatchObject({ topics: null });
    expect(apart.bySeeds[0].reason).toMatch(/^1000 topics reach a power of 0\.\d\d, not 0\.8$/);
    expect(powerOverSeeds(cells(1).slice(0, 8), { random })).toMatchObject({ bySeeds: [], reason: /topics/ });
  });
});
