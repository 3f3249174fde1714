import type { Annotations, Data, Shape } from 'plotly.js';
import { ConfigError } from '../../core';
import { type ArmStyle, armStyles } from './arm-style';
import { type Figure, figureWidthPx } from './figure';
import { chartLayout } from './layout';
import { gridData, gridHeightPx, gridLayout, type Panel, type PanelGrid, paperText, rowTopPx } from './panel-grid';
import { plotText } from './plot-text';
import { runningMean, smoothingSteps } from './running-mean';
import { rampColours } from './sequence-colours';

/** What a probe says of the label: quiet, ignored so far, or ignored with no entropy left to find out. */
export type RlAlarm = 'quiet' | 'label-ignored' | 'collapsed';

/** One arm's training so far. */
export interface RlCurve {
  readonly arm: string;
  /** Mean reward and mean entropy (nats) of each step. */
  readonly steps: readonly { readonly step: number; readonly reward: number | null; readonly entropy: number | null }[];
  /** P(says correct | wrong claim) by the label's text ('' without label), measured on the same prompts each time. */
  readonly probes: readonly {
    readonly step: number;
    readonly byLabel: Readonly<Record<string, number>>;
    readonly alarm: RlAlarm;
  }[];
}

export interface RlCurvesInput {
  readonly curves: readonly RlCurve[];
  /** Default: first and last reward, how far labels stand apart, and the alarm if it rings now. */
  readonly title?: string;
  readonly note?: string;
  /** Steps that the training will have, so that a live figure's axis stands still. */
  readonly totalSteps?: number;
  /** Labels from low to high. Default by the number in them, then as they come. */
  readonly labels?: readonly string[];
  /** Labels that are never trained: dashed. */
  readonly heldOut?: readonly string[];
}

const alarmLooks = {
  'label-ignored': { text: 'label ignored', fill: 'rgba(233,196,106,0.28)', ink: '#7a5c00', y: 1.24 },
  collapsed: { text: 'ALARM: collapsed', fill: 'rgba(178,54,28,0.18)', ink: '#b2361c', y: 1.13 },
} as const;
const keyLinePx = 18;
const swatchPx = 24;
const leftPx = 48;
const rightPx = 24;

/**
 * A reinforcement run by step, in small panels: reward and entropy of all arms (each step thin, running mean bold), then
 * per arm the probability of "correct" on wrong claims under each label, colours in label order, with the spans where
 * the alarm rings. One point is drawn as a marker and an empty panel says so: the figure is good for live use.
 * Throws ConfigError without curves, or with two of one arm.
 */
