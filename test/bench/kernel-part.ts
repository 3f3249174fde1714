import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { NumericError } from '../../src/core';
import { type KernelRound, type KernelUnderTest, type KernelWork, kernelRound } from './kernel-side';
import type { PartResult } from './parts';
import type { ResultRow } from './results';
import { measured, median } from './statistics';

const TYPESCRIPT: KernelUnderTest['cells'] = {
  first: 'const first = [1, 2, 3].map((x) => 2 * x);\nfirst.length',
  trivial: '1 + 1',
  completion: { code: 'first.fl', expected: 'flatMap' },
  lines: (count) => `for (let i = 0; i < ${count}; i++) console.log(i);`,
};

const PYTHON: KernelUnderTest['cells'] = {
  first: 'first = [2 * x for x in [1, 2, 3]]\nlen(first)',
  trivial: '1 + 1',
  completion: { code: 'first.app', expected: 'append' },
  lines: (count) => `for i in range(${count}): print(i)`,
};

/** Ours, the kernel that ours is built on as its package ships it, and the kernel that most notebooks run in. */
export function kernelsUnderTest(root: string): readonly KernelUnderTest[] {
  const node = process.execPath;
  const stock = join(root, 'node_modules', 'tslab', 'bin', 'tslab');
  const python = join(root, '.venv', 'bin', 'python');
  return [
    {
      name: 'mstlab',
      argv: [node, join(root, 'dist', 'kernel-plugins', 'kernel', 'main.js'), '{connection_file}'],
      cells: TYPESCRIPT,
    },
    { name: 'tslab', argv: [node, stock, 'kernel', '--config-path', '{connection_file}'], cells: TYPESCRIPT },
    { name: 'ipykernel', argv: [python, '-m', 'ipykernel_launcher', '-f', '{connection_file}'], cells: PYTHON },
  ];
}

export const OURS = 'mstlab';

export interface KernelContext {
  readonly root: string;
  readonly rounds: number;
  readonly quick: boolean;
  readonly say: (text: string) => void;
}

/** (h) The kernel beside others: start, first cell, cells, completion, printed lines, shutdown. */
export async function kernelPart({ root, rounds, quick, say }: KernelContext): Promise<PartResult> {
  const [load] = loadavg();
  if (load > 1) say(`the machine is not quiet (load average ${load.toFixed(1)}): times will be too long`);
  const work: KernelWork = { cells: quick ? 5 : 30, completions: quick ? 3 : 15, lines: 20_000 };
  const kernels = kernelsUnderTest(root);
  const found = new Map<string, KernelRound[]>(kernels.map(({ name }) => [name, []]));
  for (const kernel of kernels) {
    checkAnswers(kernel, await kernelRound(kernel, work), work);
    say(`kernel ${kernel.name}: warmed up, its answers are right`);
  }
  for (let round = 0; round < rounds; round++)
    for (const kernel of kernels) {
      const result = await kernelRound(kernel, work);
      checkAnswers(kernel, result, work);
      found.get(kernel.name)!.push(result);
      say(`kernel ${kernel.name}: round ${round + 1} of ${rounds}, start ${(result.startMs / 1000).toFixed(2)} s`);
    }
  // What a kernel says of itself is not its package: stock tslab says 1.0.0, ipykernel gives IPython's number.
  const tslab = JSON.parse(readFileSync(join(root, 'node_modules', 'tslab', 'package.json'), 'utf8')).version as string;
  const ipython = found.get('ipykernel')?.[0].version ?? 'unknown';
  return {
    rows: rowsOf(found, work, new Date().toISOString()),
    about: { tslab, 'ipykernel with IPython': ipython, python: pythonVersion(root) },
  };
}

/** Throws NumericError where a kernel answers wrongly; of ours, also where it loses a line. Others' lost lines are reported. */
export function checkAnswers({ name, cells }: KernelUnderTest, round: KernelRound, work: KernelWork): void {
  const { first, trivial, completions } = round.answers;
  const wrong = [
    ...(first === '3' ? [] : [`"${first}" for 3 from the first cell`]),
    ...(trivial === '2' ? [] : [`"${trivial}" for 2 from the trivial cell`]),
    ...(completions.some((text) => text.endsWith(cells.completion.expected))
      ? []
      : [`[${completions.slice(0, 5).join(', ')}] for ${cells.completion.expected} from completion`]),
    ...(name !== OURS || round.linesReceived === work.lines
      ? []
      : [`${round.linesReceived} of ${work.lines} printed lines`]),
  ];
  if (wrong.length > 0)
    throw new NumericError(
      `bench: the kernel ${name} must answer rightly before it is timed, got ${wrong.join('; ')}. Nothing was timed.`,
    );
}

/** Rows of each kind of work, kernels beside each other. Times of work that was not done are left out. */
export function rowsOf(
  found: ReadonlyMap<string, readonly KernelRound[]>,
  { lines }: KernelWork,
  date: string,
): readonly ResultRow[] {
  const works: { work: string; unit: string; of: (round: KernelRound) => number | null }[] = [
    { work: 'start', unit: 'ms', of: ({ startMs }) => startMs },
    { work: 'first cell', unit: 'ms', of: ({ firstCellMs }) => firstCellMs },
    { work: 'start and first cell', unit: 'ms', of: ({ firstResultMs }) => firstResultMs },
    { work: 'trivial cell', unit: 'ms', of: ({ trivialCellMs }) => median(trivialCellMs) },
    { work: 'completion', unit: 'ms', of: ({ completionMs }) => median(completionMs) },
    { work: `lines received of ${lines} printed`, unit: 'lines', of: ({ linesReceived }) => linesReceived },
    {
      work: `${lines} printed lines`,
      unit: 'ms',
      of: ({ linesMs, linesReceived }) => (linesReceived === lines ? linesMs : null),
    },
    { work: 'shutdown', unit: 'ms', of: ({ shutdownMs }) => shutdownMs },
  ];
  return works.flatMap(({ work, unit, of }) =>
    [...found].flatMap(([name, results]): ResultRow[] => {
      const rounds = results.map(of).filter((value) => value !== null && value > 0) as number[];
      if (rounds.length < results.length) return [];
      const side = name === OURS ? ({ side: 'ours' } as const) : ({ side: 'peer', peer: name } as const);
      return [{ part: 'kernel', work, ...side, unit, ...measured(rounds), rounds, date }];
    }),
  );
}

function pythonVersion(root: string): string {
  const config = readFileSync(join(root, '.venv', 'pyvenv.cfg'), 'utf8');
  return /^version\s*=\s*(\S+)/m.exec(config)?.[1] ?? 'unknown';
}
