import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ConfigError, InternalError, projectRoot } from '../../core';
import { type Figure, figureWidthPx } from './figure';

interface Answer {
  readonly id: number;
  readonly png?: Uint8Array;
  readonly problem?: string;
}

/** A thread that draws figures; `close` ends it. It never keeps the process alive by itself. */
export interface Rasteriser {
  png(figure: Pick<Figure, 'data' | 'layout'>): Promise<Buffer>;
  close(): Promise<void>;
}

/**
 * Starts a thread that draws figures to PNG without a browser: Plotly in jsdom to SVG, resvg to PNG, with a font that
 * a package ships, so that the same figure gives the same bytes on every machine. Starting takes about a second of the
 * thread's own time; a figure then takes about 0.1 s.
 */
export function startRasteriser(): Rasteriser {
  const worker = new Worker(join(projectRoot(), 'src/analysis/charts/rasteriser.js'), {
    execArgv: [],
    stdout: false,
    stderr: false,
  });
  const waiting = new Map<number, { resolve: (png: Buffer) => void; reject: (error: Error) => void }>();
  let last = 0;
  let gone: string | null = null;
  const fail = (why: string) => {
    gone = why;
    for (const { reject } of waiting.values())
      reject(new InternalError(`figurePng: the drawing thread ended, ${why}.`));
    waiting.clear();
  };
  worker.unref();
  worker.on('message', ({ id, png, problem }: Answer) => {
    const caller = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if (png) caller?.resolve(Buffer.from(png.buffer, png.byteOffset, png.byteLength));
    else caller?.reject(new InternalError(`figurePng: Plotly could not draw the figure: ${problem}`));
  });
  worker.on('error', (error) => fail(error.stack ?? error.message));
  worker.on('exit', (code) => fail(`exit code ${code}`));
  return {
    png: async ({ data, layout }) => {
      if (gone !== null) throw new InternalError(`figurePng: the drawing thread ended, ${gone}.`);
      const heightPx = layout.height;
      if (!Array.isArray(data))
        throw new ConfigError(`figurePng: data must be a list of traces, got ${typeof data}. Pass { data, layout }.`);
      if (typeof heightPx !== 'number' || !(heightPx > 0))
        throw new ConfigError(`figurePng: layout.height must be a positive number of pixels, got ${heightPx}. Set it.`);
      const widthPx = layout.width ?? figureWidthPx;
      const figure = { data, layout: forPaper(layout), widthPx, heightPx };
      const id = ++last;
      return new Promise<Buffer>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, figure: JSON.parse(JSON.stringify(figure)) });
      });
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

/** The layout without what only a pointer can use. */
function forPaper(layout: Figure['layout']): Figure['layout'] {
  const { sliders: _sliders, updatemenus: _buttons, ...rest } = layout;
  return rest;
}

// The one thread of this process: a cache, no state that could change a picture.
let shared: Rasteriser | null = null;

/**
 * A figure as PNG bytes, 848 px wide (or layout.width) and layout.height high, drawn by one thread per process that
 * starts with the first figure. Throws ConfigError when the layout has no height.
 */
export async function figurePng(figure: Pick<Figure, 'data' | 'layout'>): Promise<Buffer> {
  shared ??= startRasteriser();
  try {
    return await shared.png(figure);
  } catch (error) {
    // A thread that died once (memory) must not take every later figure with it.
    if (error instanceof InternalError && error.message.includes('drawing thread ended')) shared = null;
    throw error;
  }
}
