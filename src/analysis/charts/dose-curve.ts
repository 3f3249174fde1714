import type { Annotations, Data, Shape } from 'plotly.js';
import { ConfigError } from '../../core';
import { type Estimate, printEstimate } from '../stats/estimate';
import { type ArmStyle, armStyles } from './arm-style';
import { type ChartNotes, captionOf } from './caption';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { plotText } from './plot-text';
import { whiskers } from './whiskers';

/** One arm under one label; `percent` is where the label stands on its scale, 0 to 100. */
export interface DoseCurvePoint {
  readonly arm: string;
  readonly percent: number;
  readonly estimate: Estimate;
}

export interface DoseCurveInput extends ChartNotes {
  readonly points: readonly DoseCurvePoint[];
  /** Lowest and highest percent of training labels: the grey ground. */
  readonly trained: readonly [number, number];
  /** Arms without label, drawn as level lines with their intervals as bands. */
  readonly references?: readonly { readonly arm: string; readonly estimate: Estimate }[];
  /** What the reward asks for, as a thin line; a step is two points at one percent. */
  readonly optimum?: { readonly name: string; readonly points: readonly CurvePoint[] };
  /** Single seeds of an arm, as thin lines behind its mean. */
  readonly seedLines?: readonly { readonly arm: string; readonly points: readonly CurvePoint[] }[];
  /** Percents whose markers are hollow, such as those of labels never trained. */
  readonly hollow?: readonly number[];
  /** Title of the label axis. Default `monitor label at deployment (%)`. */
  readonly scale?: string;
}

interface CurvePoint {
  readonly percent: number;
  readonly value: number;
}

const optimumColour = '#262626';

/**
 * A label sweep on a numeric scale of 0 to 100%: one line per arm with its intervals as a band (whiskers where a
 * neighbour has none), the trained range on a named grey ground, levels of arms without label, and the optimum. A
 * missing estimate is a gap in the line. Throws ConfigError without points, for two points of one arm and percent, and
 * for a percent or trained range outside 0 to 100.
 */
