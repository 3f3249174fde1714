import { throwIfAborted, yieldToEventLoop } from '../../core';
import type { Session } from '../backends';
import type { HostTensor } from '../graph';

const LEAST_RUNS = 3;
/** Milliseconds spent on one program, as far as its runs are short. */
const LEAST_MS = 60;

/**
 * Milliseconds of the fastest of several runs of a program, one to warm up left out. Between two runs timers and an interrupt are served;
 * throws AbortedError there.
 */
export async function fastestRun(
  session: Session,
  program: string,
  { feeds = {}, signal }: { readonly feeds?: Readonly<Record<string, HostTensor>>; readonly signal?: AbortSignal } = {},
): Promise<number> {
  session.run(program, feeds);
  let fastest = Number.POSITIVE_INFINITY;
  const start = performance.now();
  for (let runs = 0; runs < LEAST_RUNS || performance.now() - start < LEAST_MS; runs++) {
    await yieldToEventLoop();
    throwIfAborted(signal, 'profile');
    const before = performance.now();
    session.run(program, feeds);
    fastest = Math.min(fastest, performance.now() - before);
  }
  return fastest;
}