export function rlCurves({ curves, title, note, totalSteps, labels, heldOut = [] }: RlCurvesInput): Figure {
  if (curves.length === 0) throw new ConfigError('rlCurves: needs at least 1 curve, got 0.');
  const arms = curves.map(({ arm }) => arm);
  const twice = arms.find((arm, at) => arms.indexOf(arm) !== at);
  if (twice !== undefined) throw new ConfigError(`rlCurves: one curve per arm, got two of ${twice}.`);
  const styles = armStyles(arms);
  const ordered = labels ?? labelsInOrder(curves);
  const colours = coloursOf(ordered);
  const isAlone = curves.length === 1;
  const entries = keyEntries(ordered);
  const keyPx = keyLinePx * (1 + Math.max(-1, ...entries.map(({ line }) => line)));
  const last = lastStep(curves);
  const end = Math.max(totalSteps ?? 10, last);
  const xRange: [number, number] = [-0.02 * end, 1.02 * end];
  const rows = 1 + Math.ceil(curves.length / 2);
  const grid: PanelGrid = {
    panels: [
      stepPanel('reward', curves, styles),
      stepPanel('entropy', curves, styles),
      ...curves.map(
        (curve, at): Panel => ({
          row: 1 + Math.floor(at / 2),
          column: isAlone ? null : at % 2 === 0 ? 0 : 1,
          title: `${isAlone ? '' : `${styles.get(curve.arm)!.name}: `}P(says correct | wrong claim), by label`,
          range: [-0.04, 1.3],
          ticks: [0, 0.25, 0.5, 0.75, 1],
          traces: probeTraces(curve, ordered, colours, heldOut),
          empty: curve.probes.length === 0 ? 'no probe yet' : null,
          ...alarmMarks(alarmSpans(curve), xRange),
        }),
      ),
    ],
    gapsPx: Array.from({ length: rows }, (_, row) => (row === 0 ? keyPx + 8 : row === rows - 1 ? 0 : 6)),
    xRange,
    xTitle: 'optimiser step',
  };
  const heightPx = gridHeightPx(grid);
  const finding = title ?? findingOf(curves, styles);
  const below = heldOut.length > 0 ? '; dashed: labels never trained' : '';
  const layout = chartLayout({
    title: finding,
    caption: `Reward and entropy: thin each step, bold running mean over about ${smoothingSteps} steps. By label: the same prompts at every probe${below}.${note ? ` ${note}` : ''}`,
    plotHeightPx: heightPx,
    leftPx,
    rightPx,
    legend: isAlone ? [] : arms.map((arm) => styles.get(arm)!.name),
    xTitle: grid.xTitle,
    xaxis: {},
    yaxis: {},
  });
  const key = keyMarks(entries, colours, heldOut, 1 - (rowTopPx(grid, 1) - keyPx) / heightPx);
  const whole = gridLayout(layout, grid);
  return {
    data: gridData(grid),
    layout: {
      ...whole,
      annotations: [...(whole.annotations ?? []), ...key.annotations],
      shapes: [...(whole.shapes ?? []), ...key.shapes],
    },
    alt: altOf(curves, styles, finding),
  };
}

function stepPanel(
  what: 'reward' | 'entropy',
  curves: readonly RlCurve[],
  styles: ReadonlyMap<string, ArmStyle>,
): Panel {
  const traces = curves.flatMap(({ arm, steps }): Data[] => {
    const style = styles.get(arm)!;
    const shown = steps.flatMap((point) => {
      const value = point[what];
      return value === null ? [] : [{ step: point.step, value }];
    });
    const x = shown.map(({ step }) => step);
    const values = shown.map(({ value }) => value);
    return [
      {
        type: 'scatter',
        mode: 'lines',
        x,
        y: values,
        line: { color: style.colour, width: 1 },
        opacity: 0.25,
        showlegend: false,
        hoverinfo: 'skip',
      },
      {
        type: 'scatter',
        mode: shown.length > 1 ? 'lines' : 'lines+markers',
        name: plotText(style.name),
        x,
        y: runningMean(values),
        line: { color: style.colour, width: 2.4, dash: style.dash },
        marker: { color: style.colour, size: 8, symbol: style.symbol },
        showlegend: what === 'reward',
        hovertemplate: `${plotText(style.name)}, step %{x}: ${what} %{y:.3f}<extra></extra>`,
      },
    ];
  });
  const isEmpty = curves.every(({ steps }) => steps.every((point) => point[what] === null));
  return {
    row: 0,
    column: what === 'reward' ? 0 : 1,
    title: what === 'reward' ? 'mean reward' : 'entropy (nats; even odds have 0.69)',
    range: what === 'entropy' ? [-0.02, 0.75] : isEmpty ? [0, 1.5] : null,
    ...(what === 'entropy' ? { ticks: [0, 0.2, 0.4, 0.6] } : {}),
    traces,
    empty: isEmpty ? 'no step yet' : null,
  };
}

