import type { Data, Shape } from 'plotly.js';
import { ConfigError } from '../../core';
import { type Estimate, printEstimate } from '../stats/estimate';
import { type ChartNotes, captionOf } from './caption';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { plotText, wrapped } from './plot-text';
import { whiskers } from './whiskers';

/** One line of the chart: a pair of raters, or several, and how they agree. */
export interface AgreementLine {
  readonly name: string;
  /** What kind of pair it is; lines of one kind share a colour and a symbol. */
  readonly kind: string;
  readonly estimate: Estimate;
}

export interface AgreementChartInput extends ChartNotes {
  readonly lines: readonly AgreementLine[];
}

// Okabe and Ito's palette, with a symbol each, so that a grey print reads.
const looks = [
  { colour: '#0072b2', symbol: 'circle' },
  { colour: '#d55e00', symbol: 'diamond' },
  { colour: '#009e73', symbol: 'square' },
  { colour: '#cc79a7', symbol: 'cross' },
  { colour: '#5c5c5c', symbol: 'triangle-up' },
] as const;

/**
 * Agreement of pairs of raters: a point with its interval each, 0 (chance) and 1 (full agreement) marked. A missing value
 * leaves its line empty and the caption says why. Throws ConfigError without lines.
 */
export function agreementChart(input: AgreementChartInput): Figure {
  const { lines } = input;
  if (lines.length === 0) throw new ConfigError('agreementChart: needs at least 1 pair of raters, got 0.');
  const kinds = [...new Set(lines.map(({ kind }) => kind))];
  const placed = lines.map((line, at) => ({ ...line, y: lines.length - 1 - at }));
  const data = kinds.map((kind, at): Data => {
    const own = placed.filter((line) => line.kind === kind);
    const { colour, symbol } = looks[at % looks.length];
    return {
      type: 'scatter',
      mode: 'markers',
      name: plotText(kind),
      x: own.map(({ estimate }) => estimate.estimate),
      y: own.map(({ y }) => y),
      marker: { color: colour, size: 11, symbol },
      error_x: { ...whiskers(own.map(({ estimate }) => estimate)), color: colour, thickness: 2, width: 5 },
      hovertext: own.map(({ name, estimate }) => plotText(`${name}: ${printEstimate(estimate)}`)),
      hoverinfo: 'text',
    };
  });
  const ends = lines.flatMap(({ estimate }) => [estimate.low, estimate.estimate]).filter((end) => end !== null);
  const layout = chartLayout({
    title: input.title,
    caption: captionOf(input, lines),
    plotHeightPx: 30 + 44 * lines.length,
    leftPx: 230,
    legend: kinds,
    xTitle: input.measure,
    xaxis: { range: [Math.min(-0.05, ...ends) - 0.03, 1.05], zeroline: false },
    yaxis: {
      tickmode: 'array',
      tickvals: placed.map(({ y }) => y),
      ticktext: placed.map(({ name }) => wrapped(name, 30).slice(0, 2).map(plotText).join('<br>')),
      tickfont: { size: 12 },
      range: [-0.6, lines.length - 0.4],
      showgrid: false,
      zeroline: false,
    },
  });
  const mark = (x: number): Partial<Shape> => ({
    type: 'line',
    xref: 'x',
    yref: 'paper',
    x0: x,
    x1: x,
    y0: 0,
    y1: 1,
    line: { color: '#5c5c5c', width: 1.5, dash: 'dash' },
    layer: 'below',
  });
  const alt = `Agreement of raters. ${input.title}. ${lines.map(({ name, estimate }) => `${name}: ${printEstimate(estimate)}`).join('; ')}.`;
  return { data, layout: { ...layout, shapes: [mark(0), mark(1)] }, alt };
}
