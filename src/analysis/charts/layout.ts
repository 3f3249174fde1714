import type { Annotations, Layout, LayoutAxis } from 'plotly.js';
import { figureWidthPx } from './figure';
import { plotText, wrapped } from './plot-text';

export interface ChartFrame {
  readonly title: string;
  readonly caption: string;
  /** Pixels between title and x axis labels. */
  readonly plotHeightPx: number;
  readonly leftPx?: number;
  readonly rightPx?: number;
  /** Room under the axis for tick texts and axis title, before the caption. */
  readonly axisPx?: number;
  readonly hasLegend?: boolean;
  readonly xaxis: Partial<LayoutAxis>;
  readonly yaxis: Partial<LayoutAxis>;
}

const titleSize = 17;
const captionSize = 11.5;
const titleLinePx = 24;
const captionLinePx = 16;
const legendPx = 30;

/**
 * The layout that all charts share: the finding as a wrapped title on the left, legend under it, the caption wrapped
 * below the axis, and margins counted from the lines of both so that nothing is cut off. 848 px wide, white ground.
 */
export function chartLayout(frame: ChartFrame): Partial<Layout> {
  const titleLines = wrapped(frame.title, 88);
  const captionLines = wrapped(frame.caption, 146);
  const { leftPx = 72, rightPx = 24, axisPx = 54, hasLegend = true } = frame;
  const top = 16 + titleLines.length * titleLinePx + (hasLegend ? legendPx : 6);
  const bottom = axisPx + captionLines.length * captionLinePx + 12;
  const height = top + frame.plotHeightPx + bottom;
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
    xaxis: { ...axis, ...frame.xaxis, title: { font: { size: 13.5 }, standoff: 8, ...titleOf(frame.xaxis) } },
    yaxis: { ...axis, ...frame.yaxis, title: { font: { size: 13.5 }, standoff: 8, ...titleOf(frame.yaxis) } },
    annotations: [title, caption],
    shapes: [],
    hovermode: 'closest',
  };
}

function titleOf(axis: Partial<LayoutAxis>): { text?: string } {
  return typeof axis.title === 'object' ? axis.title : {};
}
