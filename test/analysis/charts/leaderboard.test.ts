import { describe, expect, it } from 'vitest';
import { type Figure, figurePng, type LeaderboardRow, leaderboard } from '../../../src/analysis/charts';
import { type Estimate, missingEstimate } from '../../../src/analysis/stats';
import { ConfigError } from '../../../src/core';

const method = 't over topics';
const of = (estimate: number, low: number | null = estimate - 1, high: number | null = estimate + 1): Estimate => ({
  estimate,
  low,
  high,
  level: 0.95,
  method,
  n: 24,
  reason: low === null ? '2 of the 8 topics that an interval needs' : null,
});
const row = (
  name: string,
  pilot: number | null,
  shrunk: number | null,
  confirmed: Estimate | null = null,
): LeaderboardRow => ({ name, pilot, shrunk, confirmed });
const rows = [
  row('out, poor', 1, 0.5),
  row('confirmed second', -9, -6, of(-2)),
  row('out, good', -7, -5),
  row('never piloted', null, null),
  row('confirmed first', -8, -5.5, of(-4)),
];
const notes = { title: 'A finding', measure: 'difference to the plain label (nats)', temperature: 0.7, isProxy: true };
const figure = leaderboard({ ...notes, rows, better: 'lower' });

interface Dots {
  readonly name: string;
  readonly x: (number | null)[];
  readonly y: number[];
  readonly hovertext: string[];
  readonly error_x?: { readonly array: unknown[]; readonly arrayminus?: unknown[] };
}
const trace = ({ data }: Figure, name: string) => data.find((one) => (one as Dots).name === name) as unknown as Dots;
const order = ({ layout }: Figure) => layout.yaxis?.ticktext;
const textsOf = ({ layout }: Figure) =>
  (layout.annotations ?? []).map(({ text }) => String(text).replaceAll('<br>', ' ')).join('\n');

describe('leaderboard', () => {
  it('is plain JSON, 848 px wide, with a height, words, and never responsive', () => {
    expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
    expect(figure.layout.width).toBe(848);
    expect(figure.layout.height).toBeGreaterThan(150);
    expect(JSON.stringify(figure)).not.toContain('responsive');
    expect(figure.alt).toContain('confirmed first, pilot −8.00, confirmed ');
  });

  it('confirmed candidates stand above those that went out, each group from the best down, and the unknown last', () => {
    expect(order(figure)).toEqual(['confirmed first', 'confirmed second', 'out, good', 'out, poor', 'never piloted']);
    expect(order(leaderboard({ ...notes, rows, better: 'higher' }))).toEqual([
      'confirmed second',
      'confirmed first',
      'out, poor',
      'out, good',
      'never piloted',
    ]);
    expect(trace(figure, 'pilot').y).toEqual([...trace(figure, 'pilot').y].sort((a, b) => b - a));
  });

  it('does not reorder the rows that it was given', () => {
    expect(rows[0].name).toBe('out, poor');
  });

  it('shows pilot, the pilot drawn toward the mean and the confirmation apart; what is missing is a gap, not 0', () => {
    expect(trace(figure, 'pilot').x).toEqual([-8, -9, -7, 1, null]);
    expect(trace(figure, 'pilot, drawn toward the mean').x).toEqual([-5.5, -6, -5, 0.5, null]);
    expect(trace(figure, 'confirmed on fresh topics').x).toEqual([-4, -2, null, null, null]);
  });

  it('only a confirmation with an interval has whiskers, as long as the interval', () => {
    const { error_x: whiskers } = trace(
      leaderboard({
        ...notes,
        rows: [row('a', 0, 0, of(1, 0.5, 3)), row('b', 0, 0, of(2, null, null))],
        better: 'lower',
      }),
      'confirmed on fresh topics',
    );
    expect(whiskers?.array.map(Number)).toEqual([2, Number.NaN]);
    expect(whiskers?.arrayminus?.map(Number)).toEqual([0.5, Number.NaN]);
  });

  it('a confirmation that is missing says why', () => {
    const gone = missingEstimate(method, 0.95, 0, 'no text could be judged');
    const one = leaderboard({ ...notes, rows: [row('lost', -1, -1, gone)], better: 'lower' });
    expect(textsOf(one)).toContain('missing (no text could be judged): lost');
    expect(trace(one, 'confirmed on fresh topics').x).toEqual([null]);
  });

  it('states n, interval method, temperature and that the judge is a proxy', () => {
    expect(textsOf(figure)).toMatch(
      /n = 24 topics each · intervals: 95% t over topics · sampling temperature 0.7 · PROXY/,
    );
  });

  it('every mark has a colour that can be seen: an open symbol is drawn in its own', () => {
    for (const one of figure.data)
      expect((one as { marker: { color: string } }).marker.color).toMatch(/^#[0-9a-f]{6}$/);
  });

  it('a line stands at 0', () => expect(figure.layout.xaxis?.zeroline).toBe(true));

  it('no candidate is an error', () =>
    expect(() => leaderboard({ ...notes, rows: [], better: 'lower' })).toThrow(ConfigError));

  it('hostile names reach Plotly escaped', () => {
    const hostile = '<b>bold</b> & <a href="javascript:alert(1)">x</a>';
    const { alt: _, ...drawn } = leaderboard({
      title: hostile,
      measure: hostile,
      note: hostile,
      rows: [row(hostile, 1, 1, of(1))],
      better: 'lower',
    });
    expect(JSON.stringify(drawn)).not.toMatch(/<a|<b>bold/);
  });

  it('draws to a picture', async () => {
    const png = await figurePng(figure);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
  });
});
