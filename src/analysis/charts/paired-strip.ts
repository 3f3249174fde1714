import type { Data, Shape } from 'plotly.js';
import { ConfigError } from '../../core';
import { type Estimate, printEstimate } from '../stats/estimate';
import { type ChartNotes, captionOf, signed } from './caption';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { plotText, wrapped } from './plot-text';
import { whiskers } from './whiskers';

/** One comparison: a difference per topic, and their mean with its interval. */
export interface PairedStrip {
  /** What is compared, such as "MST under UNBIASED − baseline". */
  readonly name: string;
  readonly differences: readonly { readonly topicId: string; readonly difference: number }[];
  readonly estimate: Estimate;
}

export interface PairedStripsInput extends ChartNotes {
  readonly strips: readonly PairedStrip[];
}

/**
 * One strip per comparison: a dot per topic, the mean with its interval in black, a line at 0, and at the right edge
 * on how many topics the difference is below and above 0. Throws ConfigError without strips.
 */
export function pairedStrips(input: PairedStripsInput): Figure {
  const { strips } = input;
  if (strips.length === 0) throw new ConfigError('pairedStrips: needs at least 1 comparison, got 0.');
  const rows = strips.map((_, at) => strips.length - 1 - at);
  const data = strips.flatMap(({ name, differences, estimate }, at): Data[] => [
    {
      type: 'scatter',
      mode: 'markers',
      name: plotText(name),
      x: differences.map(({ difference }) => difference),
      // Spread by the golden ratio: neighbours in the list land far apart, and the same data give the same picture.
      y: differences.map((_, index) => rows[at] - 0.24 + (((index + 1) * 0.6180339887) % 1) * 0.4),
      marker: { color: '#0072b2', opacity: 0.4, size: 7, line: { width: 0 } },
      hovertext: differences.map(({ topicId, difference }) => plotText(`${topicId}: ${signed(difference, 2)}`)),
      hoverinfo: 'text',
    },
    {
      type: 'scatter',
      mode: 'markers',
      x: [estimate.estimate],
      y: [rows[at] + 0.28],
      marker: { color: '#111111', size: 11, symbol: 'diamond' },
      error_x: { ...whiskers([estimate]), color: '#111111', thickness: 2.2, width: 6 },
      hovertext: plotText(`${name}: ${printEstimate(estimate)}`),
      hoverinfo: 'text',
    },
  ]);
  const layout = chartLayout({
    title: input.title,
    caption: captionOf(input, strips),
    plotHeightPx: 60 + 84 * strips.length,
    leftPx: 190,
    rightPx: 128,
    xTitle: input.measure,
    xaxis: { zeroline: false },
    yaxis: {
      tickmode: 'array',
      tickvals: rows,
      ticktext: strips.map(({ name }) => wrapped(name, 24).map(plotText).join('<br>')),
      range: [-0.55, strips.length - 0.45],
      showgrid: false,
      zeroline: false,
    },
  });
  const counts = strips.map(({ differences, estimate }, at) => {
    const lower = differences.filter(({ difference }) => difference < 0).length;
    const higher = differences.filter(({ difference }) => difference > 0).length;
    const mean = estimate.estimate === null ? 'mean missing' : `mean ${signed(estimate.estimate, 2)}`;
    return {
      text: `<b>${mean}</b><br>below 0: ${lower} of ${differences.length}<br>above 0: ${higher}`,
      showarrow: false,
      align: 'left' as const,
      xref: 'paper' as const,
      x: 1,
      xanchor: 'left' as const,
      xshift: 10,
      yref: 'y' as const,
      y: rows[at],
      font: { size: 12 },
    };
  });
  const zero: Partial<Shape> = {
    type: 'line',
    xref: 'x',
    yref: 'paper',
    x0: 0,
    x1: 0,
    y0: 0,
    y1: 1,
    line: { color: '#5c5c5c', width: 1.5, dash: 'dash' },
    layer: 'below',
  };
  const alt = `Differences per topic. ${input.title}. ${strips.map(({ name, estimate }) => `${name}: ${printEstimate(estimate)}`).join('; ')}.`;
  return {
    data,
    layout: { ...layout, annotations: [...(layout.annotations ?? []), ...counts], shapes: [zero] },
    alt,
  };
}
