import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  confusionTable,
  confusionText,
  differenceWithJudgeError,
  type JudgedText,
  judgeNoise,
  krippendorffAlpha,
  meanWithJudgeError,
  missingVerdicts,
  pearson,
  raterDifference,
  spearman,
  weightedKappa,
} from '../../../src/analysis/stats';
import { worstFilling } from '../../../src/analysis/stats/missing-verdicts-filling';
import { ConfigError, DataError, RandomStream } from '../../../src/core';

const random = new RandomStream('trust laws');
const few = { random, resamples: 200 };
const scale = ['PASS', 'PARTIAL', 'FAIL'] as const;
const verdict = fc.constantFrom(...scale, null);
const pairs = fc.array(fc.tuple(verdict, verdict), { minLength: 10, maxLength: 25 });
const split = <T>(both: readonly (readonly [T, T])[]) => ({
  left: both.map(([a]) => a),
  right: both.map(([, b]) => b),
});
const check = <T extends unknown[]>(property: fc.IProperty<T>, numRuns = 60) =>
  fc.assert(property, { numRuns, seed: 3 });

describe('weighted kappa', () => {
  const of = (
    both: ReturnType<typeof split<(typeof scale)[number] | null>>,
    weights: 'none' | 'linear' | 'quadratic',
  ) => weightedKappa({ ...both, categories: scale }, { ...few, weights });
  it('swapping the raters changes nothing, nor does reading the scale from its other end', () => {
    check(
      fc.property(pairs, fc.constantFrom('none', 'linear', 'quadratic' as const), (both, weights) => {
        const { left, right } = split(both);
        const got = of({ left, right }, weights as 'none');
        const turned = weightedKappa(
          { left, right, categories: [...scale].reverse() },
          { ...few, weights: weights as 'none' },
        );
        expect(of({ left: right, right: left }, weights as 'none').estimate ?? 9).toBeCloseTo(got.estimate ?? 9, 12);
        expect(turned.low ?? 9).toBeCloseTo(got.low ?? 9, 12);
      }),
    );
  });
  it('unweighted does not depend on the order of the categories; of two categories all weights are one', () => {
    const { left, right } = split([...'AABBCCABCACB'].map((a, at) => [a, [...'AABBCBABCABB'][at]] as const));
    const at = (categories: string[], weights: 'none' | 'linear' | 'quadratic') =>
      weightedKappa({ left, right, categories }, { ...few, weights }).estimate!;
    expect(at(['A', 'B', 'C'], 'none')).toBeCloseTo(at(['C', 'A', 'B'], 'none'), 12);
    expect(at(['A', 'B', 'C'], 'quadratic')).not.toBeCloseTo(at(['C', 'A', 'B'], 'quadratic'), 3);
    const two = [left, right].map((side) => side.map((value) => value === 'A'));
    const values = (['none', 'linear', 'quadratic'] as const).map(
      (weights) =>
        weightedKappa({ left: two[0], right: two[1], categories: [false, true] }, { ...few, weights }).estimate!,
    );
    expect(values[1]).toBeCloseTo(values[0], 12);
    expect(values[2]).toBeCloseTo(values[0], 12);
  });
  it('a near miss costs less than a far one with weights, and the same without', () => {
    const left = [...'PPPPQQQQFFFF'];
    const near = [...'QPPPQQQQFFFF'];
    const far = [...'FPPPQQQQFFFF'];
    const at = (right: string[], weights: 'none' | 'linear' | 'quadratic') =>
      weightedKappa({ left, right, categories: ['P', 'Q', 'F'] }, { ...few, weights }).estimate!;
    expect(at(near, 'quadratic')).toBeGreaterThan(at(far, 'quadratic'));
    expect(at(near, 'linear')).toBeGreaterThan(at(far, 'linear'));
    expect(at(near, 'none')).toBeCloseTo(at(far, 'none'), 12);
  });
  it('full agreement is 1 without an interval, for which there is no spread', () => {
    const left = [...'AABBCCABCA'];
    expect(
      weightedKappa({ left, right: left, categories: ['A', 'B', 'C'] }, { ...few, weights: 'linear' }),
    ).toMatchObject({
      estimate: 1,
      low: null,
      high: null,
      reason: 'the value is the same in all resamples of 10 items',
    });
  });
  it.each([
    ['no items', [], [], 'there are no items'],
    ['only missing', ['A'], [null], 'all 1 items lack a rating'],
    ['one category', Array(9).fill('A'), Array(9).fill('A'), 'both raters use one and the same category only'],
  ])('%s: null, and why', (_, left, right, reason) => {
    const got = weightedKappa({ left, right, categories: ['A', 'B'] }, { ...few, weights: 'none' });
    expect([got.estimate, got.low, got.reason]).toEqual([null, null, reason]);
  });
  it('a rating off the scale is an error that names it, and so are lists of unequal length', () => {
    const of = (left: string[], right: string[]) => () =>
      weightedKappa({ left, right, categories: ['A', 'B'] }, { ...few, weights: 'none' });
    expect(of(['A', 'C'], ['A', 'B'])).toThrow(/one of A, B or null, got C \(item 1\)/);
    expect(of(['A'], ['A', 'B'])).toThrow(DataError);
    expect(() => weightedKappa({ left: [], right: [], categories: ['A'] }, { ...few, weights: 'none' })).toThrow(
      ConfigError,
    );
  });
  it('items of one cluster are drawn together: copies of items in their cluster change nothing', () => {
    const left = [...'AABBCCABCACB'];
    const right = [...'AABCCCABBACB'];
    const clusters = left.map((_, at) => `topic ${String(at).padStart(2, '0')}`);
    const of = (times: number) =>
      weightedKappa(
        {
          left: Array(times).fill(left).flat(),
          right: Array(times).fill(right).flat(),
          categories: ['A', 'B', 'C'],
        },
        { ...few, weights: 'linear', clusters: Array(times).fill(clusters).flat() },
      );
    const [once, thrice] = [of(1), of(3)];
    expect(thrice.estimate).toBeCloseTo(once.estimate!, 12);
    expect(thrice.low).toBeCloseTo(once.low!, 12);
    expect(thrice.high).toBeCloseTo(once.high!, 12);
    expect([thrice.n, thrice.items]).toEqual([12, 36]);
  });
});

