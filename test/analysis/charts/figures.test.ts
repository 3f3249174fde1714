import { describe, expect, it } from 'vitest';
import {
  armBars,
  armStyles,
  differenceSentence,
  doseChart,
  type Figure,
  pairedStrips,
  trainingCurves,
  verdictStack,
} from '../../../src/analysis/charts';
import { type Estimate, missingEstimate } from '../../../src/analysis/stats';
import { ConfigError } from '../../../src/core';

const method = 'BCa bootstrap over topics';
const of = (estimate: number, low: number | null, high: number | null, reason: string | null = null): Estimate => ({
  estimate,
  low,
  high,
  level: 0.95,
  method,
  n: 32,
  reason,
});
const gone = missingEstimate(method, 0.95, 0, 'all 32 values are missing');
const hostile = '<b>bold</b> & <a href="javascript:alert(1)">x</a>';
const textsOf = ({ layout }: Figure) =>
  (layout.annotations ?? []).map(({ text }) => String(text).replaceAll('<br>', ' ')).join('\n');
const trace = (figure: Figure, name: string) =>
  figure.data.find((one) => (one as { name?: string }).name === name) as { x: number[]; y: number[] };

const sweep = (['center_right', 'unbiased', 'strong_left'] as const).flatMap((labelValue, at) =>
  ['mst', 'shuffled'].map((arm) => ({
    arm,
    labelValue,
    slant: [1, null, -2][at],
    trained: labelValue !== 'unbiased',
    estimate: arm === 'mst' && labelValue === 'unbiased' ? gone : of(at + 1, at, at + 3),
  })),
);
const notes = { title: 'A finding', measure: 'log-odds (nats)', temperature: 0.7, isProxy: true };
const figures: Record<string, Figure> = {
  armBars: armBars({
    ...notes,
    bars: [
      { arm: 'baseline', condition: 'no_label', estimate: of(1, 0.5, 2) },
      { arm: 'mst', condition: 'unbiased', estimate: gone },
    ],
  }),
  doseChart: doseChart({ ...notes, points: sweep, reference: { arm: 'baseline', estimate: of(0, -1, 1) } }),
  pairedStrips: pairedStrips({
    ...notes,
    strips: [
      {
        name: 'MST − baseline',
        differences: [
          { topicId: 't1', difference: -1 },
          { topicId: 't2', difference: 2 },
        ],
        estimate: of(0.5, null, null, '2 of the 8 topics that an interval needs'),
      },
    ],
  }),
  trainingCurves: trainingCurves({
    curves: [
      {
        arm: 'mst',
        steps: [
          { step: 1, loss: 3 },
          { step: 2, loss: null },
          { step: 3, loss: 2 },
        ],
        evaluations: [{ step: 3, loss: 2.5 }],
      },
    ],
  }),
  verdictStack: verdictStack({
    ...notes,
    stacks: [{ arm: 'mst', condition: 'unbiased', PASS: 3, PARTIAL: 1, FAIL: 0, missing: 2 }],
  }),
};

describe.each(Object.entries(figures))('%s', (_, figure) => {
  it('is plain JSON, 848 px wide, with a height, and never responsive', () => {
    expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
    expect(figure.layout.width).toBe(848);
    expect(figure.layout.height).toBeGreaterThan(150);
    expect(JSON.stringify(figure)).not.toContain('responsive');
  });
  it('has words for those who cannot see it', () => expect(figure.alt.length).toBeGreaterThan(20));
});

