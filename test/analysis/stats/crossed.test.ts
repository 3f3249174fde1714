import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CrossedMean,
  riseAtEdge,
  type SeedTopicValue,
  seedsAndTopics,
  seedsAndTopicsDifference,
} from '../../../src/analysis/stats';
import { ConfigError, DataError, RandomStream } from '../../../src/core';

const random = new RandomStream('crossed laws');
const rowsOf = (table: readonly (readonly (number | null)[])[]): SeedTopicValue[] =>
  table.flatMap((row, seed) => row.map((value, topic) => ({ seed, topicId: `t${topic}`, value })));
/** 3 to 5 seeds, 8 to 11 topics. */
const tables = fc
  .record({ seeds: fc.integer({ min: 3, max: 5 }), topics: fc.integer({ min: 8, max: 11 }) })
  .chain(({ seeds, topics }) =>
    fc.array(fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: topics, maxLength: topics }), {
      minLength: seeds,
      maxLength: seeds,
    }),
  )
  .filter((table) => new Set(table.flat().map((value) => value.toFixed(2))).size > 5);
const check = (law: (table: number[][]) => boolean) => fc.assert(fc.property(tables, law), { numRuns: 60, seed: 4 });
const close = (a: number | null, b: number | null) => Math.abs(a! - b!) <= 1e-9 * (1 + Math.abs(b!));
const same = (a: CrossedMean, b: CrossedMean) =>
  close(a.estimate, b.estimate) && close(a.low, b.low) && close(a.high, b.high);
const moved = (table: number[][], of: (value: number) => number) => table.map((row) => row.map(of));
const flipped = (table: number[][]) => table[0].map((_, at) => table.map((row) => row[at]));

describe('mean over seeds and topics', () => {
  it('the order of rows does not matter', () =>
    check((table) => same(seedsAndTopics([...rowsOf(table)].reverse()), seedsAndTopics(rowsOf(table)))));
  it('seeds and topics are treated alike: turning the table gives the same interval', () =>
    check((table) =>
      same(seedsAndTopics(rowsOf(flipped(table)), { minTopics: 3 }), seedsAndTopics(rowsOf(table), { minTopics: 3 })),
    ));
  it('a shift moves the interval, a scale stretches it, a sign turns it around', () =>
    check((table) => {
      const [base, shifted, turned] = [
        table,
        moved(table, (value) => value + 2),
        moved(table, (value) => -3 * value),
      ].map((values) => seedsAndTopics(rowsOf(values)));
      return (
        close(shifted.low, base.low! + 2) &&
        close(shifted.high, base.high! + 2) &&
        close(turned.low, -3 * base.high!) &&
        close(turned.high, -3 * base.low!)
      );
    }));
  it('the estimate lies in the middle of the interval, and a higher level is wider', () =>
    check((table) => {
      const [narrow, wide] = [0.8, 0.99].map((level) => seedsAndTopics(rowsOf(table), { level }));
      return (
        close(narrow.low! + narrow.high!, 2 * narrow.estimate!) && wide.low! < narrow.low! && wide.high! > narrow.high!
      );
    }));
  it('degrees of freedom lie between those of the seeds alone and those of both together', () =>
    check((table) => {
      const { degrees } = seedsAndTopics(rowsOf(table));
      const [S, T] = [table.length, table[0].length];
      return degrees! >= Math.min(S, T) - 1 - 1e-9 && degrees! <= S + T - 2 + 1e-9;
    }));
  it('seeds that differ more make a wider interval', () =>
    check((table) => {
      const apart = (by: number) => table.map((row, seed) => row.map((value) => value + by * seed));
      const width = ({ low, high }: CrossedMean) => high! - low!;
      const least = width(seedsAndTopics(rowsOf(apart(0))));
      return width(seedsAndTopics(rowsOf(apart(100)))) > Math.max(least, width(seedsAndTopics(rowsOf(apart(50)))));
    }));
  it('a cell counts once, however many rows it has', () =>
    check((table) => {
      const extra = { seed: 1, topicId: 't2', value: table[1][2] };
      return same(seedsAndTopics([...rowsOf(table), extra, extra, extra]), seedsAndTopics(rowsOf(table)));
    }));
});

