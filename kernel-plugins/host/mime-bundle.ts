/** One value in several representations, keyed by MIME type; the front end shows the richest one it knows. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** A bundle with its metadata, e.g. `{ 'image/png': { alt: 'a bar chart' } }`. */
export interface RichBundle {
  readonly data: MimeBundle;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A value that brings its own bundle, as in Deno's kernel: `[displaySymbol]() → MimeBundle`, at once or as a promise. */
export const displaySymbol: unique symbol = Symbol.for('Jupyter.display');

export interface Displayable {
  [displaySymbol](): MimeBundle | Promise<MimeBundle>;
}

export function isDisplayable(value: unknown): value is Displayable {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as Partial<Displayable>)[displaySymbol] === 'function'
  );
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

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text made safe to stand in HTML. Every text of a model or a user goes through it before it becomes `text/html`. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character]);
}
