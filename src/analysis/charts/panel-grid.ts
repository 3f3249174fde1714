import type { Annotations, Data, Layout, LayoutAxis, Shape } from 'plotly.js';
import { plotText } from './plot-text';

/** One small chart of a grid. */
export interface Panel {
  /** Row from the top, and which half of it; null is the whole row. */
  readonly row: number;
  readonly column: 0 | 1 | null;
  readonly title: string;
  /** Of the value axis; null lets Plotly choose. */
  readonly range: readonly [number, number] | null;
  readonly ticks?: readonly number[];
  readonly traces: readonly Data[];
  /** What stands in a panel that has nothing to draw yet. */
  readonly empty: string | null;
  /** In the panel's own data coordinates. */
  readonly shapes?: readonly Partial<Shape>[];
  readonly annotations?: readonly Partial<Annotations>[];
}

export interface PanelGrid {
  readonly panels: readonly Panel[];
  /** Pixels left free under each row's ticks; one entry a row. */
  readonly gapsPx: readonly number[];
  /** The x axis of all panels. */
  readonly xRange: readonly [number, number];
  readonly xTitle: string;
}

const panelPx = 190;
const titlePx = 24;
const ticksPx = 24;
const halves = { 0: [0, 0.46], 1: [0.54, 1] } as const;

/** Height of the plot area that holds the grid. The last row's ticks stand under it, as those of any chart do. */
export function gridHeightPx({ gapsPx }: Pick<PanelGrid, 'gapsPx'>): number {
  return gapsPx.length * (titlePx + panelPx + ticksPx) + gapsPx.reduce((sum, gap) => sum + gap, 0) - ticksPx;
}

/** Pixels from the top of the plot area to where a row's own title begins. */
export function rowTopPx({ gapsPx }: Pick<PanelGrid, 'gapsPx'>, row: number): number {
  return gapsPx.slice(0, row).reduce((sum, gap) => sum + titlePx + panelPx + ticksPx + gap, 0);
}

/** The traces of all panels, each on its panel's axes. */
export function gridData({ panels }: PanelGrid): Data[] {
  // Plotly draws axes only where a trace is.
  const nothing: Data = { type: 'scatter', x: [null], y: [null], showlegend: false };
  return panels.flatMap(({ traces }, at) =>
    (traces.length > 0 ? traces : [nothing]).map(
      (trace) => ({ ...trace, xaxis: `x${suffix(at)}`, yaxis: `y${suffix(at)}` }) as Data,
    ),
  );
}

/** A layout whose one pair of axes is replaced by one pair per panel, with titles and what panels bring along. */
export function gridLayout(layout: Partial<Layout>, grid: PanelGrid): Partial<Layout> {
  const { panels, xRange, xTitle } = grid;
  const heightPx = gridHeightPx(grid);
  const axes: Record<string, Partial<LayoutAxis>> = {};
  const annotations: Partial<Annotations>[] = [...(layout.annotations ?? [])];
  const shapes: Partial<Shape>[] = [];
  for (const [at, panel] of panels.entries()) {
    const topPx = rowTopPx(grid, panel.row) + titlePx;
    const domainX = panel.column === null ? [0, 1] : [...halves[panel.column]];
    const domainY = [1 - (topPx + panelPx) / heightPx, 1 - topPx / heightPx];
    const isLowest = !panels.some(
      ({ row, column }) => row > panel.row && (column === panel.column || column === null || panel.column === null),
    );
    const [x, y] = [`x${suffix(at)}`, `y${suffix(at)}`];
    axes[`xaxis${suffix(at)}`] = {
      ...layout.xaxis,
      domain: domainX,
      anchor: y as 'y',
      range: [...xRange],
      zeroline: false,
      title: { text: isLowest ? plotText(xTitle) : '', font: { size: 13 }, standoff: 6 },
    };
    axes[`yaxis${suffix(at)}`] = {
      ...layout.yaxis,
      domain: domainY,
      anchor: x as 'x',
      zeroline: false,
      title: { text: '' },
      ...(panel.range ? { range: [...panel.range] } : {}),
      ...(panel.ticks ? { tickmode: 'array', tickvals: [...panel.ticks] } : {}),
    };
    annotations.push(
      paperText(`<b>${plotText(panel.title)}</b>`, domainX[0], domainY[1], { yanchor: 'bottom', yshift: 2 }),
      ...(panel.empty === null
        ? []
        : [
            paperText(plotText(panel.empty), (domainX[0] + domainX[1]) / 2, (domainY[0] + domainY[1]) / 2, {
              xanchor: 'center',
              yanchor: 'middle',
            }),
          ]),
      ...(panel.annotations ?? []).map((one) => ({ ...one, xref: x as 'x', yref: y as 'y' })),
    );
    shapes.push(...(panel.shapes ?? []).map((one) => ({ ...one, xref: x as 'x', yref: y as 'y' })));
  }
  return { ...layout, ...axes, annotations, shapes };
}

/** Text at a place of the plot area, given as shares of it from the lower left. */
export function paperText(text: string, x: number, y: number, more: Partial<Annotations>): Partial<Annotations> {
  return {
    text,
    showarrow: false,
    align: 'left',
    xref: 'paper',
    yref: 'paper',
    x,
    xanchor: 'left',
    y,
    font: { size: 12.5, color: '#262626' },
    ...more,
  };
}

/** Plotly calls the first pair of axes x and y, the second x2 and y2. */
function suffix(at: number): string {
  return at === 0 ? '' : String(at + 1);
}
