import { displaySymbol, isDisplayable, type RichBundle } from './mime-bundle';
import { plainText } from './plugin-host';

/** Where displays go: our kernel, a stock tslab kernel, or a terminal. */
export interface DisplaySink {
  readonly kind: 'kernel' | 'tslab' | 'terminal';
  present(value: unknown): RichBundle | Promise<RichBundle>;
  display(bundle: RichBundle, displayId: string | null, update: boolean): void;
  clear(wait: boolean): void;
  /** The cell does not end before this has settled; sinks without cells ignore it. */
  track?(work: Promise<unknown>): void;
}

/** The kernel's process may hold this library twice (from `dist` and from a test's sources), so the sink lives under a symbol. */
const sinkSymbol = Symbol.for('mstlab.display-sink');

type Global = typeof globalThis & { [sinkSymbol]?: DisplaySink; __tslab__?: unknown };

export function installSink(sink: DisplaySink): void {
  (globalThis as Global)[sinkSymbol] = sink;
}

/** The sink of this process: the kernel's if it installed one, else by what the process is. */
export function currentSink(): DisplaySink {
  const installed = (globalThis as Global)[sinkSymbol];
  if (installed) return installed;
  const found = (globalThis as Global).__tslab__ === undefined ? terminalSink(process.stdout) : tslabSink();
  installSink(found);
  return found;
}

function presentPlainly(value: unknown): RichBundle | Promise<RichBundle> {
  if (!isDisplayable(value)) return { data: { 'text/plain': typeof value === 'string' ? value : plainText(value) } };
  const data = value[displaySymbol]();
  return data instanceof Promise ? data.then((settled) => ({ data: settled })) : { data };
}

/**
 * Writes the plain text of each bundle. On a terminal an update overwrites the lines it wrote last; in a file only the last one
 * is written, before the next display or when the process ends.
 */
export function terminalSink(stream: NodeJS.WriteStream): DisplaySink {
  let last: { id: string; lines: number } | null = null;
  let withheld: string | null = null;
  let listening = false;

  function release(): void {
    if (withheld !== null) stream.write(`${withheld}\n`);
    withheld = null;
  }

  return {
    kind: 'terminal',
    present: presentPlainly,
    display(bundle, displayId, update) {
      const text = String(bundle.data['text/plain'] ?? `(${Object.keys(bundle.data).join(', ')})`);
      if (update && !stream.isTTY) {
        if (!listening) process.once('exit', release);
        listening = true;
        withheld = text;
        return;
      }
      release();
      if (update && last !== null && last.id === displayId) stream.write(`\u001b[${last.lines}A\u001b[J`);
      stream.write(`${text}\n`);
      last = displayId === null ? null : { id: displayId, lines: text.split('\n').length };
    },
    clear() {},
  };
}

/**
 * A stock tslab kernel offers no bundles in its public API; its message writer takes them. The running kernel may be another copy
 * of tslab than the one beside this library, so the copy that is loaded counts.
 */
function tslabSink(): DisplaySink {
  const loaded = Object.keys(require.cache).find((path) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(path));
  return {
    kind: 'tslab',
    present: presentPlainly,
    display(bundle, displayId, update) {
      const { lastWriteDisplayData } = require(loaded ?? 'tslab/dist/jupyter') as typeof import('tslab/dist/jupyter');
      const content = {
        data: bundle.data as Record<string, string>,
        metadata: (bundle.metadata ?? {}) as Record<string, never>,
        transient: { display_id: displayId ?? '' },
      };
      if (lastWriteDisplayData) lastWriteDisplayData(content, update);
    },
    clear() {},
  };
}
