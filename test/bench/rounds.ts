import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchDtype, type Job, type Round, roundSchema, type Side } from './job';
import { cpuTime, othersShare } from './machine-load';
import { SideProcess } from './side-process';

/** A round in which other processes took more of the machine than this is not to be trusted. */
export const DISTURBED = 0.05;

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
  /** What other processes took of the machine in each round, 0 to 1. */
  readonly othersShares: number[];
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
        othersShares: [],
        peakBytes: null,
      });
    }
    check(open);
    for (let round = 0; round < rounds; round++)
      for (const contestant of open) {
        const { pid } = contestant.process;
        const [before, started] = [cpuTime(pid), performance.now()];
        const found = await roundOf(contestant.process);
        const others = othersShare(before, cpuTime(pid), (performance.now() - started) / 1000);
        contestant.rounds.push(found);
        if (others !== null) contestant.othersShares.push(others);
        say(
          `${contestant.name}: round ${round + 1} of ${rounds}, ${found.seconds.toFixed(1)} s` +
            `${others !== null && others > DISTURBED ? ` (others took ${(100 * others).toFixed(0)}% of the machine)` : ''}`,
        );
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
