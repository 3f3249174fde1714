import type { Data } from 'plotly.js';
import { ConfigError } from '../../core';
import { type Estimate, printEstimate } from '../stats/estimate';
import { type ChartNotes, captionOf, signed } from './caption';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { plotText, wrapped } from './plot-text';
import { whiskers } from './whiskers';

/** One candidate: what a pilot said, what to expect of it, and its confirmation. */
export interface LeaderboardRow {
  readonly name: string;
  /** Mean of the pilot; null if it was not piloted. */
  readonly pilot: number | null;
  /** The pilot drawn toward the mean of all candidates; null where that cannot be told. */
  readonly shrunk: number | null;
  /** On data that chose nothing; null for candidates that went out. */
  readonly confirmed: Estimate | null;
}

export interface LeaderboardInput extends ChartNotes {
  readonly rows: readonly LeaderboardRow[];
  /** Which end stands on top. */
  readonly better: 'lower' | 'higher';
}

/**
 * Candidates from the best down: a circle for the pilot, a small dot for the pilot drawn toward the mean (the best of several looks
 * better than it is), a diamond with its interval for the confirmation, a line at 0. Throws ConfigError without rows.
 */
export function leaderboard(input: LeaderboardInput): Figure {
  if (input.rows.length === 0) throw new ConfigError('leaderboard: needs at least 1 candidate, got 0.');
  const sign = input.better === 'lower' ? 1 : -1;
  const placeOf = ({ confirmed, shrunk, pilot }: LeaderboardRow) => {
    const value = confirmed?.estimate ?? shrunk ?? pilot;
    return value === null ? Number.MAX_VALUE : sign * value;
  };
  const isConfirmed = ({ confirmed }: LeaderboardRow) => (confirmed ? 0 : 1);
  const rows = [...input.rows].sort((a, b) => isConfirmed(a) - isConfirmed(b) || placeOf(a) - placeOf(b));
  const y = rows.map((_, at) => rows.length - 1 - at);
  const dots = (
    name: string,
    values: readonly (number | null)[],
    offset: number,
    marker: object,
    hover: readonly string[],
  ): Data => ({
    type: 'scatter',
    mode: 'markers',
    name,
    x: [...values],
    y: y.map((at) => at + offset),
    marker,
    hovertext: hover.map(plotText),
    hoverinfo: 'text',
  });
  const said = (what: string, value: number | null) => (value === null ? '' : `${what} ${signed(value, 2)}`);
  const data: Data[] = [
    dots(
      'pilot',
      rows.map(({ pilot }) => pilot),
      -0.18,
      { color: '#0072b2', size: 10, symbol: 'circle-open', line: { width: 1.5 } },
      rows.map(({ name, pilot }) => `${name}: ${said('pilot', pilot)}`),
    ),
    dots(
      'pilot, drawn toward the mean',
      rows.map(({ shrunk }) => shrunk),
      -0.18,
      { color: '#0072b2', size: 6 },
      rows.map(({ name, shrunk }) => `${name}: ${said('drawn toward the mean', shrunk)}`),
    ),
    {
      ...dots(
        'confirmed on fresh topics',
        rows.map(({ confirmed }) => confirmed?.estimate ?? null),
        0.14,
        { color: '#111111', size: 11, symbol: 'diamond' },
        rows.map(({ name, confirmed }) => (confirmed ? `${name}: ${printEstimate(confirmed)}` : '')),
      ),
      error_x: {
        ...whiskers(rows.map(({ confirmed }) => confirmed ?? undefined)),
        color: '#111111',
        thickness: 2,
        width: 6,
      },
    } as Data,
  ];
  const confirmed = rows.flatMap(({ name, confirmed: estimate }) => (estimate ? [{ name, estimate }] : []));
  const layout = chartLayout({
    title: input.title,
    caption: captionOf(input, confirmed),
    plotHeightPx: 60 + 46 * rows.length,
    leftPx: 260,
    legend: ['pilot', 'pilot, drawn toward the mean', 'confirmed on fresh topics'],
    xTitle: input.measure,
    xaxis: { zeroline: true, zerolinecolor: '#5c5c5c', zerolinewidth: 1.5 },
    yaxis: {
      tickmode: 'array',
      tickvals: y,
      ticktext: rows.map(({ name }) => wrapped(name, 38).slice(0, 2).map(plotText).join('<br>')),
      range: [-0.6, rows.length - 0.4],
      showgrid: false,
      zeroline: false,
    },
  });
  const spoken = rows.map(({ name, pilot, confirmed: estimate }) =>
    [name, said('pilot', pilot), estimate ? `confirmed ${printEstimate(estimate)}` : ''].filter(Boolean).join(', '),
  );
  return { data, layout, alt: `Leaderboard. ${input.title}. ${spoken.join('; ')}.` };
}
