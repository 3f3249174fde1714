import type { Data } from 'plotly.js';
import { ConfigError } from '../../core';
import { type Estimate, printEstimate } from '../stats/estimate';
import { armStyles } from './arm-style';
import { type ChartNotes, captionOf } from './caption';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { plotText, spoken, wrapped } from './plot-text';

/** One bar: an arm under a condition, mostly the label it was asked with. */
export interface ArmBar {
  readonly arm: string;
  readonly condition: string;
  readonly estimate: Estimate;
}

export interface ArmBarsInput extends ChartNotes {
  /** Conditions stand from left to right, and arms inside a condition, in order of first appearance. */
  readonly bars: readonly ArmBar[];
}

/**
 * Bars with intervals: one group per condition, one bar per arm. A missing estimate leaves its place free and the
 * caption says why. Throws ConfigError without bars, or with two bars for one arm and condition.
 */
export function armBars(input: ArmBarsInput): Figure {
  const { bars } = input;
  if (bars.length === 0) throw new ConfigError('armBars: needs at least 1 bar, got 0. Pass the estimates to draw.');
  const arms = [...new Set(bars.map((bar) => bar.arm))];
  const conditions = [...new Set(bars.map((bar) => bar.condition))];
  const styles = armStyles(arms);
  const widest = Math.max(...arms.map((arm) => bars.filter((bar) => bar.arm === arm).length));
  // Arms with one condition each would leave holes in the groups: there the bars stand centred, one per condition.
  const overlaid = widest === 1 && conditions.length === bars.length;
  const data = arms.map((arm): Data => {
    const style = styles.get(arm)!;
    const own = conditions.map((condition) => {
      const found = bars.filter((bar) => bar.arm === arm && bar.condition === condition);
      if (found.length > 1)
        throw new ConfigError(`armBars: one bar per arm and condition, got ${found.length} for ${arm}, ${condition}.`);
      return found[0]?.estimate;
    });
    return {
      type: 'bar',
      name: plotText(style.name),
      x: conditions.map((_, at) => at),
      y: own.map((estimate) => estimate?.estimate ?? null),
      error_y: {
        type: 'data',
        symmetric: false,
        array: own.map((estimate) => above(estimate)),
        arrayminus: own.map((estimate) => below(estimate)),
        color: '#262626',
        thickness: 1.5,
        width: 5,
      },
      marker: { color: style.colour },
      hovertext: own.map((estimate, at) =>
        plotText(`${style.name}, ${spoken(conditions[at])}: ${estimate ? printEstimate(estimate) : 'not run'}`),
      ),
      hoverinfo: 'text',
    };
  });
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
    axisPx: 66,
    xaxis: {
      tickmode: 'array',
      tickvals: conditions.map((_, at) => at),
      ticktext: conditions.map((condition) =>
        wrapped(spoken(condition), Math.max(8, Math.floor(96 / conditions.length)))
          .map(plotText)
          .join('<br>'),
      ),
      range: [-0.5, conditions.length - 0.5],
      showgrid: false,
    },
    yaxis: { title: { text: plotText(input.measure), standoff: 8 }, zeroline: true },
  });
  const alt = `Bar chart. ${input.title}. ${bars
    .map(({ arm, condition, estimate }) => `${styles.get(arm)!.name}, ${spoken(condition)}: ${printEstimate(estimate)}`)
    .join('; ')}.`;
  return { data, layout: { ...layout, barmode: overlaid ? 'overlay' : 'group', bargap: 0.35, bargroupgap: 0.08 }, alt };
}

/** Length of the upper whisker; null draws none. */
export function above(value: Estimate | undefined): number {
  return value?.estimate != null && value.high !== null ? value.high - value.estimate : (null as unknown as number);
}

/** Length of the lower whisker; null draws none. */
export function below(value: Estimate | undefined): number {
  return value?.estimate != null && value.low !== null ? value.estimate - value.low : (null as unknown as number);
}
