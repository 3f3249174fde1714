import { randomUUID } from 'node:crypto';
import { displaySymbol, encodeBytes, type RichBundle } from './mime-bundle';
import { currentSink } from './sink';

/** One place in a cell's output that can be changed later, also from other cells. */
export interface DisplayHandle {
  readonly displayId: string;
  /** Shows another value in the same place; settles when it is sent. */
  update(value: unknown): Promise<void>;
  /** Empties the place. */
  clear(): void;
}

/**
 * Shows a value in the running cell: its own bundle (`Symbol.for('Jupyter.display')`), a registered formatter's, or its text.
 * Outside a notebook the text goes to the terminal. A `displayId` names the place; without one a new one is made.
 */
export function display(value: unknown, options: { displayId?: string } = {}): DisplayHandle {
  const bundle = currentSink().present(value);
  return showBundle(bundle, options.displayId ?? randomUUID());
}

/** Shows a ready bundle (`text/plain`, `image/png`, ...) as it is; bytes become base64. */
export function displayBundle(bundle: RichBundle, options: { displayId?: string } = {}): DisplayHandle {
  return showBundle({ ...bundle, data: encodeBytes(bundle.data) }, options.displayId ?? randomUUID());
}

/** Shows a ready bundle in the place of an earlier display; nothing happens where that place is gone. */
export function updateBundle(bundle: RichBundle, displayId: string): void {
  currentSink().display({ ...bundle, data: encodeBytes(bundle.data) }, displayId, true);
}

/** Removes the outputs of the running cell; with `wait`, when the next output comes, so that nothing flickers. */
export function clearOutput(options: { wait?: boolean } = {}): void {
  currentSink().clear(options.wait ?? false);
}

function showBundle(bundle: RichBundle | Promise<RichBundle>, displayId: string): DisplayHandle {
  const sink = currentSink();
  let last = send(bundle, false);

  function send(next: RichBundle | Promise<RichBundle>, update: boolean): Promise<void> | null {
    if (!(next instanceof Promise)) {
      sink.display(next, displayId, update);
      return null;
    }
    const sent = next.then((ready) => sink.display(ready, displayId, update));
    sink.track?.(sent);
    return sent;
  }

  const handle: DisplayHandle = {
    displayId,
    async update(value) {
      // Bundles that take time to draw must not overtake each other.
      await last;
      last = send(sink.present(value), true);
      await last;
    },
    clear() {
      sink.display({ data: { 'text/plain': '' } }, displayId, true);
    },
  };
  // A handle that ends a cell has been shown already: its own bundle is empty.
  return Object.defineProperty(handle, displaySymbol, { value: () => ({}) });
}