describe('difference of two conditions', () => {
  it('swapping the sides negates it and keeps p', () =>
    check((table) => {
      const [left, right] = [rowsOf(table), rowsOf(moved(table, (value) => Math.sin(5 * value)))];
      const [ahead, back] = [seedsAndTopicsDifference(left, right), seedsAndTopicsDifference(right, left)];
      return close(ahead.low, -back.high!) && close(ahead.high, -back.low!) && close(ahead.p, back.p!);
    }));
  it('what a seed or a topic does to both sides drops out', () =>
    check((table) => {
      const effects = table.map((row, seed) => row.map((_, topic) => 7 * seed - 3 * topic));
      const add = (values: number[][]) => values.map((row, s) => row.map((value, t) => value + effects[s][t]));
      const other = moved(table, (value) => Math.sin(5 * value));
      return same(
        seedsAndTopicsDifference(rowsOf(add(table)), rowsOf(add(other))),
        seedsAndTopicsDifference(rowsOf(table), rowsOf(other)),
      );
    }));
  it('p is under 5% exactly where the 95% interval leaves out 0', () =>
    check((table) => {
      const got = seedsAndTopicsDifference(rowsOf(table), rowsOf(moved(table, () => 1.5)));
      return got.p! < 0.05 === (got.low! > 0 || got.high! < 0);
    }));
  it('cells on one side only are counted and enter nothing', () => {
    const left = rowsOf([
      [1, 2, null],
      [3, 4, 5],
      [6, 7, 8],
    ]);
    const right = rowsOf([
      [0, 0, 0],
      [0, null, 0],
      [0, 0, 0],
    ]);
    const got = seedsAndTopicsDifference(left, right);
    expect([got.onlyLeft, got.onlyRight, got.missing, got.topicsLeftOut, got.n]).toEqual([1, 1, 2, 2, 1]);
    expect(got.estimate).toBeCloseTo(10 / 3, 12);
    expect(got.p).toBeNull();
  });
});

const nine = [0, 1, 2, 3, 4, 5, 6, 7, 8];
it.each([
  ['no rows', [], {}, null, 'there are no rows'],
  ['only missing values', [[null, null]], {}, null, 'all 2 values are missing'],
  [
    'no shared topic',
    [
      [1, null],
      [null, 2],
    ],
    {},
    null,
    'no topic has a value for all 2 seeds',
  ],
  ['two seeds', [nine, nine], {}, 4, '2 of the 3 seeds that an interval over seeds needs'],
  [
    'two topics',
    [
      [1, 2],
      [1, 2],
      [1, 2],
    ],
    {},
    1.5,
    '2 of the 8 topics that an interval needs',
  ],
  [
    'cells alike',
    [nine, nine, nine].map((row) => row.map(() => 0.1)),
    {},
    0.1,
    'all 3 seeds and 9 topics have the same mean, up to rounding',
  ],
] as const)('%s: no interval, and the reason', (_, table, options, estimate, reason) => {
  const got = seedsAndTopics(rowsOf(table), options);
  if (estimate === null) expect(got.estimate).toBeNull();
  else expect(got.estimate).toBeCloseTo(estimate, 12);
  expect([got.low, got.high, got.degrees, got.reason]).toEqual([null, null, null, reason]);
});
it('a seed without any value is named and left out; a topic that a seed lacks is counted', () => {
  const got = seedsAndTopics(
    rowsOf([
      [1, 2, 3],
      [null, null, null],
      [1, null, 5],
    ]),
  );
  expect([got.seeds, got.seedsLeftOut, got.topicsLeftOut, got.estimate]).toEqual([2, [1], 1, 2.5]);
  expect(got.seedMeans).toEqual([
    { seed: 0, value: 2 },
    { seed: 2, value: 3 },
  ]);
  expect(got.topicMeans.map(({ topicId }) => topicId)).toEqual(['t0', 't2']);
});
it('the interval of a share is cut at 0 and 1, and only there', () => {
  const table = [nine.map((at) => at / 90), nine.map((at) => at / 40), nine.map((at) => at / 10)];
  const [free, cut] = [seedsAndTopics(rowsOf(table)), seedsAndTopics(rowsOf(table), { range: [0, 1] })];
  expect(free.low).toBeLessThan(0);
  expect([cut.low, cut.high]).toEqual([0, free.high]);
});
it('NaN is an error that names seed and topic; faulty options come in one message', () => {
  expect(() => seedsAndTopics(rowsOf([[1, Number.NaN]]))).toThrow(DataError);
  expect(() => seedsAndTopics(rowsOf([[1, Number.NaN]]))).toThrow(/NaN \(seed 0, topic t1\)/);
  expect(() => seedsAndTopics([], { minSeeds: 1, range: [1, 0] })).toThrow(/minSeeds.*got 1; range.*1 to 0/);
});

