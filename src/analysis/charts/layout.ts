import type { Annotations, Layout, LayoutAxis } from 'plotly.js';
import { figureWidthPx } from './figure';
import { plotText, wrapped } from './plot-text';

export interface ChartFrame {
  readonly title: string;
  readonly caption: string;
  /** Pixels between the legend and the x axis. */
  readonly plotHeightPx: number;
  readonly leftPx?: number;
  readonly rightPx?: number;
  /** Entries of the legend, in order; none hides it. */
  readonly legend?: readonly string[];
  /** Titles of the axes as plain text. */
  readonly xTitle?: string;
  readonly yTitle?: string;
  /** Lines of the longest tick text under the x axis. */
  readonly tickLines?: number;
  readonly xaxis: Partial<LayoutAxis>;
  readonly yaxis: Partial<LayoutAxis>;
}

const titleSize = 17;
const captionSize = 11.5;
const axisTitleSize = 13.5;
const titleLinePx = 24;
const captionLinePx = 16;
const tickLinePx = 18;
const legendLinePx = 20;

/**
 * The layout that all charts share: the finding as a wrapped title on the left, legend under it, the caption wrapped
 * below the axis, and margins counted from the lines of all of them so that nothing is cut off. 848 px, white ground.
 */
export function chartLayout(frame: ChartFrame): Partial<Layout> {
  const { plotHeightPx, rightPx = 24, legend = [], tickLines = 1 } = frame;
  const titleLines = wrapped(frame.title, 88);
  const captionLines = wrapped(frame.caption, 146);
  // A title along the axis has about 7.4 px a letter.
  const yLines = wrapped(frame.yTitle ?? '', Math.floor(plotHeightPx / 7.4));
  const leftPx = (frame.leftPx ?? 72) + Math.max(0, yLines.length - 1) * 18;
  const hasLegend = legend.length > 0;
  const legendPx = hasLegend ? 10 + legendLinePx * legendLines(legend, figureWidthPx - leftPx - rightPx) : 6;
  const axisPx = 22 + tickLines * tickLinePx + (frame.xTitle ? 24 : 0);
  const top = 16 + titleLines.length * titleLinePx + legendPx;
  const bottom = axisPx + captionLines.length * captionLinePx + 12;
  const height = top + plotHeightPx + bottom;
  const titled = (lines: readonly string[]) => ({
    text: lines.map(plotText).join('<br>'),
    font: { size: axisTitleSize },
    standoff: 8,
  });
  const axis: Partial<LayoutAxis> = {
    automargin: false,
    gridcolor: '#e6e6e6',
    zerolinecolor: '#9a9a9a',
    linecolor: '#5c5c5c',
    ticks: '',
    tickfont: { size: 13 },
  };
  const caption: Partial<Annotations> = {
    text: captionLines.map(plotText).join('<br>'),
    showarrow: false,
    align: 'left',
    xref: 'paper',
    yref: 'paper',
    x: 0,
    xanchor: 'left',
    xshift: 12 - leftPx,
    y: 0,
    yanchor: 'top',
    yshift: -axisPx,
    font: { size: captionSize, color: '#5c5c5c' },
  };
  // Plotly's own title drops its upper anchor when it has several lines, so the title is an annotation like the caption.
  const title: Partial<Annotations> = {
    ...caption,
    text: titleLines.map((line) => `<b>${plotText(line)}</b>`).join('<br>'),
    y: 1,
    yshift: top - 8,
    font: { size: titleSize, color: '#262626' },
  };
  return {
    width: figureWidthPx,
    height,
    autosize: false,
    // Lying down it covers the end of the title.
    modebar: { orientation: 'v' },
    margin: { l: leftPx, r: rightPx, t: top, b: bottom, pad: 0 },
    font: { family: '"Open Sans", verdana, arial, sans-serif', size: 13, color: '#262626' },
    paper_bgcolor: '#ffffff',
    plot_bgcolor: '#ffffff',
    showlegend: hasLegend,
    legend: {
      orientation: 'h',
      x: 0,
      xanchor: 'left',
      y: 1,
      yanchor: 'bottom',
      traceorder: 'normal',
      font: { size: 13 },
    },
    xaxis: { ...axis, ...frame.xaxis, title: titled(frame.xTitle ? [frame.xTitle] : []) },
    yaxis: { ...axis, ...frame.yaxis, title: titled(yLines) },
    annotations: [title, caption],
    shapes: [],
    hovermode: 'closest',
  };
}

/** Rows that Plotly needs for a legend: one if all entries fit, else columns as wide as the longest entry. */
function legendLines(names: readonly string[], widthPx: number): number {
  const widths = names.map((name) => 48 + 7.4 * name.length);
  if (widths.reduce((sum, width) => sum + width, 0) <= widthPx) return 1;
  return Math.ceil(names.length / Math.max(1, Math.floor(widthPx / Math.max(...widths))));
}
