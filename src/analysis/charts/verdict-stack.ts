import type { Annotations, Data } from 'plotly.js';
import { ConfigError } from '../../core';
import { armStyles } from './arm-style';
import { type ChartNotes, captionOf } from './caption';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { plotText, spoken, wrapped } from './plot-text';

/** Verdicts of one arm under one condition, as counts; `missing` are texts without a verdict. */
export interface VerdictCounts {
  readonly arm: string;
  readonly condition: string;
  readonly PASS: number;
  readonly PARTIAL: number;
  readonly FAIL: number;
  readonly missing: number;
}

export interface VerdictStackInput extends Omit<ChartNotes, 'measure'> {
  readonly stacks: readonly VerdictCounts[];
}

const verdicts = [
  { key: 'PASS', colour: '#009e73', ink: '#ffffff' },
  { key: 'PARTIAL', colour: '#e9c46a', ink: '#262626' },
  { key: 'FAIL', colour: '#b2361c', ink: '#ffffff' },
  { key: 'missing', colour: '#c9c9c9', ink: '#262626' },
] as const;

const countsNote = 'bars are shares of all texts of an arm and condition, numbers are counts';

/**
 * Stacked shares of PASS, PARTIAL, FAIL and missing verdicts, one bar per arm and condition, counts written inside.
 * Shares are of all texts, so that a missing verdict is seen and not spread over the others. Throws ConfigError
 * without stacks or for a count that is not a whole number from 0 up.
 */
export function verdictStack(input: VerdictStackInput): Figure {
  const { stacks } = input;
  if (stacks.length === 0) throw new ConfigError('verdictStack: needs at least 1 bar, got 0.');
  for (const stack of stacks)
    for (const { key } of verdicts)
      if (!Number.isInteger(stack[key]) || stack[key] < 0)
        throw new ConfigError(
          `verdictStack: counts must be whole numbers from 0 up, got ${key} ${stack[key]} (${stack.arm}).`,
        );
  const styles = armStyles(stacks.map(({ arm }) => arm));
  const totals = stacks.map((stack) => verdicts.reduce((sum, { key }) => sum + stack[key], 0));
  const names = stacks.map(({ arm, condition }) => `${styles.get(arm)!.name}, ${spoken(condition)}`);
  const rows = stacks.map((_, at) => stacks.length - 1 - at);
  const used = verdicts.filter(({ key }) => key !== 'missing' || stacks.some((stack) => stack.missing > 0));
  const data = used.map(
    ({ key, colour, ink }): Data => ({
      type: 'bar',
      orientation: 'h',
      name: key,
      y: rows,
      x: stacks.map((stack, at) => (totals[at] === 0 ? null : stack[key] / totals[at])),
      // A count is written where its part is wide enough to hold it.
      text: stacks.map((stack, at) => (stack[key] / totals[at] > 0.035 ? String(stack[key]) : '')),
      textposition: 'inside',
      insidetextanchor: 'middle',
      textangle: 0,
      textfont: { color: ink, size: 12 },
      marker: { color: colour, line: { color: '#ffffff', width: 1 } },
      hovertext: stacks.map((stack, at) => plotText(`${names[at]}: ${key} ${stack[key]} of ${totals[at]}`)),
      hoverinfo: 'text',
    }),
  );
  const layout = chartLayout({
    title: input.title,
    caption: captionOf({ ...input, measure: '', note: [countsNote, input.note].filter(Boolean).join(' · ') }, []),
    plotHeightPx: 16 + 34 * stacks.length,
    leftPx: 196,
    rightPx: 64,
    legend: used.map(({ key }) => key),
    xTitle: 'share of texts',
    xaxis: { tickformat: '.0%', range: [0, 1], zeroline: false },
    yaxis: {
      tickmode: 'array',
      tickvals: rows,
      ticktext: names.map((name) => tickOf(name)),
      tickfont: { size: 12 },
      range: [-0.6, stacks.length - 0.4],
      showgrid: false,
      zeroline: false,
    },
  });
  const sizes = totals.map(
    (total, at): Partial<Annotations> => ({
      text: `n = ${total}`,
      showarrow: false,
      xref: 'paper',
      x: 1,
      xanchor: 'left',
      xshift: 6,
      yref: 'y',
      y: rows[at],
      font: { size: 12 },
    }),
  );
  const alt = `Verdicts. ${input.title}. ${stacks
    .map((stack, at) => `${names[at]}: ${verdicts.map(({ key }) => `${key} ${stack[key]}`).join(', ')}`)
    .join('; ')}.`;
  return {
    data,
    layout: { ...layout, barmode: 'stack', bargap: 0.25, annotations: [...(layout.annotations ?? []), ...sizes] },
    alt,
  };
}

/** A name on at most two lines. */
function tickOf(name: string): string {
  const [first, second, third] = wrapped(name, 28);
  return [first, second && (third ? `${second}…` : second)].filter(Boolean).map(plotText).join('<br>');
}
