import { readFileSync } from 'node:fs';
import type { Data } from 'plotly.js';
import { afterAll, describe, expect, it } from 'vitest';
import {
  doseCurve,
  type Figure,
  type RewardAuditCell,
  type RlAlarm,
  type RlCurve,
  rewardAuditChart,
  rlCurves,
} from '../../../src/analysis/charts';
import { startRasteriser } from '../../../src/analysis/charts/figure-png';
import { rampColours } from '../../../src/analysis/charts/sequence-colours';
import { type Estimate, missingEstimate } from '../../../src/analysis/stats';
import { ConfigError } from '../../../src/core';

const opentype = require('opentype.js');
const rasteriser = startRasteriser();
afterAll(() => rasteriser.close());

type Trace = Data & {
  name?: string;
  x: (number | null)[];
  y: (number | null)[];
  fill?: string;
  yaxis?: string;
  line?: { dash?: string };
  mode?: string;
  error_y?: { array: unknown[] };
};
const traces = (figure: Figure) => figure.data as unknown as Trace[];
const textsOf = ({ layout }: Figure) =>
  (layout.annotations ?? []).map(({ text }) => String(text).replaceAll('<br>', ' ')).join('\n');
const hostile = '<b>bold</b> & <a href="javascript:alert(1)">x</a>';

const method = 't over seeds and topics';
const of = (estimate: number, half: number | null): Estimate => ({
  estimate,
  low: half === null ? null : estimate - half,
  high: half === null ? null : estimate + half,
  level: 0.95,
  method,
  n: 20,
  seeds: 3,
  reason: half === null ? 'all 20 topics have the same value' : null,
});
const gone = missingEstimate(method, 0.95, 0, 'all 20 values are missing');
const dose = {
  title: 'A finding',
  measure: 'P(says correct | wrong claim)',
  unit: 'operand pairs',
  trained: [33, 100] as const,
  points: [
    { arm: 'mst', percent: 100, estimate: of(0.9, 0.05) },
    { arm: 'mst', percent: 0, estimate: of(0.4, 0.1) },
    { arm: 'mst', percent: 20, estimate: of(0.2, 0.1) },
    { arm: 'mst', percent: 33, estimate: gone },
    { arm: 'mst', percent: 50, estimate: of(0.3, 0.1) },
    { arm: 'mst', percent: 66, estimate: of(0.3, null) },
    { arm: 'shuffled', percent: 0, estimate: of(0.5, 0.1) },
  ],
  references: [{ arm: 'baseline', estimate: of(0.45, 0.05) }],
  optimum: {
    name: 'optimum',
    points: [
      { percent: 0, value: 0 },
      { percent: 100, value: 1 },
    ],
  },
  seedLines: [{ arm: 'mst', points: [{ percent: 0, value: 0.3 }] }],
};
const probe = (
  step: number,
  alarm: RlAlarm,
  byLabel: Record<string, number> = { '100%': 0.5, '5%': 0.2, '20%': 0.3 },
) => ({
  step,
  byLabel,
  alarm,
});
const curve: RlCurve = {
  arm: 'mst',
  steps: [1, 2, 3, 4].map((step) => ({ step, reward: step / 4, entropy: step === 2 ? null : 0.5 })),
  probes: [probe(0, 'label-ignored'), probe(2, 'label-ignored'), probe(3, 'quiet'), probe(4, 'collapsed')],
};
const cells: RewardAuditCell[] = [0, 40, 200 / 3].flatMap((percent) =>
  [0, 0.5].map((belief) => ({
    percent,
    belief,
    correct: belief + ((1 - belief) * 1.5 * percent) / 100,
    incorrect: 1 - belief,
  })),
);
const audit = { title: 'What pays', cells, trained: [33, 100] as const };
const figures: Record<string, Figure> = {
  doseCurve: doseCurve(dose),
  rlCurves: rlCurves({ curves: [curve, { arm: 'baseline', steps: [], probes: [probe(0, 'quiet', { '': 0.4 })] }] }),
  'rlCurves of one step': rlCurves({ curves: [{ ...curve, steps: curve.steps.slice(0, 1), probes: [] }] }),
  'rlCurves before the first step': rlCurves({ curves: [{ arm: 'mst', steps: [], probes: [] }], totalSteps: 150 }),
  rewardAuditChart: rewardAuditChart(audit),
};