describe("Krippendorff's alpha", () => {
  const values = fc.array(fc.array(fc.option(fc.integer({ min: 0, max: 10 })), { minLength: 12, maxLength: 12 }), {
    minLength: 2,
    maxLength: 4,
  });
  const of = (ratings: (number | null)[][], metric: 'nominal' | 'ordinal' | 'interval') =>
    krippendorffAlpha(ratings, { ...few, metric }).estimate ?? 9;
  it('the order of raters and of items does not matter, nor a rater who rated nothing', () => {
    check(
      fc.property(values, fc.constantFrom('nominal', 'ordinal', 'interval' as const), (ratings, metric) => {
        const got = of(ratings, metric as 'nominal');
        expect(of([...ratings].reverse(), metric as 'nominal')).toBeCloseTo(got, 10);
        expect(
          of(
            ratings.map((one) => [...one].reverse()),
            metric as 'nominal',
          ),
        ).toBeCloseTo(got, 10);
        expect(of([...ratings, ratings[0].map(() => null)], metric as 'nominal')).toBeCloseTo(got, 10);
      }),
    );
  });
  it('ordinal depends on the order of values only, interval not on unit or zero, nominal not on names', () => {
    check(
      fc.property(values, (ratings) => {
        const changed = (of: (value: number) => number) =>
          ratings.map((one) => one.map((value) => (value === null ? null : of(value))));
        expect(
          of(
            changed((v) => v ** 3 + 1),
            'ordinal',
          ),
        ).toBeCloseTo(of(ratings, 'ordinal'), 9);
        expect(
          of(
            changed((v) => 7 - 3 * v),
            'interval',
          ),
        ).toBeCloseTo(of(ratings, 'interval'), 9);
        expect(
          of(
            changed((v) => (v * 5) % 11),
            'nominal',
          ),
        ).toBeCloseTo(of(ratings, 'nominal'), 9);
      }),
    );
  });
  it('an item with one value enters nothing and is counted', () => {
    const ratings = [
      [1, 2, 3, 9],
      [1, 3, 3, null],
    ];
    const got = krippendorffAlpha(ratings, { ...few, metric: 'interval' });
    expect([got.items, got.missing]).toEqual([3, 1]);
    expect(got.estimate).toBeCloseTo(
      of(
        ratings.map((one) => one.slice(0, 3)),
        'interval',
      ),
      12,
    );
  });
  it('values all alike: null, and why', () => {
    expect(krippendorffAlpha([Array(9).fill(4), Array(9).fill(4)], { ...few, metric: 'interval' })).toMatchObject({
      estimate: null,
      reason: 'all values are alike',
    });
  });
});

