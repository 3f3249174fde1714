import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Dealer } from 'zeromq';
import { addressOf, decodeMessage, encodeMessage, newHeader } from '../../kernel-plugins/kernel/protocol';
import { type Exchange, KernelClient, writeConnectionFile } from '../../kernel-plugins/notebook-runner';
import { MachineError } from '../../src/core';

/** A Jupyter kernel and the same small work in its language. */
export interface KernelUnderTest {
  readonly name: string;
  /** The command line, with `{connection_file}` where the connection file goes. */
  readonly argv: readonly string[];
  readonly cells: {
    /** Defines `first`, the list 2, 4, 6, and ends in its length. */
    readonly first: string;
    /** Ends in 2. */
    readonly trivial: string;
    /** Unfinished code, and a name that completes it. */
    readonly completion: { readonly code: string; readonly expected: string };
    /** Prints that many lines at once. */
    readonly lines: (count: number) => string;
  };
}

/** One start of a kernel with everything that is measured in it, milliseconds. */
export interface KernelRound {
  /** From the start of the process to its answer to the first `kernel_info_request`. */
  readonly startMs: number;
  readonly firstCellMs: number;
  /** From the start of the process to the end of the first cell: a kernel may answer before it can run anything. */
  readonly firstResultMs: number;
  /** Each cell of this round. */
  readonly trivialCellMs: readonly number[];
  readonly completionMs: readonly number[];
  readonly linesReceived: number;
  /** null: the cell was not over within `LINES_TIMEOUT_MS`. */
  readonly linesMs: number | null;
  /** From the request to the end of the process; null: it had to be killed. */
  readonly shutdownMs: number | null;
  readonly version: string;
  /** What the first and the trivial cell showed, and what completion offered. */
  readonly answers: { readonly first: string; readonly trivial: string; readonly completions: readonly string[] };
}

export interface KernelWork {
  readonly cells: number;
  readonly completions: number;
  readonly lines: number;
}

const START_TIMEOUT_MS = 60_000;
const LINES_TIMEOUT_MS = 10_000;
const SHUTDOWN_TIMEOUT_MS = 10_000;

/** Starts the kernel, runs the work in it, ends it; then again for the lines, as a kernel may not survive them. */
export async function kernelRound(kernel: KernelUnderTest, work: KernelWork): Promise<KernelRound> {
  const { cells } = kernel;
  const one = await start(kernel);
  try {
    const first = await timed(() => one.client.execute(cells.first));
    const firstResultMs = performance.now() - one.begunMs;
    const trivial: { ms: number; value: Exchange }[] = [];
    for (let i = 0; i < work.cells; i++) trivial.push(await timed(() => one.client.execute(cells.trivial)));
    const { code } = cells.completion;
    const completions: { ms: number; value: Exchange }[] = [];
    for (let i = 0; i < work.completions; i++)
      completions.push(await timed(() => one.client.request('complete_request', { code, cursor_pos: code.length })));
    const shutdownMs = await one.shutdown();
    return {
      startMs: one.startMs,
      version: one.version,
      firstCellMs: first.ms,
      firstResultMs,
      trivialCellMs: trivial.map(({ ms }) => ms),
      completionMs: completions.map(({ ms }) => ms),
      shutdownMs,
      ...(await floodOf(kernel, work.lines)),
      answers: {
        first: shownBy(first.value),
        trivial: shownBy(trivial[0].value),
        completions: completions[0].value.reply.content.matches ?? [],
      },
    };
  } finally {
    one.end();
  }
}

async function floodOf(
  kernel: KernelUnderTest,
  lines: number,
): Promise<Pick<KernelRound, 'linesReceived' | 'linesMs'>> {
  const started = await start(kernel);
  let linesReceived = 0;
  try {
    await started.client.execute(kernel.cells.first);
    const { ms, value } = await timed(() =>
      Promise.race([
        started.client.execute(kernel.cells.lines(lines), {
          onPublished({ header, content }) {
            if (header.msg_type === 'stream') linesReceived += String(content.text).split('\n').length - 1;
          },
        }),
        after(LINES_TIMEOUT_MS),
      ]),
    );
    return { linesReceived, linesMs: value === null ? null : ms };
  } finally {
    started.end();
  }
}

interface Started {
  readonly client: KernelClient;
  /** When its process was started. */
  readonly begunMs: number;
  readonly startMs: number;
  readonly version: string;
  shutdown(): Promise<number | null>;
  /** Kills it, if it is there still. */
  end(): void;
}

async function start({ name, argv }: KernelUnderTest): Promise<Started> {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-bench-kernel-'));
  const file = join(dir, 'connection.json');
  const connection = await writeConnectionFile(file);
  const [command, ...args] = argv.map((part) => part.replace('{connection_file}', file));
  const begunMs = performance.now();
  const child = spawn(command, args, {
    cwd: dir,
    stdio: 'ignore',
    env: { ...process.env, JPY_PARENT_PID: String(process.pid) },
  });
  const gone = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `exit code ${code}`));
  });
  // A kernel binds its ports late: what is sent before waits, and the connection is tried again at this interval.
  const shell = new Dealer({ linger: 0, reconnectInterval: 10, receiveTimeout: START_TIMEOUT_MS });
  let client: KernelClient | null = null;
  const end = () => {
    if (isAlive(child)) child.kill('SIGKILL');
    client?.close();
    if (!shell.closed) shell.close();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    shell.connect(addressOf(connection, 'shell'));
    const header = newHeader('kernel_info_request', 'bench');
    const question = { identities: [], header, parentHeader: {}, metadata: {}, content: {}, buffers: [] };
    await shell.send(encodeMessage(question, connection.key));
    const frames = await Promise.race([shell.receive(), gone]);
    const startMs = performance.now() - begunMs;
    if (typeof frames === 'string')
      throw new MachineError(
        `bench: the kernel ${name} must start, got ${frames} (from ${argv.join(' ')}). Run npm run doctor.`,
      );
    const { content } = decodeMessage(frames as Buffer[], connection.key);
    client = new KernelClient(connection);
    await client.ready(START_TIMEOUT_MS);
    return {
      client,
      begunMs,
      startMs,
      version: String(content.implementation_version ?? ''),
      end,
      async shutdown() {
        const { ms, value } = await timed(async () => {
          client?.request('shutdown_request', { restart: false }, { channel: 'control' }).catch(() => {});
          return Promise.race([gone, after(SHUTDOWN_TIMEOUT_MS)]);
        });
        return value === null ? null : ms;
      },
    };
  } catch (error) {
    end();
    throw error;
  }
}

/** All text that a cell showed, results and displays and prints, without colours. */
function shownBy({ published }: Exchange): string {
  const texts = published.map(({ header, content }) =>
    header.msg_type === 'stream' ? content.text : content.data?.['text/plain'],
  );
  return stripVTControlCharacters(texts.filter((text) => typeof text === 'string').join('')).trim();
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const begun = performance.now();
  const value = await work();
  return { ms: performance.now() - begun, value };
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function after(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, ms, null).unref());
}