function probeTraces(
  { probes }: RlCurve,
  labels: readonly string[],
  colours: ReadonlyMap<string, string>,
  heldOut: readonly string[],
): Data[] {
  return labels.flatMap((label): Data[] => {
    const own = probes.flatMap(({ step, byLabel }) => (label in byLabel ? [{ step, value: byLabel[label] }] : []));
    if (own.length === 0) return [];
    const colour = colours.get(label)!;
    return [
      {
        type: 'scatter',
        mode: own.length > 12 ? 'lines' : 'lines+markers',
        name: plotText(labelName(label)),
        x: own.map(({ step }) => step),
        y: own.map(({ value }) => value),
        line: { color: colour, width: 2, dash: heldOut.includes(label) ? 'dash' : 'solid' },
        marker: { color: colour, size: own.length > 1 ? 5 : 8 },
        showlegend: false,
        hovertemplate: `${plotText(labelName(label))}, step %{x}: %{y:.2f}<extra></extra>`,
      },
    ];
  });
}

interface AlarmSpan {
  readonly alarm: Exclude<RlAlarm, 'quiet'>;
  readonly from: number;
  readonly to: number;
}

/** Runs of probes with the same alarm, each up to the probe that ends it. */
function alarmSpans({ probes }: RlCurve): AlarmSpan[] {
  const spans: AlarmSpan[] = [];
  for (const [at, { step, alarm }] of probes.entries()) {
    if (alarm === 'quiet') continue;
    const to = probes[at + 1]?.step ?? step;
    if (at > 0 && probes[at - 1].alarm === alarm) spans.push({ ...spans.pop()!, to });
    else spans.push({ alarm, from: step, to });
  }
  return spans;
}

/** Grounds and words of the spans; a word is left out where the one before it of the same kind would touch it. */
function alarmMarks(
  spans: readonly AlarmSpan[],
  [least, most]: readonly [number, number],
): Pick<Panel, 'shapes' | 'annotations'> {
  const shapes = spans.map(
    ({ alarm, from, to }): Partial<Shape> => ({
      type: 'rect',
      x0: from,
      x1: to,
      y0: -0.04,
      y1: 1.3,
      fillcolor: alarmLooks[alarm].fill,
      // A span of one probe has no width; its edge is what shows it.
      line: { width: 1, color: from === to ? alarmLooks[alarm].ink : alarmLooks[alarm].fill },
      layer: 'below',
    }),
  );
  const annotations: Partial<Annotations>[] = [];
  const taken = new Map<string, number>();
  for (const { alarm, from } of spans) {
    if (from < (taken.get(alarm) ?? Number.NEGATIVE_INFINITY)) continue;
    const isLate = from > least + 0.65 * (most - least);
    taken.set(alarm, from + 0.35 * (most - least));
    annotations.push({
      text: `<b>${alarmLooks[alarm].text}</b>`,
      showarrow: false,
      x: from,
      xanchor: isLate ? 'right' : 'left',
      xshift: isLate ? -3 : 3,
      y: alarmLooks[alarm].y,
      yanchor: 'middle',
      font: { size: 11.5, color: alarmLooks[alarm].ink },
    });
  }
  return { shapes, annotations };
}

/** By the number in a label, then in order of appearance; without label first. */
function labelsInOrder(curves: readonly RlCurve[]): string[] {
  const all = [...new Set(curves.flatMap(({ probes }) => probes.flatMap(({ byLabel }) => Object.keys(byLabel))))];
  const numberOf = (label: string) => (label === '' ? Number.NEGATIVE_INFINITY : Number.parseFloat(label));
  if (all.some((label) => Number.isNaN(numberOf(label)))) return all;
  return all.sort((a, b) => (numberOf(a) < numberOf(b) ? -1 : numberOf(a) > numberOf(b) ? 1 : 0));
}

/** Grey without label, which has no place in the order of the labels. */
function coloursOf(labels: readonly string[]): Map<string, string> {
  const worded = labels.filter((label) => label !== '');
  const ramp = rampColours(worded.length);
  return new Map([...worded.map((label, at): [string, string] => [label, ramp[at]]), ['', '#5c5c5c']]);
}

const labelName = (label: string) => (label === '' ? 'no label' : label);