describe('Spearman', () => {
  const numbers = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
    minLength: 10,
    maxLength: 20,
  });
  it('swapping changes nothing, a rising transformation neither, a falling one negates', () => {
    check(
      fc.property(numbers, (both) => {
        const { left, right } = split<number>(both);
        const got = spearman(left, right, few).estimate ?? 0;
        expect(spearman(right, left, few).estimate ?? 0).toBeCloseTo(got, 12);
        expect(spearman(left.map(Math.exp), right, few).estimate ?? 0).toBeCloseTo(got, 12);
        expect(
          spearman(
            left.map((x) => -x),
            right,
            few,
          ).estimate ?? 0,
        ).toBeCloseTo(-got, 12);
      }),
    );
  });
  it('is Pearson of the values where they are their own ranks', () => {
    const left = [3, 1, 4, 5, 9, 2, 6, 8, 7];
    const right = [2, 7, 1, 8, 3, 5, 9, 4, 6];
    expect(spearman(left, right, few).estimate).toBeCloseTo(pearson(left, right).value!, 12);
  });
  it.each([
    ['two items', [1, 2], [2, 1], '2 of the 3 items that a correlation needs'],
    ['one side constant', Array(9).fill(1), [1, 2, 3, 4, 5, 6, 7, 8, 9], 'one side is constant'],
  ])('%s: null, and why', (_, left, right, reason) => {
    expect(spearman(left, right, few)).toMatchObject({ estimate: null, reason });
  });
});

describe('intervals of agreement', () => {
  const { left, right } = split([...'AABBCCABCACBBAC'].map((a, at) => [a, [...'AABCCCABBACBBBC'][at]] as const));
  const categories = ['A', 'B', 'C'];
  it.each(['expanded-bca', 'bca', 'percentile'] as const)(
    'hold the estimate, and a wider level holds a narrower (%s)',
    (method) => {
      const [narrow, wide] = [0.8, 0.99].map((level) =>
        weightedKappa({ left, right, categories }, { random, level, method, weights: 'quadratic' }),
      );
      expect(wide.low!).toBeLessThan(narrow.low!);
      expect(narrow.low!).toBeLessThan(narrow.estimate!);
      expect(narrow.estimate!).toBeLessThan(narrow.high!);
      expect(narrow.high!).toBeLessThanOrEqual(wide.high!);
    },
  );
  it('same stream, same interval, however far it was read; with clusters the order of items does not matter', () => {
    const clusters = left.map((_, at) => `t${at % 9}`);
    const stream = new RandomStream(5);
    const of = (order: number[]) =>
      weightedKappa(
        { left: order.map((at) => left[at]), right: order.map((at) => right[at]), categories },
        { random: stream, weights: 'linear', clusters: order.map((at) => clusters[at]) },
      );
    const order = left.map((_, at) => at);
    const first = of(order);
    stream.uint32();
    const again = of([...order].reverse());
    expect([again.low, again.high, again.n]).toEqual([first.low, first.high, first.n]);
  });
  it('fewer clusters than asked for: no interval, and why', () => {
    const got = weightedKappa({ left, right, categories }, { random, weights: 'none', clusters: left });
    expect(got.reason).toBe('3 of the 8 clusters of items that an interval needs');
  });
});