it('captions state n, interval method, temperature and that the judge is a proxy', () => {
  for (const name of ['armBars', 'doseChart'] as const)
    expect(textsOf(figures[name])).toMatch(
      /n = 32 topics each · intervals: 95% BCa bootstrap over topics · sampling temperature 0.7 · PROXY/,
    );
  expect(textsOf(figures.verdictStack)).toMatch(/temperature 0.7 · PROXY/);
});
it('a missing estimate leaves a gap and says why; it is never drawn as 0', () => {
  expect(trace(figures.armBars, 'MST').y).toEqual([null]);
  expect(textsOf(figures.armBars)).toMatch(/missing \(all 32 values are missing\): MST, unbiased/);
  expect(trace(figures.doseChart, 'MST').y).toEqual([3, null, 1]);
  expect(textsOf(figures.pairedStrips)).toContain('no interval (2 of the 8 topics that an interval needs)');
});
it('an estimate without an interval gets no whisker, not one of length 0', () => {
  const means = figures.pairedStrips.data[1] as unknown as { error_x: { array: unknown[] } };
  expect(means.error_x.array.map(Number)).toEqual([Number.NaN]);
});
it('the sweep stands in slant order with no side in the middle, marked as never trained and not shaded', () => {
  const { layout } = figures.doseChart;
  expect(layout.xaxis?.ticktext).toEqual(['strong left', 'unbiased<br><b>never trained</b>', 'center right']);
  expect((layout.shapes ?? []).map(({ x0, x1 }) => (Number(x0) + Number(x1)) / 2)).toEqual([0, 2]);
});
it('one label value with two slants is an error', () => {
  expect(() => doseChart({ ...notes, points: [...sweep, { ...sweep[0], slant: 2 }] })).toThrow(ConfigError);
});
it('two bars for one arm and condition are an error, and so is nothing to draw', () => {
  const bar = { arm: 'mst', condition: 'x', estimate: gone };
  expect(() => armBars({ ...notes, bars: [bar, bar] })).toThrow(/one bar per arm and condition, got 2 for mst, x/);
  for (const draw of [
    () => armBars({ ...notes, bars: [] }),
    () => doseChart({ ...notes, points: [] }),
    () => trainingCurves({ curves: [] }),
  ])
    expect(draw).toThrow(ConfigError);
});
it('the running mean of the loss starts at the first loss and skips a missing step', () => {
  const { x, y } = trace(figures.trainingCurves, 'MST');
  expect(x).toEqual([1, 3]);
  expect(y[0]).toBeCloseTo(3, 12);
  expect(y[1]).toBeLessThan(3);
});
it('verdict shares are of all texts, missing ones included', () => {
  expect(trace(figures.verdictStack, 'PASS').x).toEqual([0.5]);
  expect(trace(figures.verdictStack, 'missing').x[0]).toBeCloseTo(1 / 3, 12);
});
it('the main arms look the same in every chart, and no two arms of one chart share a colour', () => {
  expect(armStyles(['shuffled', 'mst']).get('mst')).toEqual(armStyles(['mst']).get('mst'));
  const styles = [...armStyles(['baseline', 'mst', 'shuffled', 'a', 'b', 'c', 'd']).values()];
  expect(new Set(styles.map(({ colour }) => colour)).size).toBe(7);
});
it('hostile names reach Plotly escaped', () => {
  const figure = armBars({
    title: hostile,
    measure: hostile,
    note: hostile,
    bars: [{ arm: hostile, condition: hostile, estimate: of(1, 0, 2) }],
  });
  const { alt: _, ...drawn } = figure;
  expect(JSON.stringify(drawn)).not.toMatch(/<a|<b>bold/);
});
it('a derived title claims no more than its interval', () => {
  expect(differenceSentence('MST', 'baseline', of(-1.25, -2, -0.5), 'points', 2)).toBe(
    'MST is 1.25 points below baseline (95% interval −2.00 to −0.50)',
  );
  expect(differenceSentence('MST', 'baseline', of(-1, -2, 0.5))).toBe(
    'No difference seen between MST and baseline (95% interval −2.0 to +0.5)',
  );
  expect(differenceSentence('MST', 'baseline', of(-1, null, null, 'too few'))).toBe(
    'MST against baseline: cannot be told, too few',
  );
});
