import { readFileSync } from 'node:fs';
import { DataError } from '../../src/core';
import type { MimeBundle } from './mime-bundle';

const signatures: readonly { readonly type: string; readonly at: number; readonly bytes: readonly number[] }[] = [
  { type: 'image/png', at: 0, bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { type: 'image/jpeg', at: 0, bytes: [0xff, 0xd8, 0xff] },
  { type: 'image/gif', at: 0, bytes: [0x47, 0x49, 0x46, 0x38] },
  { type: 'image/webp', at: 8, bytes: [0x57, 0x45, 0x42, 0x50] },
];

/** `image/png`, `image/jpeg`, `image/gif` or `image/webp` by the first bytes; null for anything else. */
export function imageType(bytes: Uint8Array): string | null {
  const found = signatures.find(({ at, bytes: wanted }) => wanted.every((byte, index) => bytes[at + index] === byte));
  return found?.type ?? null;
}

export interface ImageOptions {
  /** What the picture shows, for those who do not see it. */
  readonly alt?: string;
  /** Pixels on the page; the picture's own size if left out. */
  readonly width?: number;
}

/**
 * An image, given as bytes or as a file's path. Throws DataError for bytes that are no PNG, JPEG, GIF or WebP: an SVG may hold scripts
 * and is shown only as `displayBundle({ data: { 'image/svg+xml': text } })`.
 */
export function imageBundle(
  image: Uint8Array | string,
  options: ImageOptions = {},
): { data: MimeBundle; metadata: object } {
  const bytes = typeof image === 'string' ? imageFile(image) : image;
  const type = imageType(bytes);
  if (type === null)
    throw new DataError(
      `imageBundle: an image must be a PNG, JPEG, GIF or WebP, got ${bytes.length} bytes of something else${typeof image === 'string' ? ` (from ${image})` : ''}. Convert it first.`,
    );
  const { alt, width } = options;
  const words = alt ?? `An image of ${bytes.length} bytes (${type}).`;
  const about = { ...(alt === undefined ? {} : { alt }), ...(width === undefined ? {} : { width }) };
  return {
    data: { [type]: Buffer.from(bytes).toString('base64'), 'text/plain': words },
    metadata: Object.keys(about).length > 0 ? { [type]: about } : {},
  };
}

function imageFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DataError(
      `imageBundle: an image must be a file that can be read, got ${code} (from ${path}). Check the path.`,
    );
  }
}
