import type { Session } from '../backends';
import type { HostTensor } from '../graph';

const LEAST_RUNS = 3;
/** Milliseconds spent on one program, as far as its runs are short. */
const LEAST_MS = 60;

/** Milliseconds of the fastest of several runs of a program, one to warm up left out. */
export function fastestRun(
  session: Session,
  program: string,
  feeds: Readonly<Record<string, HostTensor>> = {},
  now: () => number = () => performance.now(),
): number {
  session.run(program, feeds);
  let fastest = Number.POSITIVE_INFINITY;
  const start = now();
  for (let runs = 0; runs < LEAST_RUNS || now() - start < LEAST_MS; runs++) {
    const before = now();
    session.run(program, feeds);
    fastest = Math.min(fastest, now() - before);
  }
  return fastest;
}