describe.each(Object.entries(figures))('%s', (_, figure) => {
  it('is plain JSON, 848 px wide, with a height and words for those who cannot see it', () => {
    expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
    expect(figure.layout.width).toBe(848);
    expect(figure.alt.length).toBeGreaterThan(20);
  });
  it('needs no letter that the shipped font lacks', () => {
    const file = readFileSync(require.resolve('@expo-google-fonts/open-sans/400Regular/OpenSans_400Regular.ttf'));
    const font = opentype.parse(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
    const letters = new Set(JSON.stringify([figure.data, figure.layout]));
    expect([...letters].filter((letter) => font.charToGlyphIndex(letter) === 0)).toEqual([]);
  });
  it('is drawn by Plotly', async () => {
    const png = await rasteriser.png(figure);
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([848, figure.layout.height]);
  });
});

describe('dose curve', () => {
  const mst = traces(figures.doseCurve).find(({ name }) => name === 'MST')!;
  it('labels stand by their number, whatever the order of points; a missing estimate is a gap and named', () => {
    expect(mst.x).toEqual([0, 20, 33, 50, 66, 100]);
    expect(mst.y).toEqual([0.4, 0.2, null, 0.3, 0.3, 0.9]);
    expect(textsOf(figures.doseCurve)).toContain('missing (all 20 values are missing): MST at 33%');
  });
  it('neighbours with intervals share a band; an interval that stands alone is a whisker; none is drawn as neither', () => {
    const filled = traces(figures.doseCurve).filter(({ fill }) => fill === 'toself');
    expect(filled.map(({ x }) => x)).toEqual([
      [-3, 103, 103, -3],
      [0, 20, 20, 0],
    ]);
    expect(filled[1].y).toEqual([of(0.4, 0.1).high, of(0.2, 0.1).high, of(0.2, 0.1).low, of(0.4, 0.1).low]);
    expect(mst.error_y!.array.map((up) => typeof up)).toEqual([
      'string',
      'string',
      'string',
      'number',
      'string',
      'number',
    ]);
  });
  it('the trained range is shaded and named, and so is what was never trained', () => {
    expect(figures.doseCurve.layout.shapes?.map(({ x0, x1 }) => [x0, x1])).toEqual([[33, 100]]);
    expect(textsOf(figures.doseCurve)).toMatch(/<b>never trained<\/b>\n?trained: 33% to 100%/);
  });
  it('the caption states topics, training seeds and how intervals were made', () => {
    expect(textsOf(figures.doseCurve)).toContain(
      'n = 20 operand pairs and 3 training seeds each · intervals: 95% t over seeds and topics',
    );
  });
  it.each([
    ['no point', { points: [] }, /at least 1 point/],
    ['a percent over 100', { points: [{ ...dose.points[0], percent: 101 }] }, /0 to 100, got 101/],
    ['two points of one arm and label', { points: [dose.points[0], dose.points[0]] }, /two for mst at 100%/],
    ['a trained range that runs back', { trained: [60, 40] as const }, /low to high.*60 to 40/],
    ['two levels of one arm', { references: [...dose.references, ...dose.references] }, /two for baseline/],
  ])('%s is an error that says so', (_, change, message) => {
    expect(() => doseCurve({ ...dose, ...change })).toThrow(ConfigError);
    expect(() => doseCurve({ ...dose, ...change })).toThrow(message);
  });
});

describe('reinforcement curves', () => {
  const alone = rlCurves({ curves: [curve], heldOut: ['5%', '20%'] });
  const probed = traces(alone).filter(({ yaxis }) => yaxis === 'y3');
  it('one line per label, from low to high, dashed where never trained, colours in order', () => {
    expect(probed.map(({ name, line }) => [name, line?.dash])).toEqual([
      ['5%', 'dash'],
      ['20%', 'dash'],
      ['100%', 'solid'],
    ]);
    expect(probed[0].y).toEqual([0.2, 0.2, 0.2, 0.2]);
    expect(new Set(rampColours(15)).size).toBe(15);
  });
  it('without label comes first and grey; words keep the order in which they come, or the order given', () => {
    const names = (labels: string[] | undefined, byLabel: Record<string, number>) =>
      traces(rlCurves({ labels, curves: [{ ...curve, probes: [probe(0, 'quiet', byLabel)] }] }))
        .filter(({ yaxis }) => yaxis === 'y3')
        .map(({ name }) => name);
    expect(names(undefined, { '7%': 0, '': 0 })).toEqual(['no label', '7%']);
    expect(names(undefined, { low: 0, total: 0, high: 0 })).toEqual(['low', 'total', 'high']);
    expect(names(['low', 'high', 'total'], { low: 0, total: 0, high: 0 })).toEqual(['low', 'high', 'total']);
  });
  it('an alarm is shaded from the probe where it rings to the probe that ends it, with words', () => {
    const spans = (alone.layout.shapes ?? []).filter(({ type }) => type === 'rect');
    expect(spans.map(({ x0, x1 }) => [x0, x1])).toEqual([
      [0, 3],
      [4, 4],
    ]);
    expect(textsOf(alone)).toMatch(/label ignored.*\n.*ALARM: collapsed/);
    expect(textsOf(alone)).toContain('reward 0.25 to 0.66, labels 0.30 apart, ALARM: collapsed');
  });
  it('a quiet run has neither shade nor word of an alarm', () => {
    const quiet = rlCurves({ curves: [{ ...curve, probes: [probe(0, 'quiet'), probe(4, 'quiet')] }] });
    expect((quiet.layout.shapes ?? []).filter(({ type }) => type === 'rect')).toEqual([]);
    expect(textsOf(quiet)).not.toMatch(/ALARM|ignored/);
  });
  it('one step is a marker; nothing yet is said, panel by panel', () => {
    const first = traces(figures['rlCurves of one step']).find(({ name }) => name === 'MST')!;
    expect([first.mode, first.y]).toEqual(['lines+markers', [0.25]]);
    expect(textsOf(figures['rlCurves of one step'])).toMatch(/no probe yet/);
    expect(textsOf(figures['rlCurves before the first step'])).toMatch(
      /no step yet[\s\S]*no step yet[\s\S]*no probe yet/,
    );
  });
  it('the axis of a live figure stands still at the steps planned, and height does not change with steps', () => {
    const at = (steps: number) =>
      rlCurves({ curves: [{ ...curve, steps: curve.steps.slice(0, steps) }], totalSteps: 150 }).layout;
    expect(at(1).xaxis?.range).toEqual(at(4).xaxis?.range);
    expect(at(1).height).toBe(at(4).height);
  });
  it('a missing value is left out of its panel only', () => {
    const [reward, entropy] = ['y', 'y2'].map(
      (axis) => traces(alone).find(({ yaxis, mode }) => yaxis === axis && mode === 'lines')!,
    );
    expect([reward.x, entropy.x]).toEqual([
      [1, 2, 3, 4],
      [1, 3, 4],
    ]);
  });
  it('no curve, or two of one arm, is an error', () => {
    expect(() => rlCurves({ curves: [] })).toThrow(ConfigError);
    expect(() => rlCurves({ curves: [curve, curve] })).toThrow(/two of mst/);
  });
});

describe('reward audit', () => {
  it('every cell says which answer pays more, or that both pay the same', () => {
    const { alt, layout, data } = figures.rewardAuditChart;
    expect(alt).toContain(
      'belief 0: incorrect from 0%, neither from 66.7%; belief 0.5: neither from 0%, correct from 40%',
    );
    expect(layout.annotations?.slice(2).map(({ text }) => text)).toEqual(['1.00', '=', '0.40', '0.30', '=', '0.50']);
    expect((data as unknown as Trace[]).flatMap(({ name }) => name ?? [])).toEqual([
      '"correct" pays more',
      '"incorrect" pays more',
      'both pay the same',
    ]);
  });
  it('only trained labels stand on the bar', () => {
    const bar = figures.rewardAuditChart.layout.shapes?.filter(({ fillcolor }) => fillcolor === '#5c5c5c');
    expect(bar?.map(({ x0, x1 }) => [x0, x1])).toEqual([
      [0.5, 1.5],
      [1.5, 2.5],
    ]);
  });
  it('a grid with a hole, a cell twice, or none is an error', () => {
    for (const faulty of [[], cells.slice(1), [...cells, cells[0]]])
      expect(() => rewardAuditChart({ ...audit, cells: faulty })).toThrow(ConfigError);
    expect(() => rewardAuditChart({ ...audit, cells: cells.slice(1) })).toThrow(/3 labels and 2 beliefs, got 5 cells/);
  });
});

it('hostile names reach Plotly escaped', () => {
  const drawn = [
    doseCurve({
      ...dose,
      title: hostile,
      measure: hostile,
      scale: hostile,
      points: [{ ...dose.points[0], arm: hostile }],
      optimum: { ...dose.optimum, name: hostile },
    }),
    rlCurves({
      title: hostile,
      note: hostile,
      curves: [
        { ...curve, arm: hostile, probes: [probe(0, 'quiet', { [hostile]: 0.5 })] },
        { ...curve, arm: 'mst' },
      ],
    }),
    rewardAuditChart({ ...audit, title: hostile, note: hostile }),
  ].map(({ data, layout }) => ({ data, layout }));
  expect(JSON.stringify(drawn)).not.toMatch(/<a|<b>bold/);
});
