import type { Data, Layout } from 'plotly.js';

/** A Plotly figure as plain JSON: what `Plotly.newPlot(element, figure.data, figure.layout)` takes. */
export interface Figure {
  readonly data: Partial<Data>[];
  readonly layout: Partial<Layout>;
  /** One or two sentences for a reader who cannot see the picture. */
  readonly alt: string;
}

/** JupyterLab's output column at its default window; the PNG is drawn at the same width, so that nothing jumps. */
export const figureWidthPx = 848;
