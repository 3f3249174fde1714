import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchDtype, type Job, type Round, roundSchema, type Side } from './job';
import { SideProcess } from './side-process';

/** How a side's process is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** One side at one job: its process, what it told at the start, and its rounds; the first one warms up. */
export interface Contestant {
  readonly name: string;
  readonly side: Side;
  readonly dtype: BenchDtype;
  readonly process: SideProcess;
  readonly about: Readonly<Record<string, unknown>>;
  warmUp: Round;
  readonly rounds: Round[];
  peakBytes: number | null;
}

export interface Entry {
  readonly side: Side;
  readonly dtype: BenchDtype;
  readonly job: Job;
}

/**
 * Runs the same work on all entries in turns: each is opened in its own process and warmed up, `check` sees the answers and
 * throws if they differ, then every entry runs one round after the other, `rounds` times over. Only one works at a time.
 * Every process is ended, whatever happens.
 */
export async function compete(
  entries: readonly Entry[],
  options: {
    readonly rounds: number;
    readonly launch: Readonly<Record<Side, Launch>>;
    readonly folder: string;
    readonly check: (found: readonly Contestant[]) => void;
    readonly say: (text: string) => void;
  },
): Promise<readonly Contestant[]> {
  const { rounds, launch, folder, check, say } = options;
  mkdirSync(folder, { recursive: true });
  const open: Contestant[] = [];
  const started: SideProcess[] = [];
  try {
    for (const { side, dtype, job } of entries) {
      const name = `${side} ${dtype}`;
      const file = join(folder, `${job.kind}-${side}-${dtype}.json`);
      writeFileSync(file, JSON.stringify(job));
      const process = new SideProcess(name, launch[side].command, launch[side].args, launch[side].env);
      started.push(process);
      const about = await process.ask({ ask: 'open', job: file });
      const warmUp = await roundOf(process);
      say(`${name}: warmed up (${warmUp.seconds.toFixed(1)} s)`);
      open.push({
        name,
        side,
        dtype,
        process,
        about,
        warmUp,
        rounds: [],
        peakBytes: null,
      });
    }
    check(open);
    for (let round = 0; round < rounds; round++)
      for (const contestant of open) {
        const found = await roundOf(contestant.process);
        contestant.rounds.push(found);
        say(`${contestant.name}: round ${round + 1} of ${rounds}, ${found.seconds.toFixed(1)} s`);
      }
    for (const contestant of open) {
      const { peakBytes } = await contestant.process.ask({ ask: 'close' });
      contestant.peakBytes = typeof peakBytes === 'number' ? peakBytes : null;
    }
    return open;
  } finally {
    for (const process of started) process.kill();
  }
}

async function roundOf(process: SideProcess): Promise<Round> {
  return roundSchema.parse(await process.ask({ ask: 'round' }));
}
