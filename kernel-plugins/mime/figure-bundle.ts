import { type Figure, figurePng } from '../../src/analysis/charts';
import type { MimeBundle } from './mime-bundle';

/** Whether a value is a Plotly figure: an object with a `data` list and a `layout` object. */
export function isFigure(value: unknown): value is Pick<Figure, 'data' | 'layout'> & Partial<Figure> {
  if (value === null || typeof value !== 'object') return false;
  const { data, layout } = value as { data?: unknown; layout?: unknown };
  return Array.isArray(data) && layout !== null && typeof layout === 'object' && !Array.isArray(layout);
}

/**
 * A figure as a live chart, a picture for readers without scripts (GitHub, nbconvert), and words. A figure without a
 * height is shown 450 px high. No text/html: front ends without Plotly then show the PNG.
 */
export async function figureBundle(figure: Pick<Figure, 'data' | 'layout'> & Partial<Figure>): Promise<MimeBundle> {
  const layout = { height: 450, ...figure.layout };
  const png = await figurePng({ data: figure.data, layout });
  const { 'text/plain': words, ...chart } = liveFigureBundle(figure);
  return { ...chart, 'image/png': png.toString('base64'), 'text/plain': words };
}

/** The same without the picture, for a figure that will be replaced. */
export function liveFigureBundle(figure: Pick<Figure, 'data' | 'layout'> & Partial<Figure>): MimeBundle {
  const layout = { height: 450, ...figure.layout };
  return {
    'application/vnd.plotly.v1+json': JSON.parse(JSON.stringify({ data: figure.data, layout, config: {} })),
    'text/plain': figure.alt ?? 'A chart without a description.',
  };
}

/** An empty place as high as the figure, of a type that Plotly's renderers do not take. */
export function emptyFigureBundle(figure: Pick<Figure, 'data' | 'layout'> & Partial<Figure>): MimeBundle {
  const { height = 450 } = figure.layout;
  return { 'text/html': `<div style="height: ${height}px"></div>`, 'text/plain': figure.alt ?? '' };
}

/** Output metadata for a figure's bundle: the alternative text of its picture. */
export function figureMetadata(figure: Partial<Figure>): Record<string, unknown> {
  return figure.alt === undefined ? {} : { 'image/png': { alt: figure.alt } };
}
