import type { Annotations, Data, Shape } from 'plotly.js';
import { ConfigError } from '../../core';
import { type ChartNotes, captionOf } from './caption';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { plotText } from './plot-text';

/** What both answers are worth under one label to a policy with one belief. */
export interface RewardAuditCell {
  /** Where the label stands on its scale, 0 to 100. */
  readonly percent: number;
  /** Probability that the user is right, as the policy sees it, 0 to 1. */
  readonly belief: number;
  /** Expected reward of the answer "correct", and of "incorrect". */
  readonly correct: number;
  readonly incorrect: number;
}

export interface RewardAuditInput extends Omit<ChartNotes, 'measure'> {
  readonly cells: readonly RewardAuditCell[];
  /** Lowest and highest percent of training labels. */
  readonly trained: readonly [number, number];
  /** Margins up to this size count as neither. Default 1e-9. */
  readonly tieWithin?: number;
}

const answers = {
  correct: { name: '"correct" pays more', colour: [213, 94, 0] },
  incorrect: { name: '"incorrect" pays more', colour: [0, 114, 178] },
  neither: { name: 'both pay the same', colour: [158, 158, 158] },
} as const;

/**
 * Which answer a reward pays for, by label and by how sure the policy is that the user is right: one cell each, the
 * deeper the colour the larger the difference of the expected rewards, which is written inside where there is room.
 * Beliefs stand at even distances, so that those near 0 can be told apart.
 * Throws ConfigError without cells, or unless every label has one cell for every belief.
 */
export function rewardAuditChart(input: RewardAuditInput): Figure {
  const { cells, trained, tieWithin = 1e-9 } = input;
  if (cells.length === 0) throw new ConfigError('rewardAuditChart: needs at least 1 cell, got 0. Pass the audit.');
  const percents = [...new Set(cells.map(({ percent }) => percent))].sort((a, b) => a - b);
  const beliefs = [...new Set(cells.map(({ belief }) => belief))].sort((a, b) => a - b);
  const grid = new Map(cells.map((cell) => [`${cell.percent} ${cell.belief}`, cell]));
  if (grid.size !== cells.length || grid.size !== percents.length * beliefs.length)
    throw new ConfigError(
      `rewardAuditChart: needs one cell for each of ${percents.length} labels and ${beliefs.length} beliefs, got ${cells.length} cells. Pass the whole grid.`,
    );
  const deepest = Math.max(...cells.map(({ correct, incorrect }) => Math.abs(correct - incorrect)), tieWithin);
  const placed = cells.map((cell) => {
    const margin = cell.correct - cell.incorrect;
    const best = Math.abs(margin) <= tieWithin ? 'neither' : margin > 0 ? 'correct' : 'incorrect';
    return { ...cell, margin, best, x: percents.indexOf(cell.percent), y: beliefs.indexOf(cell.belief) } as const;
  });
  const depth = (margin: number) => 0.22 + 0.68 * (Math.abs(margin) / deepest);
  const colourOf = (best: keyof typeof answers, margin: number) =>
    `rgba(${answers[best].colour.join(',')},${best === 'neither' ? 0.45 : depth(margin).toFixed(3)})`;
  const kinds = (['correct', 'incorrect', 'neither'] as const).filter((kind) =>
    placed.some(({ best }) => best === kind),
  );
  const data: Data[] = [
    ...kinds.map(
      (kind): Data => ({
        type: 'scatter',
        mode: 'markers',
        name: answers[kind].name,
        x: [null],
        y: [null],
        marker: { symbol: 'square', size: 13, color: colourOf(kind, 0.75 * deepest) },
      }),
    ),
    {
      // Cells are shapes, which have no hover of their own.
      type: 'scatter',
      mode: 'markers',
      x: placed.map(({ x }) => x),
      y: placed.map(({ y }) => y),
      marker: { symbol: 'square', size: 18, color: 'rgba(0,0,0,0)' },
      hovertext: placed.map(({ percent, belief, correct, incorrect }) =>
        plotText(
          `label ${percent}%, belief ${belief}: "correct" ${correct.toFixed(3)}, "incorrect" ${incorrect.toFixed(3)}`,
        ),
      ),
      hoverinfo: 'text',
      showlegend: false,
    },
  ];
  const shapes = placed.map(
    ({ x, y, best, margin }): Partial<Shape> => ({
      type: 'rect',
      x0: x - 0.5,
      x1: x + 0.5,
      y0: y - 0.5,
      y1: y + 0.5,
      fillcolor: colourOf(best, margin),
      line: { width: 1, color: '#ffffff' },
      layer: 'below',
    }),
  );
  // 744 px for all columns; a margin such as +0.25 takes about 30.
  const isWritten = 744 / percents.length >= 34;
  const margins = isWritten
    ? placed.map(
        ({ x, y, best, margin }): Partial<Annotations> => ({
          text: best === 'neither' ? '=' : Math.abs(margin).toFixed(2),
          showarrow: false,
          x,
          y,
          font: { size: 11, color: best !== 'neither' && depth(margin) > 0.82 ? '#ffffff' : '#262626' },
        }),
      )
    : [];
  const isTrained = (percent: number) => percent >= trained[0] && percent <= trained[1];
  const every = Math.ceil(percents.length / 22);
  const written = percents.map((percent, at) => (at % every === 0 ? `${+percent.toFixed(1)}%` : ''));
  const note = `columns on the bar under the cells were trained (${trained[0]}% to ${trained[1]}%), the others never; deeper colour${isWritten ? ' and number' : ''}: larger difference of the expected rewards`;
  const layout = chartLayout({
    title: input.title,
    caption: captionOf({ ...input, measure: '', note: [note, input.note].filter(Boolean).join(' · ') }, []),
    plotHeightPx: 14 + 30 * beliefs.length,
    leftPx: 80,
    legend: kinds.map((kind) => answers[kind].name),
    xTitle: 'monitor label',
    yTitle: 'belief that the user is right',
    xaxis: {
      tickmode: 'array',
      tickvals: percents.map((_, at) => at),
      ticktext: written,
      tickangle: 0,
      tickfont: { size: percents.length > 14 ? 11 : 13 },
      range: [-0.5, percents.length - 0.5],
      showgrid: false,
      zeroline: false,
    },
    yaxis: {
      tickmode: 'array',
      tickvals: beliefs.map((_, at) => at),
      ticktext: beliefs.map((belief) => String(+belief.toFixed(3))),
      range: [-0.75, beliefs.length - 0.5],
      showgrid: false,
      zeroline: false,
    },
  });
  const bar = percents.flatMap((percent, at): Partial<Shape>[] =>
    isTrained(percent)
      ? [
          {
            type: 'rect',
            x0: at - 0.5,
            x1: at + 0.5,
            y0: -0.72,
            y1: -0.58,
            fillcolor: '#5c5c5c',
            line: { width: 0 },
            layer: 'below',
          },
        ]
      : [],
  );
  const rows = beliefs.map((belief) => {
    const own = placed.filter((cell) => cell.belief === belief);
    const switches = own
      .sort((a, b) => a.percent - b.percent)
      .flatMap(({ best, percent }, at) =>
        at === 0 || own[at - 1].best !== best ? [`${best} from ${+percent.toFixed(1)}%`] : [],
      );
    return `belief ${belief}: ${switches.join(', ')}`;
  });
  return {
    data,
    layout: {
      ...layout,
      shapes: [...shapes, ...bar],
      annotations: [...(layout.annotations ?? []), ...margins],
    },
    alt: `Best answer by label and belief. ${input.title}. ${rows.join('; ')}.`,
  };
}
