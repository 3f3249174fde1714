/** One output in several forms, by MIME type; a front end shows the richest that it knows. */
export type MimeBundle = Record<string, unknown>;

/** The method that notebook kernels look for on any value: it returns a MIME bundle, or a promise of one. */
export const displaySymbol: unique symbol = Symbol.for('Jupyter.display');

export interface Displayable {
  readonly [displaySymbol]: () => MimeBundle | Promise<MimeBundle>;
}

/** Whether a value says itself how it is shown. */
export function isDisplayable(value: unknown): value is Displayable {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as Partial<Displayable>)[displaySymbol] === 'function'
  );
}

/** The same object, which now shows itself through `bundle`; the method is not enumerable, so printing stays clean. */
export function displayable<T extends object>(
  value: T,
  bundle: (value: T) => MimeBundle | Promise<MimeBundle>,
): T & Displayable {
  Object.defineProperty(value, displaySymbol, { value: () => bundle(value), enumerable: false, configurable: true });
  return value as T & Displayable;
}