export function doseCurve(input: DoseCurveInput): Figure {
  checkInput(input);
  const { points, trained, references = [], optimum, seedLines = [], hollow = [] } = input;
  const arms = [...new Set([...references, ...points].map(({ arm }) => arm))];
  const styles = armStyles(arms);
  const lines = arms.filter((arm) => points.some((point) => point.arm === arm));
  const sorted = lines.map((arm) => ({
    style: styles.get(arm)!,
    own: points.filter((point) => point.arm === arm).sort((a, b) => a.percent - b.percent),
  }));
  const data: Data[] = [
    ...references.flatMap(({ arm, estimate }) => referenceBand(estimate, styles.get(arm)!)),
    ...sorted.flatMap(({ style, own }) => bands(style, own)),
    ...seedLines.map(({ arm, points: own }) => seedLine(own, styles.get(arm)?.colour ?? optimumColour)),
    ...references.flatMap(({ arm, estimate }) => referenceLine(estimate, styles.get(arm)!)),
    ...(optimum ? [optimumLine(optimum)] : []),
    ...sorted.map(({ style, own }) => armLine(style, own, hollow)),
  ];
  const { range, ticks } = valueAxis(input);
  const layout = chartLayout({
    title: input.title,
    caption: captionOf(input, [
      ...points.map(({ arm, percent, estimate }) => ({ name: `${styles.get(arm)!.name} at ${percent}%`, estimate })),
      ...references.map(({ arm, estimate }) => ({ name: `${styles.get(arm)!.name}, no label`, estimate })),
    ]),
    plotHeightPx: 340,
    legend: [
      ...references.map(({ arm }) => referenceName(styles.get(arm)!)),
      ...(optimum ? [optimum.name] : []),
      ...lines.map((arm) => styles.get(arm)!.name),
    ],
    xTitle: input.scale ?? 'monitor label at deployment (%)',
    yTitle: input.measure,
    xaxis: {
      range: [-3, 103],
      tickmode: 'array',
      tickvals: [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
      zeroline: false,
      showgrid: false,
    },
    yaxis: { range, zeroline: false, ...(ticks ? { tickmode: 'array', tickvals: ticks } : {}) },
  });
  return {
    data,
    layout: {
      ...layout,
      shapes: [trainedGround(trained)],
      annotations: [...(layout.annotations ?? []), ...groundNames(trained)],
    },
    alt: altOf(input, styles),
  };
}

function checkInput({ points, trained, references = [] }: DoseCurveInput): void {
  if (points.length === 0) throw new ConfigError('doseCurve: needs at least 1 point, got 0. Pass the sweep to draw.');
  const outside = points.find(({ percent }) => !(percent >= 0 && percent <= 100));
  if (outside)
    throw new ConfigError(`doseCurve: a percent must lie in 0 to 100, got ${outside.percent} (${outside.arm}).`);
  if (!(trained[0] >= 0 && trained[0] < trained[1] && trained[1] <= 100))
    throw new ConfigError(`doseCurve: trained must go from low to high inside 0 to 100, got ${trained.join(' to ')}.`);
  const seen = new Set<string>();
  for (const { arm, percent } of points) {
    if (seen.has(`${percent} ${arm}`))
      throw new ConfigError(`doseCurve: one point per arm and percent, got two for ${arm} at ${percent}%.`);
    seen.add(`${percent} ${arm}`);
  }
  const level = references.find(({ arm }, at) => references.findIndex((other) => other.arm === arm) !== at);
  if (level) throw new ConfigError(`doseCurve: one reference level per arm, got two for ${level.arm}.`);
}

function armLine(style: ArmStyle, own: readonly DoseCurvePoint[], hollow: readonly number[]): Data {
  // A point whose neighbours have no interval stands in no band; its interval is drawn as a whisker.
  const alone = own.map((point, at) =>
    [own[at - 1], own[at + 1]].some((next) => next && hasInterval(next)) ? undefined : point.estimate,
  );
  return {
    type: 'scatter',
    mode: 'lines+markers',
    name: plotText(style.name),
    x: own.map(({ percent }) => percent),
    y: own.map(({ estimate }) => estimate.estimate),
    connectgaps: false,
    error_y: { ...whiskers(alone), color: style.colour, thickness: 1.8, width: 5 },
    line: { color: style.colour, width: 2.2, dash: style.dash },
    marker: { color: style.colour, size: 8, symbol: markersOf(style, own, hollow) },
    hovertext: own.map(({ percent, estimate }) => plotText(`${style.name} at ${percent}%: ${printEstimate(estimate)}`)),
    hoverinfo: 'text',
  };
}

function markersOf({ symbol }: ArmStyle, own: readonly DoseCurvePoint[], hollow: readonly number[]) {
  if (hollow.length === 0) return symbol;
  return own.map(({ percent }) => (hollow.includes(percent) ? `${symbol}-open` : symbol));
}

/** A band per run of neighbours with intervals. */
function bands(style: ArmStyle, own: readonly DoseCurvePoint[]): Data[] {
  const runs: DoseCurvePoint[][] = [[]];
  for (const point of own) {
    if (hasInterval(point)) runs[runs.length - 1].push(point);
    else runs.push([]);
  }
  return runs
    .filter((run) => run.length > 1)
    .map((run) =>
      band(
        [...run, ...[...run].reverse()].map(({ percent }) => percent),
        [...run.map(({ estimate }) => estimate.high), ...[...run].reverse().map(({ estimate }) => estimate.low)],
        `${style.colour}26`,
      ),
    );
}

function band(x: number[], y: (number | null)[], fillcolor: string): Data {
  return {
    type: 'scatter',
    mode: 'lines',
    x,
    y,
    fill: 'toself',
    fillcolor,
    line: { width: 0 },
    showlegend: false,
    hoverinfo: 'skip',
  };
}

const hasInterval = ({ estimate }: DoseCurvePoint) => estimate.estimate !== null && estimate.low !== null;
const referenceName = ({ name }: ArmStyle) => `${name} (no label)`;

function referenceBand({ low, high }: Estimate, { colour }: ArmStyle): Data[] {
  return low === null || high === null ? [] : [band([-3, 103, 103, -3], [low, low, high, high], `${colour}1f`)];
}

function referenceLine(estimate: Estimate, style: ArmStyle): Data[] {
  if (estimate.estimate === null) return [];
  return [
    {
      type: 'scatter',
      mode: 'lines',
      name: plotText(referenceName(style)),
      x: [-3, 103],
      y: [estimate.estimate, estimate.estimate],
      line: { color: style.colour, width: 1.8, dash: style.dash },
      hovertext: plotText(`${style.name}, no label: ${printEstimate(estimate)}`),
      hoverinfo: 'text',
    },
  ];
}

function seedLine(points: readonly CurvePoint[], colour: string): Data {
  return {
    type: 'scatter',
    mode: 'lines',
    x: points.map(({ percent }) => percent),
    y: points.map(({ value }) => value),
    line: { color: colour, width: 1 },
    opacity: 0.45,
    showlegend: false,
    hoverinfo: 'skip',
  };
}

function optimumLine({ name, points }: NonNullable<DoseCurveInput['optimum']>): Data {
  return {
    type: 'scatter',
    mode: 'lines',
    name: plotText(name),
    x: points.map(({ percent }) => percent),
    y: points.map(({ value }) => value),
    line: { color: optimumColour, width: 1.2, dash: 'dot' },
    hoverinfo: 'skip',
  };
}

/** Values with room above for the names of the grounds; shares get the whole of 0 to 1. */
function valueAxis({ points, references = [], optimum, seedLines = [] }: DoseCurveInput): {
  range: [number, number];
  ticks: number[] | null;
} {
  const values = [
    ...[...points, ...references].flatMap(({ estimate }) => [estimate.estimate, estimate.low, estimate.high]),
    ...[optimum ?? { points: [] }, ...seedLines].flatMap((line) => line.points.map(({ value }) => value)),
  ].filter((value) => value !== null);
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
  if (least === 0 && most <= 1) return { range: [-0.03, 1.12], ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] };
  const span = most - least || 1;
  return { range: [least - 0.04 * span, most + 0.14 * span], ticks: null };
}

