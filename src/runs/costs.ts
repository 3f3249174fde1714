import type { RunFacts } from './inspect-runs';

/** What the runs of one kind took. */
export interface KindCost {
  readonly kind: string;
  readonly runs: number;
  readonly finished: number;
  /** Of those that record it. */
  readonly seconds: number;
  readonly runsWithoutSeconds: number;
  readonly bytes: number;
}

/** Seconds and disk by kind of run, most seconds first. Seconds that no record holds are counted as unknown, not as 0. */
export function costsByKind(runs: readonly RunFacts[]): KindCost[] {
  const kinds = [...new Set(runs.map(({ kind }) => kind))];
  return kinds
    .map((kind): KindCost => {
      const own = runs.filter((run) => run.kind === kind);
      return {
        kind,
        runs: own.length,
        finished: own.filter(({ state }) => state === 'finished').length,
        seconds: own.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0),
        runsWithoutSeconds: own.filter(({ seconds }) => seconds === null).length,
        bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
      };
    })
    .sort((a, b) => b.seconds - a.seconds || a.kind.localeCompare(b.kind));
}