describe('confusion table', () => {
  it('swapping the raters transposes it; every item is in a cell or counted as missing', () => {
    check(
      fc.property(pairs, (both) => {
        const { left, right } = split(both);
        const [table, turned] = [
          confusionTable({ left, right, categories: scale }),
          confusionTable({ left: right, right: left, categories: scale }),
        ];
        expect(turned.counts).toEqual(scale.map((_, i) => scale.map((_, j) => table.counts[j][i])));
        expect(turned.leftPerRight.map((row) => row.map(({ low }) => low))).toEqual(
          scale.map((_, i) => scale.map((_, j) => table.rightPerLeft[j][i].low)),
        );
        expect(table.n + table.onlyLeft + table.onlyRight + table.neither).toBe(both.length);
      }),
    );
  });
  it('as text: left down, right across, totals at the edges', () => {
    const table = confusionTable<string>({ left: ['A', 'A', 'B'], right: ['A', 'B', 'B'], categories: ['A', 'B'] });
    expect(confusionText(table, { left: 'human', right: 'judge' })).toBe(
      'human \\ judge  A  B  all\nA              1  1    2\nB              0  1    1\nall            1  2    3',
    );
  });
});

it('swapping two raters negates their difference and limits', () => {
  const [left, right] = [
    [1, 5, 2, 8, 4, 6, 3, 9, 7, null],
    [2, 4, 4, 7, 7, 5, 1, 9, 5, 1],
  ];
  const [got, turned] = [raterDifference(left, right), raterDifference(right, left)];
  expect(turned.mean.low).toBeCloseTo(-got.mean.high!, 12);
  expect(turned.lower.estimate).toBeCloseTo(-got.upper.estimate!, 12);
  expect(turned.lower.low).toBeCloseTo(-got.upper.high!, 12);
  expect([got.items, got.missing]).toEqual([9, 1]);
  expect(raterDifference([1, 2, 3], [0, 1, 2]).mean.reason).toBe('3 of the 8 items that an interval needs');
  expect(raterDifference(Array(9).fill(2), Array(9).fill(1)).mean.reason).toBe('all 9 differences are the same');
});

