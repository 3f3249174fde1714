import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AbortedError, InternalError, type ProgressListener } from '../../src/core';
import type { Message } from '../kernel/protocol';
import { checkNotebook, type NotebookProblem } from './checks';
import { type LaunchedKernel, launchKernel, readKernelspec } from './kernel-launch';
import { type Notebook, type NotebookCell, readNotebook, writeNotebook } from './notebook-file';
import { OutputCollector } from './outputs';
import { type ParameterValue, setParameters } from './parameters';

export interface KernelCommand {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly displayName?: string;
}

export interface RunNotebookOptions {
  /** Where the executed notebook goes; written after every cell, so that a stopped run keeps what it has. */
  readonly out: string;
  /** New values for the cell tagged `parameters`. */
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
  /** For the whole notebook. */
  readonly timeoutSeconds?: number;
  /** The kernel to run; without it the one that set-up installed into `.venv`, else the built one. */
  readonly kernel?: KernelCommand;
  /** Lines that may stand on stderr. */
  readonly allowStderr?: readonly RegExp[];
  /** One report per cell, in cells. */
  readonly onProgress?: ProgressListener;
  /** Every message of the running cell as it comes, e.g. to show progress in a terminal. */
  readonly onMessage?: (message: Message, cell: NotebookCell) => void;
  /** What the kernel's processes write past the protocol. */
  readonly onLog?: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface NotebookRun {
  readonly out: string;
  readonly seconds: number;
  readonly cellSeconds: readonly { readonly cell: number; readonly seconds: number }[];
  /** Empty if the notebook is fit to be published. */
  readonly problems: readonly NotebookProblem[];
}

/**
 * Executes a notebook through a real kernel and writes it back with its outputs (nbformat 4.5, ids kept). Stops at the first
 * cell that fails, unless the cell is tagged `raises-exception`. Failing cells are reported as problems; throws ConfigError for
 * unknown parameters, FileFormatError for a broken file, MachineError if the kernel does not start or dies, AbortedError on
 * `signal` and when the time is over.
 */
export async function runNotebook(path: string, options: RunNotebookOptions): Promise<NotebookRun> {
  const notebook = readNotebook(path);
  setParameters(notebook, options.parameters ?? {}, path);
  const kernelCommand = options.kernel ?? installedKernel();
  const startedMs = performance.now();
  const deadline = AbortSignal.timeout(Math.ceil((options.timeoutSeconds ?? 3600) * 1000));
  const stop = eitherSignal(deadline, options.signal);
  const kernel = await launchKernel({
    ...kernelCommand,
    cwd: dirname(resolve(path)),
    onLog: options.onLog,
  });
  const cellSeconds: { cell: number; seconds: number }[] = [];
  try {
    await describeKernel(notebook, kernel, kernelCommand);
    const collector = new OutputCollector();
    for (const [index, cell] of notebook.cells.entries()) {
      if (cell.cell_type !== 'code' || cell.source.trim() === '') continue;
      if (stop.aborted) throw stopped(path, index, cell, options, deadline);
      options.onProgress?.({ what: titleOf(cell), done: index, total: notebook.cells.length, unit: 'cells' });
      const cellStartedMs = performance.now();
      const status = await executeCell(kernel, cell, collector, stop, options).catch((error) => {
        writeNotebook(options.out, notebook);
        throw error;
      });
      cellSeconds.push({ cell: index, seconds: (performance.now() - cellStartedMs) / 1000 });
      writeNotebook(options.out, notebook);
      if (stop.aborted) throw stopped(path, index, cell, options, deadline);
      if (status !== 'ok' && !hasTag(cell, 'raises-exception')) break;
    }
  } finally {
    await kernel.shutdown();
  }
  const { length } = notebook.cells;
  options.onProgress?.({ what: 'done', done: length, total: length, unit: 'cells' });
  const problems = checkNotebook(notebook, options.allowStderr).filter(
    ({ cell, message }) => !(hasTag(notebook.cells[cell], 'raises-exception') && !message.startsWith('stderr')),
  );
  return { out: options.out, seconds: (performance.now() - startedMs) / 1000, cellSeconds, problems };
}

async function executeCell(
  kernel: LaunchedKernel,
  cell: NotebookCell,
  collector: OutputCollector,
  stop: AbortSignal,
  options: RunNotebookOptions,
): Promise<string> {
  let interrupts = 0;
  let timer: NodeJS.Timeout | null = null;
  // A first interrupt lets the cell end in order, later ones force it.
  const interrupt = () => {
    if (interrupts++ < 3) kernel.interrupt();
    else kernel.process.kill('SIGKILL');
    timer = setTimeout(interrupt, 10_000);
  };
  stop.addEventListener('abort', interrupt, { once: true });
  try {
    const { reply } = await kernel.client.execute(cell.source, {
      onPublished(message) {
        collector.apply(cell, message);
        options.onMessage?.(message, cell);
      },
    });
    cell.execution_count = reply.content.execution_count ?? null;
    return reply.content.status;
  } finally {
    stop.removeEventListener('abort', interrupt);
    if (timer) clearTimeout(timer);
  }
}

async function describeKernel(notebook: Notebook, kernel: LaunchedKernel, command: KernelCommand): Promise<void> {
  const info = await kernel.client.request('kernel_info_request');
  notebook.metadata.kernelspec = {
    display_name: command.displayName ?? 'TypeScript (mstlab)',
    language: 'typescript',
    name: 'mstlab',
  };
  notebook.metadata.language_info = info.reply.content.language_info;
}

/** The kernelspec in `.venv` if set-up has run, else the kernel beside this file. Throws InternalError if neither is built. */
export function installedKernel(packageDir = nearestPackageDir()): KernelCommand {
  const spec = join(packageDir, '.venv', 'share', 'jupyter', 'kernels', 'mstlab');
  if (existsSync(join(spec, 'kernel.json'))) return readKernelspec(spec);
  const main = join(packageDir, 'dist', 'kernel-plugins', 'kernel', 'main.js');
  if (existsSync(main)) return { argv: [process.execPath, main, '{connection_file}'] };
  throw new InternalError(`installedKernel: no kernelspec in ${spec} and no build at ${main}. Run \`npm run build\`.`);
}

function nearestPackageDir(): string {
  let dir = __dirname;
  while (!existsSync(join(dir, 'package.json')) && dirname(dir) !== dir) dir = dirname(dir);
  return dir;
}

function eitherSignal(deadline: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  const controller = new AbortController();
  for (const signal of other ? [deadline, other] : [deadline]) {
    if (signal.aborted) controller.abort(signal.reason);
    signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true });
  }
  return controller.signal;
}

function hasTag(cell: NotebookCell, tag: string): boolean {
  return (cell.metadata.tags as string[] | undefined)?.includes(tag) ?? false;
}

/** The first line of a cell that says something, for a progress line. */
export function titleOf(cell: NotebookCell): string {
  const line =
    cell.source.split('\n').find((text) => text.trim() !== '' && !/^\s*(import|\/\*)/.test(text)) ?? 'imports';
  return line.trim().slice(0, 60);
}

function stopped(
  path: string,
  index: number,
  cell: NotebookCell,
  options: RunNotebookOptions,
  deadline: AbortSignal,
): AbortedError {
  const why = deadline.aborted ? `must end within ${options.timeoutSeconds} s` : 'was stopped by request';
  return new AbortedError(
    `runNotebook: ${basename(path)} ${why}, got as far as cell ${index} (${titleOf(cell)}). The outputs so far are in ${options.out}.`,
  );
}
