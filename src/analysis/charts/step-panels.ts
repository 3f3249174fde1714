import type { Data } from 'plotly.js';
import { ConfigError } from '../../core';
import { armStyles } from './arm-style';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { gridData, gridHeightPx, gridLayout, type Panel, type PanelGrid } from './panel-grid';
import { plotText } from './plot-text';
import { runningMean, smoothingSteps } from './running-mean';
import { rampColours } from './sequence-colours';

/** One line of a panel; the same name has the same colour in every panel. */
export interface StepLine {
  readonly name: string;
  /** A value that was not measured at a step is null and left out. */
  readonly points: readonly { readonly step: number; readonly value: number | null }[];
}

export interface StepPanel {
  readonly title: string;
  readonly lines: readonly StepLine[];
  /** Of the value axis; default as Plotly chooses. */
  readonly range?: readonly [number, number];
}

export interface StepPanelsInput {
  /** Two a row, in this order; one alone has the whole width. */
  readonly panels: readonly StepPanel[];
  readonly title: string;
  readonly note?: string;
  /** apart: names that have no order, told apart by colour and dash. ordered: names from low to high, dark to light. Default apart. */
  readonly names?: 'apart' | 'ordered';
}

/**
 * What was logged at each step of training, in small panels over one step axis: every line thin as logged, its running
 * mean bold; lines of up to 40 points as they are. Throws ConfigError without a panel or without a line.
 */
export function stepPanels({ panels, title, note, names = 'apart' }: StepPanelsInput): Figure {
  const known = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  if (known.length === 0)
    throw new ConfigError(`stepPanels: needs at least 1 panel with a line, got ${panels.length} panels without one.`);
  const ramp = rampColours(known.length);
  const styles = armStyles(known);
  const look = (name: string) =>
    names === 'ordered'
      ? { colour: ramp[known.indexOf(name)], dash: 'solid' as const, name }
      : { ...styles.get(name)! };
  const last = Math.max(
    1,
    ...panels.flatMap(({ lines }) => lines.flatMap(({ points }) => points.map(({ step }) => step))),
  );
  const rows = panels.length === 1 ? 1 : Math.ceil(panels.length / 2);
  const told = new Set<string>();
  const grid: PanelGrid = {
    panels: panels.map(
      ({ title: own, lines, range = null }, at): Panel => ({
        row: Math.floor(at / 2),
        column: panels.length === 1 ? null : at % 2 === 0 ? 0 : 1,
        title: own,
        range,
        traces: lines.flatMap((line) => {
          const traces = tracesOf(line, look(line.name), !told.has(line.name));
          told.add(line.name);
          return traces;
        }),
        empty: lines.every(({ points }) => points.every(({ value }) => value === null)) ? 'not measured' : null,
      }),
    ),
    gapsPx: Array.from({ length: rows }, (_, row) => (row === rows - 1 ? 0 : 10)),
    xRange: [-0.02 * last, 1.02 * last],
    xTitle: 'optimiser step',
  };
  const isSmoothed = panels.some(({ lines }) => lines.some(({ points }) => measured(points).length > fewPoints));
  const smoothed = isSmoothed ? `Thin: each step; bold: running mean over about ${smoothingSteps} steps.` : '';
  const layout = chartLayout({
    title,
    caption: [smoothed, note].filter(Boolean).join(' '),
    plotHeightPx: gridHeightPx(grid),
    leftPx: 56,
    legend: known.map((name) => look(name).name),
    xTitle: grid.xTitle,
    xaxis: {},
    yaxis: {},
  });
  return { data: gridData(grid), layout: gridLayout(layout, grid), alt: altOf(panels, title) };
}

/** Up to so many points a line is drawn as it is, and has markers. */
const fewPoints = 40;
const fewMarkers = 25;

function measured(points: StepLine['points']): { readonly step: number; readonly value: number }[] {
  return points.flatMap(({ step, value }) => (value === null ? [] : [{ step, value }]));
}

function tracesOf(
  { points }: StepLine,
  {
    name,
    colour,
    dash,
  }: { readonly name: string; readonly colour: string; readonly dash: 'solid' | 'dot' | 'dash' | 'dashdot' },
  inLegend: boolean,
): Data[] {
  const shown = measured(points);
  const x = shown.map(({ step }) => step);
  const values = shown.map(({ value }) => value);
  const few = shown.length <= fewPoints;
  const bold: Data = {
    type: 'scatter',
    mode: shown.length <= fewMarkers ? 'lines+markers' : 'lines',
    name: plotText(name),
    legendgroup: plotText(name),
    x,
    y: few ? values : runningMean(values),
    line: { color: colour, width: 2.2, dash },
    marker: { color: colour, size: 5 },
    showlegend: inLegend,
    hovertemplate: `${plotText(name)}, step %{x}: %{y:.3f}<extra></extra>`,
  };
  const thin: Data = {
    type: 'scatter',
    mode: 'lines',
    legendgroup: plotText(name),
    x,
    y: values,
    line: { color: colour, width: 1 },
    opacity: 0.22,
    showlegend: false,
    hoverinfo: 'skip',
  };
  return few ? [bold] : [thin, bold];
}

function altOf(panels: readonly StepPanel[], title: string): string {
  const ends = panels.map(({ title: own, lines }) => {
    const last = lines.flatMap(({ name, points }) => {
      const value = points.flatMap((point) => point.value ?? []).at(-1);
      return value === undefined ? [] : [`${name} ${value.toFixed(2)}`];
    });
    return `${own}, at the last step: ${last.join(', ') || 'not measured'}`;
  });
  return `${title}. ${ends.join('; ')}.`;
}