describe('judge error in a mean and in a difference', () => {
  const texts = (stream: RandomStream, topics: number, labelled: number, bias = 1, perTopic = 1): JudgedText[] =>
    stream
      .shuffled(
        Array.from({ length: topics }, (_, t) => {
          const own = stream.normal();
          return Array.from({ length: perTopic }, () => {
            const truth = 5 + own + stream.normal();
            return { topicId: `t${t}`, judged: truth + bias + stream.normal() / 2, human: truth as number | null };
          });
        }).flat(),
      )
      .map((text, at) => (at < labelled ? text : { ...text, human: null }));
  const stream = new RandomStream('judge error laws');
  const left = texts(stream.fork(1), 40, 15);
  const right = texts(stream.fork(2), 40, 15, 0.2);

  it('a constant added to the judge moves the judge alone, not the corrected mean', () => {
    const moved = left.map((text) => ({ ...text, judged: text.judged! + 3 }));
    const [a, b] = [left, moved].map((rows) => meanWithJudgeError(rows, few));
    expect(b.judgeOnly.estimate).toBeCloseTo(a.judgeOnly.estimate! + 3, 10);
    expect(b.corrected.estimate).toBeCloseTo(a.corrected.estimate!, 10);
    expect(b.corrected.low).toBeCloseTo(a.corrected.low!, 10);
    expect(b.judgeError.estimate).toBeCloseTo(a.judgeError.estimate! + 3, 10);
  });
  it('human labels moved by a constant move it by that', () => {
    const moved = left.map((text) => ({ ...text, human: text.human === null ? null : text.human - 2 }));
    expect(meanWithJudgeError(moved, few).corrected.low).toBeCloseTo(
      meanWithJudgeError(left, few).corrected.low! - 2,
      10,
    );
  });
  it('all texts labelled: the mean of the humans, whatever the judge says', () => {
    const whole = texts(stream.fork(3), 20, 20);
    const got = meanWithJudgeError(whole, few);
    expect(got.corrected.estimate).toBeCloseTo(got.humanOnly.estimate!, 10);
    expect(got.corrected.low).toBeCloseTo(got.humanOnly.low!, 1);
  });
  it('weight 0 is the humans alone; the tuned weight is never wider than it by more than the lost degree', () => {
    const none = meanWithJudgeError(left, { ...few, lambda: 0 });
    expect(none.corrected.estimate).toBeCloseTo(none.humanOnly.estimate!, 12);
    expect(none.corrected.low).toBeCloseTo(none.humanOnly.low!, 10);
    const tuned = meanWithJudgeError(left, few);
    expect(tuned.corrected.high! - tuned.corrected.low!).toBeLessThan(none.corrected.high! - none.corrected.low!);
    expect(tuned.widthRatio).toBeGreaterThan(1);
  });
  it('swapping the arms negates the difference, its interval and the difference of judge errors', () => {
    const [a, b] = [differenceWithJudgeError(left, right, few), differenceWithJudgeError(right, left, few)];
    for (const of of ['judgeOnly', 'humanOnly', 'corrected', 'judgeError'] as const) {
      expect(b[of].estimate).toBeCloseTo(-a[of].estimate!, 10);
      expect(b[of].low).toBeCloseTo(-a[of].high!, 10);
    }
    expect(b.lambda).toBeCloseTo(a.lambda!, 10);
  });
  it('the order of rows does not matter, nor a topic that only one arm has', () => {
    const more = [...left, { topicId: 'alone', judged: 100, human: 0 }];
    const [a, b] = [
      differenceWithJudgeError(left, right, few),
      differenceWithJudgeError([...more].reverse(), right, few),
    ];
    expect(b.corrected.low).toBeCloseTo(a.corrected.low!, 10);
    expect(b.topics).toBe(40);
  });
  it('copies of the texts within their topics change nothing', () => {
    const [a, b] = [left, [...left, ...left]].map((rows) => meanWithJudgeError(rows, few));
    expect(b.corrected.low).toBeCloseTo(a.corrected.low!, 10);
    expect(b.labelledTopics).toBe(a.labelledTopics);
  });
  it.each([
    ['no labels', left.map((text) => ({ ...text, human: null })), 'no text with a human label'],
    [
      'few labels',
      left.map((text, at) => ({ ...text, human: at < 4 ? text.human : null })),
      '4 of the 8 topics with a human label that a correction needs',
    ],
    [
      'humans and judge agree on each',
      left.map((text) => ({ ...text, human: text.human === null ? null : text.judged })),
      'the labelled texts show no spread, so how far they may err cannot be told',
    ],
  ])('%s: falls back on the judge alone, and says why', (_, rows, reason) => {
    const got = meanWithJudgeError(rows, { ...few, lambda: 1 });
    expect([got.fallback, got.corrected.low]).toEqual([reason, null]);
    expect(got.reported).toEqual(got.judgeOnly);
    expect(got.reported.low).not.toBeNull();
  });
  it('labels of the texts that the judge found worst are seen not to be a random subset', () => {
    const sorted = texts(stream.fork(4), 60, 60).sort((a, b) => b.judged! - a.judged!);
    const worst = sorted.map((text, at) => (at < 15 ? text : { ...text, human: null }));
    expect(meanWithJudgeError(worst, few).subsetZ).toBeGreaterThan(3);
    expect(Math.abs(meanWithJudgeError(left, few).subsetZ!)).toBeLessThan(3);
  });
  it('all faults of the options come in one message; NaN is an error', () => {
    expect(() => meanWithJudgeError(left, { ...few, minLabelled: 1, lambda: 2, range: [1, 1] })).toThrow(
      /minLabelled.*1; lambda.*2; range.*1 to 1/,
    );
    expect(() => meanWithJudgeError([{ topicId: 't', judged: 1, human: Number.NaN }], few)).toThrow(/NaN \(topic t\)/);
  });
});

