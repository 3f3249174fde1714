import type { Annotations, Data, Shape } from 'plotly.js';
import { ConfigError } from '../../core';
import type { ConfusionTable } from '../stats/agreement-confusion';
import type { Category } from '../stats/agreement-kappa';
import { printEstimate } from '../stats/estimate';
import { type ChartNotes, captionOf } from './caption';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { plotText } from './plot-text';

export interface ConfusionChartInput extends Omit<ChartNotes, 'measure'> {
  readonly table: ConfusionTable<Category>;
  /** What the raters are called; the left one stands at the side, the right one underneath. */
  readonly names: { readonly left: string; readonly right: string };
}

// One hue, so that lightness alone tells shares apart; the number stands in each cell.
const hue = [0, 90, 150] as const;
const cellPx = 74;

/**
 * Which categories two raters gave to the same items: a cell each, the deeper the larger its share of its row, with the
 * count and that share written in; agreement is framed, totals stand at the edges. Throws ConfigError for an empty table.
 */
export function confusionChart(input: ConfusionChartInput): Figure {
  const { table, names } = input;
  const { categories, counts, leftTotals, rightTotals, n, rightPerLeft } = table;
  if (n === 0)
    throw new ConfigError(
      'confusionChart: needs at least 1 item that both raters rated, got 0. Label or judge the same texts.',
    );
  const k = categories.length;
  const share = (i: number, j: number) => rightPerLeft[i][j].estimate ?? 0;
  const cells = categories.flatMap((_, i) => categories.map((_, j) => ({ i, j, x: j, y: k - 1 - i })));
  const data: Data[] = [
    {
      // Cells are shapes, which have no hover of their own.
      type: 'scatter',
      mode: 'markers',
      x: cells.map(({ x }) => x),
      y: cells.map(({ y }) => y),
      marker: { symbol: 'square', size: 30, color: 'rgba(0,0,0,0)' },
      hovertext: cells.map(({ i, j }) =>
        plotText(
          `${names.left} ${categories[i]}, ${names.right} ${categories[j]}: ${counts[i][j]} of ${leftTotals[i]}, share ${printEstimate(rightPerLeft[i][j])}`,
        ),
      ),
      hoverinfo: 'text',
      showlegend: false,
    },
  ];
  const shapes = cells.map(
    ({ i, j, x, y }): Partial<Shape> => ({
      type: 'rect',
      x0: x - 0.47,
      x1: x + 0.47,
      y0: y - 0.47,
      y1: y + 0.47,
      fillcolor: `rgba(${hue.join(',')},${(0.06 + 0.84 * share(i, j)).toFixed(3)})`,
      line: i === j ? { width: 2.5, color: '#262626' } : { width: 1, color: '#ffffff' },
      layer: 'below',
    }),
  );
  const inside = cells.map(
    ({ i, j, x, y }): Partial<Annotations> => ({
      text: `<b>${counts[i][j]}</b>${leftTotals[i] > 0 ? `<br>${Math.round(100 * share(i, j))}%` : ''}`,
      showarrow: false,
      x,
      y,
      font: { size: 14, color: share(i, j) > 0.5 ? '#ffffff' : '#262626' },
    }),
  );
  const total = (text: string, x: number, y: number): Partial<Annotations> => ({
    text,
    showarrow: false,
    x,
    y,
    font: { size: 13, color: '#5c5c5c' },
  });
  const totals = [
    total('all', k - 0.2, k - 0.35),
    ...leftTotals.map((count, i) => total(String(count), k - 0.2, k - 1 - i)),
    ...rightTotals.map((count, j) => total(String(count), j, -0.68)),
    total(String(n), k - 0.2, -0.68),
  ];
  const gone = table.onlyLeft + table.onlyRight + table.neither;
  const note = [
    `same category: ${printEstimate(table.agreementPerItem)}`,
    'percentages and depth: share of the row',
    gone > 0 &&
      `left out: ${table.onlyLeft} rated by ${names.left} alone, ${table.onlyRight} by ${names.right} alone, ${table.neither} by neither`,
    input.note,
  ].filter((part): part is string => Boolean(part));
  const layout = chartLayout({
    title: input.title,
    caption: captionOf({ ...input, unit: input.unit ?? 'items', measure: '', note: note.join(' · ') }, [
      { name: 'same category', estimate: table.agreementPerItem },
    ]),
    plotHeightPx: cellPx * k + 40,
    leftPx: 150,
    rightPx: Math.max(24, 848 - 150 - 150 * (k + 0.5)),
    xTitle: names.right,
    yTitle: names.left,
    xaxis: {
      tickmode: 'array',
      tickvals: categories.map((_, at) => at),
      ticktext: categories.map((category) => plotText(String(category))),
      range: [-0.5, k],
      showgrid: false,
      zeroline: false,
    },
    yaxis: {
      tickmode: 'array',
      tickvals: categories.map((_, at) => k - 1 - at),
      ticktext: categories.map((category) => plotText(String(category))),
      range: [-0.9, k - 0.2],
      showgrid: false,
      zeroline: false,
    },
  });
  const alt = `Table of two raters. ${input.title}. ${categories
    .map((left, i) => `${names.left} ${left}: ${categories.map((right, j) => `${right} ${counts[i][j]}`).join(', ')}`)
    .join('; ')}.`;
  return {
    data,
    layout: { ...layout, shapes, annotations: [...(layout.annotations ?? []), ...inside, ...totals] },
    alt,
  };
}
