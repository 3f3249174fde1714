import { imageBundle, imageType } from '../mime/image-bundle';
import type { RichBundle } from './mime-bundle';
import type { Formatter, RegisterPlugin } from './plugin-host';

type LazyFormatter = Omit<Formatter, 'format'> & { format(value: unknown): ReturnType<Formatter['format']> };

const has = (value: unknown, ...keys: string[]): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && keys.every((key) => key in value);

/**
 * Frames and figures, for the kernel. Values are told by their parts, and the libraries that draw them (danfojs, Plotly) are
 * loaded with the first value that needs them: the execution process starts without them.
 */
const frames: LazyFormatter = {
  name: 'frame',
  matches: (value) => has(value, '$isSeries', 'columns') && value.$isSeries === false,
  async format(value) {
    const { frameBundle } = await import('../mime/frame-bundle.js');
    return { data: frameBundle(value as never) };
  },
};

const figures: LazyFormatter = {
  name: 'figure',
  matches: (value) => has(value, 'data', 'layout') && Array.isArray(value.data) && has(value.layout),
  async format(value) {
    const { figureBundle, figureMetadata } = await import('../mime/figure-bundle.js');
    return { data: await figureBundle(value as never), metadata: figureMetadata(value as never) };
  },
};

const images: LazyFormatter = {
  name: 'image',
  matches: (value) => value instanceof Uint8Array && value.length > 12 && imageType(value) !== null,
  format: (value) => imageBundle(value as Uint8Array) as RichBundle,
};

export const registerBuiltinFormatters: RegisterPlugin = ({ formatters }) => {
  for (const formatter of [frames, figures, images]) formatters.add(formatter as Formatter);
};
