import type { Annotations } from 'plotly.js';
import { describe, expect, it } from 'vitest';
import { type Figure, figurePng, type HeatmapCell, labelHeatmap } from '../../../src/analysis/charts';
import { type Estimate, missingEstimate } from '../../../src/analysis/stats';
import { ConfigError } from '../../../src/core';

const method = 'BCa bootstrap over topics';
const of = (estimate: number): Estimate => ({
  estimate,
  low: estimate - 1,
  high: estimate + 1,
  level: 0.95,
  method,
  n: 32,
  reason: null,
});
const gone = missingEstimate(method, 0.95, 0, 'all 32 values are missing');
const cell = (arm: string, label: string, estimate: Estimate, trained = true): HeatmapCell => ({
  arm,
  label,
  trained,
  estimate,
});
const cells = [
  cell('mst', 'strong_left', of(4)),
  cell('mst', 'center_left', of(-0.004)),
  cell('mst', 'unbiased', of(-8), false),
  cell('shuffled', 'strong_left', of(0.5)),
  cell('shuffled', 'unbiased', gone, false),
];
const notes = { title: 'A finding', measure: 'difference to the baseline (nats)', temperature: 0.7, isProxy: true };
const figure = labelHeatmap({ ...notes, cells, scale: 'around zero' });

interface Cells {
  readonly base: number[];
  readonly x: number[];
  readonly y: number[];
  readonly hovertext: string[];
  readonly marker: { color: number[]; cmin: number; cmax: number; colorscale: [number, string][] };
}
const drawn = ({ data }: Figure) => data[0] as unknown as Cells;
/** Column, row and value of every cell that is drawn. */
const filled = (one: Figure) => {
  const { base, x, y, marker } = drawn(one);
  return base.map((from, at) => [from + x[at] / 2, y[at], marker.color[at]]);
};
const annotationsOf = ({ layout }: Figure) => layout.annotations as Partial<Annotations>[];
const written = (one: Figure) => annotationsOf(one).filter(({ xref }) => xref === undefined);
const captions = (one: Figure) =>
  annotationsOf(one)
    .filter(({ xref }) => xref === 'paper')
    .map(({ text }) => String(text).replaceAll('<br>', ' '))
    .join('\n');

describe('labelHeatmap', () => {
  it('is plain JSON, 848 px wide, with a height, words, and never responsive', () => {
    expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
    expect(figure.layout.width).toBe(848);
    expect(figure.layout.height).toBeGreaterThan(150);
    expect(JSON.stringify(figure)).not.toContain('responsive');
    expect(figure.alt).toMatch(/MST under unbiased: .*8\.00/);
  });

  it('has a row an arm, the first on top, and a column a label; what was not measured or is missing is empty, not 0', () => {
    expect(filled(figure)).toEqual([
      [0, 1, 4],
      [1, 1, -0.004],
      [2, 1, -8],
      [0, 0, 0.5],
    ]);
    expect(figure.layout.yaxis?.ticktext).toEqual(['MST', 'shuffled']);
    expect(figure.layout.xaxis?.range).toEqual([-0.5, 2.5]);
    expect(figure.layout.yaxis?.range).toEqual([-0.5, 1.5]);
    expect(drawn(figure).hovertext[2]).toMatch(/^MST under unbiased: /);
    expect(captions(figure)).toContain('missing (all 32 values are missing): shuffled under unbiased');
  });

  it('writes each number in its cell, in ink that is light on a dark ground', () => {
    expect(written(figure).map(({ x, y, text, font }) => [x, y, text, font?.color])).toEqual([
      [0, 1, '+4.00', '#262626'],
      [1, 1, '0.00', '#262626'],
      [2, 1, '−8.00', '#ffffff'],
      [0, 0, '+0.50', '#262626'],
    ]);
  });

  it('differences are white at 0 and as deep on either side; levels begin at 0', () => {
    expect([drawn(figure).marker.cmin, drawn(figure).marker.cmax]).toEqual([-8, 8]);
    expect(drawn(figure).marker.colorscale[1]).toEqual([0.5, '#ffffff']);
    const levels = labelHeatmap({ ...notes, cells: [cell('mst', 'a', of(3))], scale: 'from zero' });
    expect([drawn(levels).marker.cmin, drawn(levels).marker.cmax]).toEqual([0, 3]);
    expect(drawn(levels).marker.colorscale[0]).toEqual([0, '#ffffff']);
    expect(written(levels)[0].text).toBe('3.00');
  });

  it('a label that was never trained has a star, which the caption explains', () => {
    expect(figure.layout.xaxis?.ticktext).toEqual(['strong left', 'center left', 'unbiased*']);
    expect(captions(figure)).toContain('* never trained; empty cells were not measured');
    const trained = labelHeatmap({ ...notes, cells: cells.slice(0, 2), scale: 'around zero' });
    expect(captions(trained)).not.toContain('never trained');
  });

  it('states n, interval method, temperature and that the judge is a proxy', () => {
    expect(captions(figure)).toMatch(
      /n = 32 topics each · intervals: 95% BCa bootstrap over topics · sampling temperature 0.7 · PROXY/,
    );
  });

  it('all zeros have a scale, and so has nothing but gaps', () => {
    for (const estimate of [of(0), gone]) {
      const { cmin, cmax } = drawn(
        labelHeatmap({ ...notes, cells: [cell('mst', 'a', estimate)], scale: 'around zero' }),
      ).marker;
      expect(cmax).toBeGreaterThan(cmin);
    }
  });

  it('no cell, or two for one arm and label, is an error', () => {
    const draw = (own: readonly HeatmapCell[]) => () => labelHeatmap({ ...notes, cells: own, scale: 'around zero' });
    expect(draw([])).toThrow(ConfigError);
    expect(draw([cells[0], cells[0]])).toThrow(/one cell an arm and label, got 2 for mst, strong_left/);
  });

  it('hostile names reach Plotly escaped', () => {
    const hostile = '<b>bold</b> & <a href="javascript:alert(1)">x</a>';
    const { alt: _, ...shown } = labelHeatmap({
      title: hostile,
      measure: hostile,
      note: hostile,
      cells: [cell(hostile, hostile, of(1), false)],
      scale: 'from zero',
    });
    expect(JSON.stringify(shown)).not.toMatch(/<a|<b>bold/);
  });

  it('draws to a picture', async () => {
    const png = await figurePng(figure);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
  });
});
