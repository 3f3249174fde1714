import type { DataFrame } from 'danfojs-node';
import type { Figure } from '../../src/analysis/charts';
import type { FrameHtmlOptions } from '../../src/analysis/frame';
import type { ExampleOptions, ExampleRow } from '../../src/experiments/report/example-html';
import type { ImageOptions } from '../mime/image-bundle';
import { type DisplayHandle, displayBundle, updateBundle } from './display';
import type { RichBundle } from './mime-bundle';
import { currentSink } from './sink';

/**
 * Shows a Plotly figure: live in JupyterLab, a PNG for readers without scripts, its `alt` text in a terminal. Await it, so that
 * the picture is drawn when the cell ends.
 */
export async function showFigure(
  figure: Pick<Figure, 'data' | 'layout'> & Partial<Figure>,
  options: { displayId?: string } = {},
): Promise<DisplayHandle> {
  const { figureBundle, figureMetadata } = await import('../mime/figure-bundle.js');
  return displayBundle({ data: await figureBundle(figure), metadata: figureMetadata(figure) }, options);
}

/** A figure in one place of the output; see `liveFigure`. */
export type ShowLiveFigure = (
  figure: Pick<Figure, 'data' | 'layout'> & Partial<Figure>,
  options?: { readonly last?: boolean },
) => Promise<void>;

/**
 * A place for a figure that changes while a cell runs: each call replaces what the last one showed. Only the `last` figure gets its
 * PNG: drawing one takes a good part of a second of a core, which a training step would miss.
 */
export function liveFigure(): ShowLiveFigure {
  let handle: DisplayHandle | null = null;
  return async (figure, { last = false } = {}) => {
    const { emptyFigureBundle, figureBundle, figureMetadata, liveFigureBundle } = await import(
      '../mime/figure-bundle.js'
    );
    const data = last ? await figureBundle(figure) : liveFigureBundle(figure);
    const bundle = { data, metadata: last ? figureMetadata(figure) : {} };
    if (handle === null) {
      handle = displayBundle(bundle);
      return;
    }
    // JupyterLab's Plotly renderer ignores an update of a chart that it has drawn (plotly.py 7.1: `renderModel` returns
    // at once); an output of another type in its place, for a frame or two, makes it start anew.
    if (currentSink().kind !== 'terminal') updateBundle({ data: emptyFigureBundle(figure) }, handle.displayId);
    updateBundle(bundle, handle.displayId);
  };
}

/** Shows a PNG, JPEG, GIF or WebP, given as bytes or as a file's path; its `alt` text in a terminal. Throws DataError for anything else. */
export async function showImage(
  image: Uint8Array | string,
  options: ImageOptions & { displayId?: string } = {},
): Promise<DisplayHandle> {
  const { displayId, ...shown } = options;
  const { imageBundle } = await import('../mime/image-bundle.js');
  return displayBundle(imageBundle(image, shown) as RichBundle, { displayId });
}

/** Shows a danfo frame as an escaped table, in a terminal as aligned columns. */
export async function showFrame(
  frame: DataFrame,
  options: FrameHtmlOptions & { displayId?: string } = {},
): Promise<DisplayHandle> {
  const { displayId, ...html } = options;
  const { frameBundle } = await import('../mime/frame-bundle.js');
  return displayBundle({ data: frameBundle(frame, html) }, { displayId });
}

/** Shows texts side by side; what a model wrote is escaped. See `ShownText` for headings and notes. */
export async function showTexts(
  texts: readonly { heading: string; text: string; note?: string }[],
  options: { caption?: string; displayId?: string } = {},
): Promise<DisplayHandle> {
  const { displayId, caption } = options;
  const { textsBundle } = await import('../mime/texts-bundle.js');
  return displayBundle({ data: textsBundle(texts, { caption }) }, { displayId });
}

/**
 * Shows judged texts of the same topic over arms and labels, a fold a topic; rows are those of a news sweep. Throws ConfigError for no
 * rows, or a topic or label that no row has.
 */
export async function showExamples(
  rows: readonly ExampleRow[],
  options: ExampleOptions & { displayId?: string } = {},
): Promise<DisplayHandle> {
  const { displayId, ...chosen } = options;
  const { exampleBrowser } = await import('../mime/example-browser.js');
  return displayBundle({ data: exampleBrowser(rows, chosen) }, { displayId });
}