interface KeyEntry {
  readonly label: string;
  /** From the left of the plot area, and which line. */
  readonly xPx: number;
  readonly line: number;
}

/** Where each label stands in the colour key, broken to the width of the figure. */
function keyEntries(labels: readonly string[]): KeyEntry[] {
  let [xPx, line] = [0, 0];
  return labels.map((label) => {
    // A letter of 12 px takes about 6.8 px.
    const widthPx = swatchPx + 18 + 6.8 * labelName(label).length;
    if (xPx > 0 && xPx + widthPx > figureWidthPx - leftPx - rightPx) [xPx, line] = [0, line + 1];
    const entry = { label, xPx, line };
    xPx += widthPx;
    return entry;
  });
}

/** A short line in each label's look and its name, from `top` (share of the plot area) downwards. */
function keyMarks(
  entries: readonly KeyEntry[],
  colours: ReadonlyMap<string, string>,
  heldOut: readonly string[],
  top: number,
): { shapes: Partial<Shape>[]; annotations: Partial<Annotations>[] } {
  const below = ({ line }: KeyEntry) => keyLinePx * (line + 0.5);
  return {
    shapes: entries.map((entry) => ({
      type: 'line',
      xref: 'paper',
      yref: 'paper',
      xsizemode: 'pixel',
      ysizemode: 'pixel',
      xanchor: 0,
      yanchor: top,
      x0: entry.xPx,
      x1: entry.xPx + swatchPx,
      y0: -below(entry),
      y1: -below(entry),
      line: { color: colours.get(entry.label), width: 2.4, dash: heldOut.includes(entry.label) ? 'dash' : 'solid' },
    })),
    annotations: entries.map((entry) =>
      paperText(plotText(labelName(entry.label)), 0, top, {
        yanchor: 'middle',
        xshift: entry.xPx + swatchPx + 3,
        yshift: -below(entry),
        font: { size: 12 },
      }),
    ),
  };
}

function lastStep(curves: readonly RlCurve[]): number {
  return Math.max(0, ...curves.flatMap(({ steps, probes }) => [...steps, ...probes].map(({ step }) => step)));
}

function findingOf(curves: readonly RlCurve[], styles: ReadonlyMap<string, ArmStyle>): string {
  const said = curves.flatMap(({ arm, steps, probes }) => {
    const rewards = runningMean(steps.flatMap(({ reward }) => reward ?? []));
    const latest = probes[probes.length - 1];
    const values = Object.values(latest?.byLabel ?? {});
    const reward = [...new Set([rewards[0], rewards[rewards.length - 1]].map((value) => value?.toFixed(2)))].join(
      ' to ',
    );
    const parts = [
      ...(rewards.length > 0 && (curves.length === 1 || values.length < 2) ? [`reward ${reward}`] : []),
      ...(values.length > 1 ? [`labels ${(Math.max(...values) - Math.min(...values)).toFixed(2)} apart`] : []),
      ...(latest && latest.alarm !== 'quiet' ? [alarmLooks[latest.alarm].text] : []),
    ];
    return parts.length === 0 ? [] : [`${styles.get(arm)!.name}: ${parts.join(', ')}`];
  });
  return said.length === 0 ? 'No step yet' : `Step ${lastStep(curves)}. ${said.join('; ')}`;
}

function altOf(curves: readonly RlCurve[], styles: ReadonlyMap<string, ArmStyle>, finding: string): string {
  const ends = curves.flatMap(({ arm, probes }) => {
    const latest = probes[probes.length - 1];
    if (!latest) return [];
    const values = Object.entries(latest.byLabel).map(([label, value]) => `${labelName(label)} ${value.toFixed(2)}`);
    return [`${styles.get(arm)!.name} at step ${latest.step}, P(says correct | wrong claim): ${values.join(', ')}`];
  });
  return `Reinforcement by step. ${finding}.${ends.length > 0 ? ` ${ends.join('; ')}.` : ''}`;
}
