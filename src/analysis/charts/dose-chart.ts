import type { Data, Shape } from 'plotly.js';
import { ConfigError } from '../../core';
import { type Estimate, printEstimate } from '../stats/estimate';
import { armStyles } from './arm-style';
import { type ChartNotes, captionOf } from './caption';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { plotText, spoken, wrapped } from './plot-text';
import { whiskers } from './whiskers';

/** One point of a label sweep. */
export interface DosePoint {
  readonly arm: string;
  readonly labelValue: string;
  /** Where the label stands on its scale; null (no side) stands at 0. */
  readonly slant: number | null;
  /** Whether the value was among the training labels. */
  readonly trained: boolean;
  readonly estimate: Estimate;
}

export interface DoseChartInput extends ChartNotes {
  readonly points: readonly DosePoint[];
  /** An arm without label, drawn as a level line with its interval as a band. */
  readonly reference?: { readonly arm: string; readonly estimate: Estimate };
}

/**
 * The label sweep: labels in slant order from left to right, one line with intervals per arm, trained labels on a grey
 * ground and labels never trained marked so. Throws ConfigError without points, or when a label value comes with two
 * slants or is both trained and not.
 */
export function doseChart(input: DoseChartInput): Figure {
  const { points, reference } = input;
  if (points.length === 0) throw new ConfigError('doseChart: needs at least 1 point, got 0. Pass the sweep to draw.');
  const labels = labelsInOrder(points);
  const arms = [...new Set([...(reference ? [reference.arm] : []), ...points.map((point) => point.arm)])];
  const styles = armStyles(arms);
  const lines = arms.filter((arm) => points.some((point) => point.arm === arm));
  const data: Data[] = [];
  if (reference) data.push(...referenceLine(reference.estimate, styles.get(reference.arm)!, labels.length));
  for (const [order, arm] of lines.entries()) {
    const style = styles.get(arm)!;
    const shift = (order - (lines.length - 1) / 2) * 0.09;
    const own = labels.map(({ value }) => points.find((point) => point.arm === arm && point.labelValue === value));
    data.push({
      type: 'scatter',
      mode: 'lines+markers',
      name: plotText(style.name),
      x: labels.map((_, at) => at + shift),
      y: own.map((point) => point?.estimate.estimate ?? null),
      connectgaps: false,
      error_y: { ...whiskers(own.map((point) => point?.estimate)), color: style.colour, thickness: 1.8, width: 5 },
      line: { color: style.colour, width: 2, dash: style.dash },
      marker: { color: style.colour, size: 10, symbol: style.symbol },
      hovertext: own.map((point, at) =>
        plotText(
          `${style.name} under ${spoken(labels[at].value)}: ${point ? printEstimate(point.estimate) : 'not run'}`,
        ),
      ),
      hoverinfo: 'text',
    });
  }
  const letters = Math.max(8, Math.floor(96 / labels.length));
  const ticks = labels.map(({ value, trained }) => [
    ...wrapped(spoken(value), letters).map(plotText),
    ...(trained ? [] : wrapped('never trained', letters).map((text) => `<b>${text}</b>`)),
  ]);
  const layout = chartLayout({
    title: input.title,
    caption: captionOf(input, [
      ...points.map(({ arm, labelValue, estimate }) => ({
        name: `${styles.get(arm)!.name} under ${spoken(labelValue)}`,
        estimate,
      })),
      ...(reference ? [{ name: `${styles.get(reference.arm)!.name}, no label`, estimate: reference.estimate }] : []),
    ]),
    plotHeightPx: 330,
    legend: [
      ...(reference ? [referenceName(styles.get(reference.arm)!)] : []),
      ...lines.map((arm) => styles.get(arm)!.name),
    ],
    xTitle: 'label at deployment (grey: a training label)',
    yTitle: input.measure,
    tickLines: Math.max(...ticks.map((texts) => texts.length)),
    xaxis: {
      tickmode: 'array',
      tickvals: labels.map((_, at) => at),
      ticktext: ticks.map((texts) => texts.join('<br>')),
      range: [-0.5, labels.length - 0.5],
      showgrid: false,
      zeroline: false,
    },
    yaxis: { zeroline: true },
  });
  const shading = labels.flatMap(({ trained }, at): Partial<Shape>[] =>
    trained
      ? [
          {
            type: 'rect',
            xref: 'x',
            yref: 'paper',
            x0: at - 0.44,
            x1: at + 0.44,
            y0: 0,
            y1: 1,
            fillcolor: '#f1f1f1',
            line: { width: 0 },
            layer: 'below',
          },
        ]
      : [],
  );
  const said = points.map(
    ({ arm, labelValue, trained, estimate }) =>
      `${styles.get(arm)!.name} under ${spoken(labelValue)}${trained ? '' : ' (never trained)'}: ${printEstimate(estimate)}`,
  );
  if (reference) said.unshift(`${styles.get(reference.arm)!.name}, no label: ${printEstimate(reference.estimate)}`);
  return { data, layout: { ...layout, shapes: shading }, alt: `Label sweep. ${input.title}. ${said.join('; ')}.` };
}

/** Label values by slant, no side in the middle; equal slants in order of first appearance. */
function labelsInOrder(points: readonly DosePoint[]): { value: string; slant: number; trained: boolean }[] {
  const labels = new Map<string, { value: string; slant: number; trained: boolean }>();
  for (const { labelValue: value, slant, trained } of points) {
    const label = { value, slant: slant ?? 0, trained };
    const known = labels.get(value);
    if (known && (known.slant !== label.slant || known.trained !== trained))
      throw new ConfigError(
        `doseChart: a label value has one slant and is trained or not, got two readings of ${value}. Take both from the label set.`,
      );
    if (!known) labels.set(value, label);
  }
  return [...labels.values()].sort((a, b) => a.slant - b.slant);
}

const referenceName = (style: { name: string }) => `${style.name} (no label)`;

/** A level line across the whole sweep, with its interval as a band behind it. */
function referenceLine(
  estimate: Estimate,
  style: { name: string; colour: string; dash: 'solid' | 'dot' | 'dash' | 'dashdot' },
  count: number,
): Data[] {
  if (estimate.estimate === null) return [];
  const ends = [-0.5, count - 0.5];
  const line: Data = {
    type: 'scatter',
    mode: 'lines',
    name: plotText(referenceName(style)),
    x: ends,
    y: [estimate.estimate, estimate.estimate],
    line: { color: style.colour, width: 2, dash: style.dash },
    hovertext: plotText(`${style.name}, no label: ${printEstimate(estimate)}`),
    hoverinfo: 'text',
  };
  if (estimate.low === null || estimate.high === null) return [line];
  const band: Data = {
    type: 'scatter',
    mode: 'lines',
    x: [ends[0], ends[1], ends[1], ends[0]],
    y: [estimate.low, estimate.low, estimate.high, estimate.high],
    fill: 'toself',
    fillcolor: `${style.colour}2e`,
    line: { width: 0 },
    showlegend: false,
    hoverinfo: 'skip',
  };
  return [band, line];
}
