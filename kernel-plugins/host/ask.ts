import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ConfigError, DataError } from '../../src/core';
import { currentSink } from './sink';

export interface AskOptions {
  /** Gives the question up; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The way to the person and back; a kernel installs one. Rejects where nobody can answer. */
export interface AskTransport {
  ask(message: string, options: AskOptions & { readonly hidden: boolean }): Promise<string>;
}

/** The kernel's process may hold this library twice (from `dist` and from a test's sources), so the transport lives under a symbol. */
const transportSymbol = Symbol.for('mstlab.ask');

type Global = typeof globalThis & { [transportSymbol]?: AskTransport };

export function installAskTransport(transport: AskTransport): void {
  (globalThis as Global)[transportSymbol] = transport;
}

/**
 * Asks the person for one line of text: a box below the cell, or the terminal. In a cell it ends with the cell's interrupt.
 * Throws ConfigError where nobody can be asked, DataError if the input ends without an answer.
 */
export async function prompt(message = '', options: AskOptions = {}): Promise<string> {
  return transport('prompt').ask(message, { ...options, hidden: false });
}

/** The same for a secret: it is not shown while typed, and the kernel blanks it out of everything that cells show afterwards. */
export async function password(message = '', options: AskOptions = {}): Promise<string> {
  return transport('password').ask(message, { ...options, hidden: true });
}

function transport(where: string): AskTransport {
  const installed = (globalThis as Global)[transportSymbol];
  if (installed) return installed;
  if (currentSink().kind === 'tslab')
    throw new ConfigError(
      `${where}: a question must be asked in the mstlab kernel or a terminal, got a stock tslab kernel, which cannot ask. Give the value in code.`,
    );
  return terminalAsk(process.stdin, process.stderr);
}

/** Questions go to stderr, so that what a script prints can still be piped. */
export function terminalAsk(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): AskTransport {
  return {
    ask(message, { signal, hidden }) {
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
      if (hidden) output.write(message);
      const terminal = (output as NodeJS.WriteStream).isTTY === true && (input as NodeJS.ReadStream).isTTY === true;
      const lines = createInterface({ input, output: hidden ? silent : output, terminal });
      return new Promise<string>((resolve, reject) => {
        const stop = () => reject(signal?.reason);
        if (signal?.aborted) stop();
        signal?.addEventListener('abort', stop, { once: true });
        lines.once('SIGINT', () => {
          lines.close();
          process.kill(process.pid, 'SIGINT');
        });
        lines.once('close', () =>
          reject(
            new DataError(
              'prompt: an answer must come, got the end of the input (from the terminal). Type a line, or pipe one in.',
            ),
          ),
        );
        lines.question(hidden ? '' : message, resolve);
      }).finally(() => {
        if (hidden) output.write('\n');
        lines.close();
      });
    },
  };
}
