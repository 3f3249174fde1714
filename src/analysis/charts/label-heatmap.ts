import type { Annotations, Data } from 'plotly.js';
import { ConfigError } from '../../core';
import { type Estimate, printEstimate } from '../stats/estimate';
import { armStyles } from './arm-style';
import { type ChartNotes, captionOf, signed } from './caption';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { plotText, spoken, wrapped } from './plot-text';

/** One cell: an arm under a label. */
export interface HeatmapCell {
  readonly arm: string;
  readonly label: string;
  /** Whether the arm's labels held this one in training. */
  readonly trained: boolean;
  readonly estimate: Estimate;
}

export interface LabelHeatmapInput extends ChartNotes {
  readonly cells: readonly HeatmapCell[];
  /** `around zero` for differences: the colour of 0 is white. `from zero` for levels. */
  readonly scale: 'around zero' | 'from zero';
}

// Blue and orange of Okabe and Ito's palette: told apart with any common colour blindness, and by lightness from white.
const DIVERGING: [number, string][] = [
  [0, '#0072b2'],
  [0.5, '#ffffff'],
  [1, '#d55e00'],
];
/** Width and height of a cell; cells are 1 apart. */
const CELL = 0.96;
const RISING: [number, string][] = [
  [0, '#ffffff'],
  [1, '#0072b2'],
];

/**
 * Arms by labels as colours, the number written in each cell, an empty cell where nothing was measured; labels that were never
 * trained carry a star. Throws ConfigError without cells, or with two for one arm and label.
 */
export function labelHeatmap(input: LabelHeatmapInput): Figure {
  const { cells, scale } = input;
  if (cells.length === 0) throw new ConfigError('labelHeatmap: needs at least 1 cell, got 0.');
  const arms = [...new Set(cells.map(({ arm }) => arm))];
  const labels = [...new Set(cells.map(({ label }) => label))];
  const at = (arm: string, label: string) => {
    const found = cells.filter((cell) => cell.arm === arm && cell.label === label);
    if (found.length > 1)
      throw new ConfigError(`labelHeatmap: one cell an arm and label, got ${found.length} for ${arm}, ${label}.`);
    return found[0];
  };
  const grid = arms.map((arm) => labels.map((label) => at(arm, label)));
  const values = cells.flatMap(({ estimate }) => estimate.estimate ?? []);
  const most = Math.max(1e-12, ...values.map(Math.abs));
  const styles = armStyles(arms);
  const rows = arms.map((_, row) => arms.length - 1 - row);
  const filled = grid.flatMap((row, i) =>
    row.flatMap((cell, column) =>
      cell && cell.estimate.estimate !== null
        ? [{ column, row: rows[i], value: cell.estimate.estimate, hover: hoverOf(cell, styles) }]
        : [],
    ),
  );
  // Bars in the place of a heatmap: Plotly draws a heatmap through a canvas, which the thread that makes PNGs does not have.
  const data: Data[] = [
    {
      type: 'bar',
      orientation: 'h',
      base: filled.map(({ column }) => column - CELL / 2),
      x: filled.map(() => CELL),
      y: filled.map(({ row }) => row),
      width: CELL,
      marker: {
        color: filled.map(({ value }) => value),
        cmin: scale === 'around zero' ? -most : 0,
        cmax: most,
        colorscale: scale === 'around zero' ? DIVERGING : RISING,
        line: { width: 0.5, color: '#9a9a9a' },
        showscale: true,
        colorbar: { thickness: 14, title: { text: '' } },
      },
      hovertext: filled.map(({ hover }) => hover),
      hoverinfo: 'text',
    } as unknown as Data,
  ];
  const written = grid.flatMap((row, i) =>
    row.flatMap((cell, column): Partial<Annotations>[] => {
      const value = cell?.estimate.estimate ?? null;
      if (value === null) return [];
      // Ink that reads on the cell's colour.
      const dark = Math.abs(value) / most > 0.6;
      const text = scale === 'around zero' ? signed(value, 2) : value.toFixed(2);
      return [
        { x: column, y: rows[i], text, showarrow: false, font: { size: 12, color: dark ? '#ffffff' : '#262626' } },
      ];
    }),
  );
  const untrained = new Set(cells.filter(({ trained }) => !trained).map(({ label }) => label));
  const ticks = labels.map((label) => wrapped(spoken(label), Math.max(8, Math.floor(90 / labels.length))));
  const notes = {
    ...input,
    note: [input.note, untrained.size > 0 && '* never trained', 'empty cells were not measured']
      .filter(Boolean)
      .join('; '),
  };
  const layout = chartLayout({
    title: input.title,
    caption: captionOf(
      notes,
      cells.map(({ arm, label, estimate }) => ({ name: `${arm} under ${label}`, estimate })),
    ),
    plotHeightPx: 70 + 54 * arms.length,
    leftPx: 150,
    xTitle: input.measure,
    tickLines: Math.max(...ticks.map((lines) => lines.length)),
    xaxis: {
      tickmode: 'array',
      tickvals: labels.map((_, column) => column),
      ticktext: ticks.map(
        (lines, column) => `${lines.map(plotText).join('<br>')}${untrained.has(labels[column]) ? '*' : ''}`,
      ),
      range: [-0.5, labels.length - 0.5],
      showgrid: false,
      zeroline: false,
    },
    yaxis: {
      tickmode: 'array',
      tickvals: rows,
      ticktext: arms.map((arm) => plotText(styles.get(arm)!.name)),
      range: [-0.5, arms.length - 0.5],
      showgrid: false,
      zeroline: false,
    },
  });
  const alt = `Arms by labels. ${input.title}. ${cells
    .map(({ arm, label, estimate }) => `${styles.get(arm)!.name} under ${label}: ${printEstimate(estimate)}`)
    .join('; ')}.`;
  return {
    data,
    layout: { ...layout, barmode: 'overlay', annotations: [...(layout.annotations ?? []), ...written] },
    alt,
  };
}

function hoverOf({ arm, label, estimate }: HeatmapCell, styles: ReturnType<typeof armStyles>): string {
  return plotText(`${styles.get(arm)!.name} under ${spoken(label)}: ${printEstimate(estimate)}`);
}
