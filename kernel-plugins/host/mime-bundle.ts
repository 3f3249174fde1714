import type { MimeBundle } from '../mime/mime-bundle';

export { type Displayable, displaySymbol, isDisplayable, type MimeBundle } from '../mime/mime-bundle';

/** A bundle with its metadata, e.g. `{ 'image/png': { alt: 'a bar chart' } }`. */
export interface RichBundle {
  readonly data: MimeBundle;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** JSON cannot carry bytes: a Buffer or Uint8Array (a PNG) becomes base64 text, everything else stays. */
export function encodeBytes(bundle: MimeBundle): MimeBundle {
  return Object.fromEntries(
    Object.entries(bundle).map(([type, value]) => [
      type,
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ]),
  );
}
