import type { Annotations, Data } from 'plotly.js';
import { ConfigError } from '../../core';
import { type Estimate, printEstimate } from '../stats/estimate';
import { armStyles } from './arm-style';
import { type ChartNotes, captionOf } from './caption';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { plotText, spoken, wrapped } from './plot-text';
import { whiskers } from './whiskers';

/** One bar: an arm under a condition, mostly the label it was asked with. */
export interface ArmBar {
  readonly arm: string;
  readonly condition: string;
  readonly estimate: Estimate;
}

export interface ArmBarsInput extends ChartNotes {
  /** Conditions stand from left to right in order of first appearance, and bars inside a condition as given. */
  readonly bars: readonly ArmBar[];
}

/**
 * Bars with intervals: one group per condition, one bar per arm. A missing estimate leaves its place free and the
 * caption says why. Throws ConfigError without bars, or with two bars for one arm and condition.
 */
export function armBars(input: ArmBarsInput): Figure {
  const { bars } = input;
  if (bars.length === 0) throw new ConfigError('armBars: needs at least 1 bar, got 0. Pass the estimates to draw.');
  for (const { arm, condition } of bars) {
    const same = bars.filter((bar) => bar.arm === arm && bar.condition === condition).length;
    if (same > 1)
      throw new ConfigError(`armBars: one bar per arm and condition, got ${same} for ${arm}, ${condition}.`);
  }
  const arms = [...new Set(bars.map((bar) => bar.arm))];
  const conditions = [...new Set(bars.map((bar) => bar.condition))];
  const styles = armStyles(arms);
  // Bars of one condition stand centred on it, also where not every arm has one.
  const groups = conditions.map((condition) => bars.filter((bar) => bar.condition === condition));
  const slot = 0.76 / Math.max(...groups.map((group) => group.length), 1.6);
  const placed = groups.flatMap((group, at) =>
    group.map((bar, order) => ({ ...bar, x: at + (order - (group.length - 1) / 2) * slot })),
  );
  const data = arms.map((arm): Data => {
    const style = styles.get(arm)!;
    const own = placed.filter((bar) => bar.arm === arm);
    return {
      type: 'bar',
      name: plotText(style.name),
      x: own.map(({ x }) => x),
      y: own.map(({ estimate }) => estimate.estimate),
      width: slot * 0.9,
      error_y: {
        ...whiskers(own.map(({ estimate }) => estimate)),
        color: '#262626',
        thickness: 1.5,
        width: 5,
      },
      marker: { color: style.colour },
      hovertext: own.map(({ condition, estimate }) =>
        plotText(`${style.name}, ${spoken(condition)}: ${printEstimate(estimate)}`),
      ),
      hoverinfo: 'text',
    };
  });
  const gaps = placed
    .filter(({ estimate }) => estimate.estimate === null)
    .map(
      ({ x }): Partial<Annotations> => ({
        text: 'missing',
        textangle: '-90',
        showarrow: false,
        x,
        y: 0,
        yanchor: 'bottom',
        font: { size: 12, color: '#5c5c5c' },
      }),
    );
  const ticks = conditions.map((condition) =>
    wrapped(spoken(condition), Math.max(8, Math.floor(96 / conditions.length))),
  );
  const layout = chartLayout({
    title: input.title,
    caption: captionOf(
      input,
      bars.map(({ arm, condition, estimate }) => ({
        name: `${styles.get(arm)!.name}, ${spoken(condition)}`,
        estimate,
      })),
    ),
    plotHeightPx: 300,
    legend: arms.map((arm) => styles.get(arm)!.name),
    yTitle: input.measure,
    tickLines: Math.max(...ticks.map((lines) => lines.length)),
    xaxis: {
      tickmode: 'array',
      tickvals: conditions.map((_, at) => at),
      ticktext: ticks.map((lines) => lines.map(plotText).join('<br>')),
      range: [-0.5, conditions.length - 0.5],
      showgrid: false,
      zeroline: false,
    },
    yaxis: { zeroline: true },
  });
  const alt = `Bar chart. ${input.title}. ${bars
    .map(({ arm, condition, estimate }) => `${styles.get(arm)!.name}, ${spoken(condition)}: ${printEstimate(estimate)}`)
    .join('; ')}.`;
  return {
    data,
    layout: { ...layout, barmode: 'overlay', annotations: [...(layout.annotations ?? []), ...gaps] },
    alt,
  };
}