function trainedGround([low, high]: readonly [number, number]): Partial<Shape> {
  return {
    type: 'rect',
    xref: 'x',
    yref: 'paper',
    x0: low,
    x1: high,
    y0: 0,
    y1: 1,
    fillcolor: '#f1f1f1',
    line: { width: 0 },
    layer: 'below',
  };
}

/** What each part of the scale is, written at the top of it where it is wide enough. */
function groundNames([low, high]: readonly [number, number]): Partial<Annotations>[] {
  const name = (from: number, to: number, text: string): Partial<Annotations>[] =>
    // 752 px hold 106 percent, and a letter takes about 6.2 px.
    ((to - from) * 752) / 106 < 6.2 * text.length
      ? []
      : [
          {
            text,
            showarrow: false,
            x: (from + to) / 2,
            xanchor: 'center',
            yref: 'paper',
            y: 1,
            yanchor: 'top',
            yshift: -3,
            font: { size: 12, color: '#5c5c5c' },
          },
        ];
  return [
    ...name(0, low, '<b>never trained</b>'),
    ...name(low, high, `trained: ${low}% to ${high}%`),
    ...name(high, 100, '<b>never trained</b>'),
  ];
}

function altOf({ title, points, references = [], trained }: DoseCurveInput, styles: Map<string, ArmStyle>): string {
  const said = [
    ...references.map(({ arm, estimate }) => `${styles.get(arm)!.name}, no label: ${printEstimate(estimate)}`),
    ...points.map(({ arm, percent, estimate }) => {
      const held = percent < trained[0] || percent > trained[1] ? ' (never trained)' : '';
      return `${styles.get(arm)!.name} at ${percent}%${held}: ${printEstimate(estimate)}`;
    }),
  ];
  return `Label sweep from 0 to 100%. ${title}. ${said.join('; ')}.`;
}
