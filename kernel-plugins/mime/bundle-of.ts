import { figureBundle, isFigure } from './figure-bundle';
import { frameBundle, isFrame } from './frame-bundle';
import { displaySymbol, isDisplayable, type MimeBundle } from './mime-bundle';

/**
 * How a value is shown in a notebook: by its own display symbol, else as a frame or a figure; null when it is none of
 * these and the kernel should print it.
 */
export async function bundleOf(value: unknown): Promise<MimeBundle | null> {
  if (isDisplayable(value)) return value[displaySymbol]();
  if (isFrame(value)) return frameBundle(value);
  if (isFigure(value)) return figureBundle(value);
  return null;
}
