import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, MachineError, MstlabError, projectRoot } from '../../src/core';
import { openModel } from '../../src/model/weights';
import { writeFileAtomic } from '../../src/runs';
import { exportModel } from './export-model';
import type { BenchDtype, Side } from './job';
import { kernelPart } from './kernel-part';
import { type BenchContext, generationPart, growthPart, type PartResult, trainingPart } from './parts';
import { ratiosOf, targetsOf } from './ratios';
import { checkResults, PARTS, type Part, type ResultRow, type Results } from './results';
import { rlPart } from './rl-part';
import { DISTURBED } from './rounds';
import { markdownTable, ratiosTable, rowsTable } from './tables';

const USAGE = `bench [PART ...] [--rounds N] [--quick] [--out FILE]     measure (parts: ${PARTS.join(', ')}; all if none is named)
bench markdown                                        the table of the results file, for the README
`;

/** `npm run bench`: the same work on both sides in turns. Resolves to the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = options(args);
  const root = projectRoot();
  const out = values.out ?? join(root, 'test', 'bench', 'results.json');
  if (positionals[0] === 'markdown') {
    print(markdownTable(readResults(out)));
    return 0;
  }
  const parts = positionals.length > 0 ? positionals : [...PARTS];
  const unknown = parts.filter((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown.length > 0)
    throw new ConfigError(`bench: parts must be of ${PARTS.join(', ')}, got ${unknown.join(', ')}. ${USAGE}`);
  const rounds = values.rounds === undefined ? (values.quick ? 1 : 3) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new ConfigError(`bench: --rounds must be a whole number from 1, got "${values.rounds}". Correct it.`);
  const { failed, ...found } = await measure(parts as Part[], { root, rounds, quick: values.quick ?? false });
  const failure = failed.length === 0 ? '' : `bench: FAILED: ${failed.join(', ')}; what is wrong stands above.`;
  if (found.rows.length === 0) {
    print(failure);
    return 1;
  }
  const results = collected(found, existsSync(out) ? readResults(out) : null);
  writeFileAtomic(out, `${JSON.stringify(results, null, 2)}\n`);
  const disturbed = results.rows.filter(({ othersShare }) => (othersShare ?? 0) > DISTURBED).length;
  if (disturbed > 0)
    print(
      `\n${disturbed} of ${results.rows.length} rows had a round in which other processes took over ${100 * DISTURBED}% of the machine (column others). ` +
        'Run it again on a quiet machine before relying on these numbers.',
    );
  print(`\n${rowsTable(results.rows)}\n\n${ratiosTable(results)}\n\nWritten to ${out}.`);
  if (failure !== '') print(failure);
  return failure === '' ? 0 : 1;
}

function options(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rounds: { type: 'string' },
        quick: { type: 'boolean' },
        out: { type: 'string' },
      },
    });
  } catch (cause) {
    throw new ConfigError(`bench: options must be --rounds, --quick or --out, got "${args.join(' ')}". ${USAGE}`, {
      cause,
    });
  }
}

async function measure(
  parts: readonly Part[],
  {
    root,
    rounds,
    quick,
  }: {
    readonly root: string;
    readonly rounds: number;
    readonly quick: boolean;
  },
): Promise<PartResult & { readonly failed: readonly string[] }> {
  const say = (text: string) => void process.stderr.write(`bench: ${text}\n`);
  const kernel = () => kernelPart({ root, rounds, quick, say });
  if (parts.every((part) => part === 'kernel')) return runParts(parts, kernel);
  const python = process.env.MSTLAB_PEERS_PYTHON ?? join(root, '.venv-peers', 'bin', 'python');
  if (!existsSync(python))
    throw new MachineError(
      `bench: the peers must be installed, got no ${python}. Run npm run bench, which makes .venv-peers.`,
    );
  const cache = join(root, '.cache', 'bench');
  mkdirSync(cache, { recursive: true });
  const ref = 'smollm2-135m';
  const files = await openModel(ref);
  try {
    const context: BenchContext = {
      files,
      model: { ours: ref, peer: exportModel(files, cache) },
      launch: {
        ours: {
          command: process.execPath,
          args: [join(__dirname, 'ours-side.js')],
        },
        peer: {
          command: python,
          args: [join(root, 'test', 'bench', 'peers', 'side.py')],
        },
      },
      cache,
      rounds,
      quick,
      say,
    };
    return await runParts(parts, (part, rows) => {
      say(`part ${part}`);
      if (part === 'kernel') return kernel();
      if (part === 'generate') return generationPart(context);
      if (part === 'rl') return rlPart(context);
      return part === 'growth' ? growthPart(context, fasterDtypes(rows)) : trainingPart(context, part);
    });
  } finally {
    files.close();
  }
}

/**
 * Runs each part on the rows so far. One that throws is told on stderr and listed: what was measured before and after it is worth
 * keeping.
 */
export async function runParts(
  parts: readonly Part[],
  run: (part: Part, rows: readonly ResultRow[]) => Promise<PartResult>,
  tell: (text: string) => void = (text) => process.stderr.write(`${text}\n`),
): Promise<PartResult & { readonly failed: readonly Part[] }> {
  const rows: ResultRow[] = [];
  const failed: Part[] = [];
  let about: Record<string, string> = {};
  for (const part of parts)
    try {
      const result = await run(part, rows);
      rows.push(...result.rows);
      about = { ...about, ...result.about };
    } catch (error) {
      failed.push(part);
      tell(`${error instanceof MstlabError ? error.message : ((error as Error).stack ?? error)}`);
    }
  return { rows, about, failed };
}

/** The dtype in which each side trained faster in part sft of this run; bf16 for us and f32 for the peer where it did not run. */
export function fasterDtypes(rows: readonly ResultRow[]): Record<Side, BenchDtype> {
  const of = (side: Side, otherwise: BenchDtype): BenchDtype => {
    const trained = rows.filter((row) => row.part === 'sft' && row.side === side);
    return trained.sort((a, b) => b.median - a.median)[0]?.dtype ?? otherwise;
  };
  return { ours: of('ours', 'bf16'), peer: of('peer', 'bf16') };
}

/** The new rows, beside those of other parts that the same machine and versions gave before. */
export function collected({ rows, about }: PartResult, before: Results | null): Results {
  const machine = {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${process.platform} ${release()}`,
  };
  const measuredParts = new Set(rows.map(({ part }) => part));
  const same = before !== null && JSON.stringify(before.machine) === JSON.stringify(machine);
  const kept = same ? before.rows.filter(({ part }) => !measuredParts.has(part)) : [];
  const all = [...kept, ...rows].sort((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part));
  const ratios = ratiosOf(all);
  const versions = {
    ...(same ? before.versions : {}),
    node: process.version.slice(1),
    ...about,
  };
  return checkResults(
    {
      machine,
      versions,
      date: new Date().toISOString(),
      ratios,
      targets: targetsOf(ratios),
      rows: all,
    },
    'this run',
  );
}

function readResults(path: string): Results {
  return checkResults(JSON.parse(readFileSync(path, 'utf8')), path);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (require.main === module) {
  // Through 'exit', where the sides are ended.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error) => {
      process.stderr.write(`${error instanceof MstlabError ? error.message : (error?.stack ?? error)}\n`);
      process.exitCode = 1;
    },
  );
}