describe('rise at the edge', () => {
  const options = { random, resamples: 400 };
  const sweep = (value: (seed: number, topic: number, percent: number) => number | null, seeds = 3, topics = 9) =>
    Array.from({ length: seeds * topics }, (_, at) => [at % seeds, Math.floor(at / seeds)]).flatMap(([seed, topic]) =>
      [0, 10, 20, 40].map((percent) => ({ seed, topicId: `t${topic}`, percent, value: value(seed, topic, percent) })),
    );
  const noisy = (seed: number, topic: number, percent: number) => Math.sin(3 * seed + 7 * topic + percent) / 10;
  const ask = (rows: ReturnType<typeof sweep>, inside = [20, 40]) => riseAtEdge({ rows, edge: 0, inside }, options);
  it('what a seed or a topic does to all labels drops out', () => {
    const [bare, loaded] = [ask(sweep(noisy)), ask(sweep((s, t, p) => noisy(s, t, p) + 5 * s - 2 * t))];
    expect(loaded.overTopics.low).toBeCloseTo(bare.overTopics.low!, 10);
    expect(loaded.overSeeds.high).toBeCloseTo(bare.overSeeds.high!, 10);
  });
  it('a rise of the edge alone raises the estimate by as much, and labels not asked for change nothing', () => {
    const raised = ask(sweep((s, t, p) => noisy(s, t, p) + (p === 0 ? 0.3 : p === 10 ? 9 : 0)));
    expect(raised.overTopics.estimate).toBeCloseTo(ask(sweep(noisy)).overTopics.estimate! + 0.3, 12);
    expect(raised.permutationP).toBe(2 / 2 ** 9);
    expect(raised.crossedP).toBeLessThan(0.05);
  });
  it('seeds that disagree on the rise: sure of these models, unsure of further ones', () => {
    const got = ask(sweep((s, t, p) => noisy(s, t, p) / 20 + (p === 0 ? [0.02, 0.05, 0.9][s] : 0)));
    expect(got.permutationP).toBeLessThan(0.01);
    expect(got.overTopics.low).toBeGreaterThan(0);
    expect(got.crossedP).toBeGreaterThan(0.2);
    expect(got.overSeeds.low).toBeLessThan(0);
  });
  it('one seed has the interval over topics and none over seeds', () => {
    const got = ask(sweep(noisy, 1));
    expect(got.overTopics.low).not.toBeNull();
    expect(got.overSeeds).toMatchObject({ low: null, reason: '1 of the 3 seeds that an interval over seeds needs' });
    expect(got.crossedP).toBeNull();
  });
  it('a topic that lacks a label for one seed enters neither reading', () => {
    const got = ask(sweep((s, t, p) => (s === 1 && t === 4 && p === 40 ? null : noisy(s, t, p)), 3, 10));
    expect([got.overTopics.n, got.overSeeds.n, got.overSeeds.topicsLeftOut]).toEqual([9, 9, 1]);
  });
  it('the order of rows does not matter', () => {
    const [a, b] = [ask(sweep(noisy)), ask(sweep(noisy).reverse())];
    expect(b.overTopics.low).toBeCloseTo(a.overTopics.low!, 12);
    expect(b.permutationP).toBe(a.permutationP);
  });
  it('an inside that is empty, repeats or holds the edge is an error', () => {
    for (const inside of [[], [20, 20], [0, 20]]) expect(() => ask(sweep(noisy), inside)).toThrow(ConfigError);
    expect(() => ask(sweep(noisy), [0, 20])).toThrow(/inside must name.*got 0, 20 \(edge 0\)/);
  });
});