describe('judge noise', () => {
  const rows = [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((t) =>
    [0, 1].map((repeat) => ({
      topicId: `t${t}`,
      textId: `x${t}`,
      value: t + (repeat === 0 ? 0.3 : -0.3) * ((t % 3) + 1),
    })),
  );
  it('its share of the squared error falls as judgements are added, to none', () => {
    const { standardErrorAt, standardError } = judgeNoise(rows, few);
    const errors = standardErrorAt.map((one) => one.standardError);
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    expect(standardErrorAt.find(({ judgements }) => judgements === 2)!.standardError).toBeCloseTo(standardError!, 12);
  });
  it('one judgement a text: no share, and why', () => {
    const got = judgeNoise(
      rows.filter((_, at) => at % 2 === 0),
      few,
    );
    expect([got.noiseShare, got.forTheseTexts.reason]).toEqual([null, 'no text was judged twice']);
    expect(got.overTopics.low).not.toBeNull();
  });
  it('equal judgements: no interval of zero width', () => {
    const got = judgeNoise(
      rows.map((row) => ({ ...row, value: Number(row.topicId.slice(1)) })),
      few,
    );
    expect([got.forTheseTexts.low, got.forTheseTexts.reason]).toEqual([
      null,
      'every text got the same value each time',
    ]);
    expect(got.noiseShare).toBe(0);
  });
  it('a text of two topics is an error', () => {
    expect(() => judgeNoise([...rows, { topicId: 't1', textId: 'x0', value: 1 }], few)).toThrow(/x0 in t0 and t1/);
  });
});

describe('missing verdicts', () => {
  const names = { left: 'MST', right: 'baseline' };
  const of = (left: (number | null)[], right: (number | null)[]) =>
    missingVerdicts(
      {
        left: left.map((value, at) => ({ topicId: `t${at}`, value })),
        right: right.map((value, at) => ({ topicId: `t${at}`, value })),
        scale: [0, 10],
        names,
      },
      few,
    );
  const high = [7, 8, 6, 9, 8, 7, 8, 6, 9, 7, 8, 8];
  const low = [1, 2, 1, 3, 2, 1, 1, 2, 3, 1, 2, 1];

  it('none missing: bounds are the estimate, and the sentence says so', () => {
    const got = of(low, high);
    expect(got.least.estimate).toBe(got.observed.estimate);
    expect(got.greatest.low).toBe(got.observed.low);
    expect([got.holds, got.sentence]).toEqual([null, 'MST is below baseline; no verdict is missing.']);
  });
  it('few missing and a large difference: it holds whatever they are', () => {
    const got = of([null, ...low.slice(1)], [...high.slice(0, 11), null]);
    expect(got.sentence).toBe('MST is below baseline: the conclusion holds whatever the 2 missing verdicts are.');
    expect(got.holds).toBe(true);
    expect(got.interval!.high).toBeLessThan(0);
  });
  it('many missing in one arm: it turns above a value, at which the interval reaches 0', () => {
    const left = low.map((value, at) => (at < 4 ? null : value + 4));
    const got = of(left, high);
    const [tip] = got.tipping;
    expect(got.holds).toBe(false);
    expect([tip.side, tip.direction, tip.missing]).toEqual(['left', 'above', 4]);
    expect(got.sentence).toMatch(
      /^MST is below baseline: it turns if the 4 missing verdicts of MST average above \d\.\d\d/,
    );
    const filled = of(
      left.map((value) => value ?? tip.intervalAt! - 0.1),
      high,
    );
    const over = of(
      left.map((value) => value ?? tip.intervalAt! + 0.1),
      high,
    );
    expect(filled.observed.high!).toBeLessThan(0);
    expect(over.observed.high!).toBeGreaterThan(0);
    if (tip.signAt !== null)
      expect(
        of(
          left.map((value) => value ?? tip.signAt!),
          high,
        ).observed.estimate!,
      ).toBeCloseTo(0, 1);
  });
  it('an arm whose missing verdicts cannot turn it alone gets no number', () => {
    const got = of(
      low.map((value, at) => (at < 2 ? null : value)),
      high.map((value, at) => (at > 9 ? null : value)),
    );
    expect(got.tipping.map(({ intervalAt }) => intervalAt)).toEqual([null, null]);
  });
  it('no difference seen: says whether the missing verdicts could show one', () => {
    const same = [3, 5, 2, 6, 4, 5, 3, 4, 6, 2];
    expect(of(same, [...same].reverse()).sentence).toBe(
      'No difference is seen between MST and baseline; no verdict is missing.',
    );
    const got = of([...Array(8).fill(null), ...same], [...same, ...[...same].reverse().slice(0, 8)]);
    expect(got.sentence).toMatch(/some values of the missing verdicts would show one/);
  });
  it('swapping the sides negates the bounds and keeps what holds', () => {
    const [a, b] = [of([null, null, ...low.slice(2)], high), of(high, [null, null, ...low.slice(2)])];
    expect(b.least.estimate).toBeCloseTo(-a.greatest.estimate!, 10);
    expect(b.interval!.low).toBeCloseTo(-a.interval!.high, 10);
    expect(b.holds).toBe(a.holds);
    expect(b.tipping[0].direction).toBe('above');
  });
  it('no filling inside the scale leaves the bounds', () => {
    check(
      fc.property(
        fc.array(fc.tuple(fc.option(fc.integer({ min: 0, max: 10 })), fc.option(fc.integer({ min: 0, max: 10 }))), {
          minLength: 9,
          maxLength: 12,
        }),
        fc.integer(),
        (both, seed) => {
          const { left, right } = split<number | null>(both);
          const got = of(left, right);
          const stream = new RandomStream(seed);
          const any = (values: (number | null)[]) => values.map((value) => value ?? 10 * stream.uniform());
          const one = of(any(left), any(right)).observed.estimate!;
          expect(one).toBeGreaterThanOrEqual(got.least.estimate! - 1e-9);
          expect(one).toBeLessThanOrEqual(got.greatest.estimate! + 1e-9);
        },
      ),
      30,
    );
  });
  it('of all fillings with ends of the scale, none gives a t interval that reaches further than the one found', () => {
    const t = 2.2;
    const lowEnd = (left: number[], right: number[], sign: number) => {
      const d = left.map((value, at) => sign * (value - right[at]));
      const mean = d.reduce((sum, value) => sum + value, 0) / d.length;
      const square = d.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      return mean - t * Math.sqrt(square / d.length / (d.length - 1));
    };
    check(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 10 })), {
          minLength: 8,
          maxLength: 9,
        }),
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 0, max: 4 }),
        fc.constantFrom(1, -1 as const),
        (both, leftGone, rightGone, sign) => {
          const { left, right } = split<number>(both);
          const l = left.map((value, at) => (at < leftGone ? null : value));
          const r = right.map((value, at) => (at >= right.length - rightGone ? null : value));
          const rows = (values: (number | null)[]) => values.map((value, at) => ({ topicId: `t${at}`, value }));
          const found = worstFilling(rows(l), rows(r), [0, 10], sign as 1, t);
          const filled = (values: (number | null)[], by: readonly number[]) => {
            let at = 0;
            return values.map((value) => value ?? by[at++]);
          };
          const got = lowEnd(filled(l, found.left), filled(r, found.right), sign);
          for (let pattern = 0; pattern < 2 ** (leftGone + rightGone); pattern++) {
            const ends = Array.from({ length: leftGone + rightGone }, (_, at) => 10 * ((pattern >> at) & 1));
            const end = lowEnd(filled(l, ends.slice(0, leftGone)), filled(r, ends.slice(leftGone)), sign);
            expect(got).toBeLessThanOrEqual(end + 1e-9);
          }
        },
      ),
      200,
    );
  });
  it('a conclusion that holds stands for every filling tried: ends, values between, mixtures', () => {
    const stream = new RandomStream('fillings');
    let held = 0;
    for (let run = 0; run < 40; run++) {
      const own = stream.fork(run);
      const arm = (centre: number) =>
        Array.from({ length: 14 }, (_, at) =>
          at < 12 || own.uniform() < 0.4 ? Math.min(10, Math.max(0, centre + 1.5 * own.normal())) : null,
        );
      const [left, right] = [own.shuffled(arm(2)), own.shuffled(arm(7))];
      const got = of(left, right);
      if (got.holds !== true) continue;
      held++;
      for (let filling = 0; filling < 8; filling++) {
        const any = (values: (number | null)[]) =>
          values.map((value) => value ?? 10 * (filling % 2 === 0 ? own.below(2) : own.uniform()));
        expect(of(any(left), any(right)).conclusion).toBe(got.conclusion);
      }
    }
    expect(held).toBeGreaterThan(10);
  });
  it('a value off the scale is an error', () => {
    expect(() => of([11], [1])).toThrow(/on the scale 0 to 10, got 11 \(topic t0\)/);
  });
});
