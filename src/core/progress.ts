import { AbortedError } from './errors';

/** One report of a long call: what runs, how far it is, in which unit, and the newest figures. */
export interface Progress {
  readonly what: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly detail?: Readonly<Record<string, number | string>>;
}

export type ProgressListener = (progress: Progress) => void;

/** What every long call takes. */
export interface LongCall {
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/** A kernel calls it on the timers of a cell that it gave up. */
const timerCancelled: unique symbol = Symbol.for('mstlab.timer-cancelled');

/**
 * Lets timers, sockets and an interrupt be served between two synchronous steps. Throws AbortedError if the kernel stops the timers of
 * the cell that waits here: work that only stood still would keep its locks.
 */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve, reject) => {
    const handle: NodeJS.Immediate & { [timerCancelled]?: () => void } = setImmediate(resolve);
    handle[timerCancelled] = () =>
      reject(
        new AbortedError('yieldToEventLoop: stopped with the cell that began the work. Nothing finished is lost.'),
      );
  });
}

/**
 * Waits `ms` milliseconds, or less if the signal fires; whoever calls it looks at the signal after it. Throws AbortedError if the kernel
 * stops the timers of the cell that waits here, as `yieldToEventLoop` does.
 */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      clearTimeout(handle);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const handle: NodeJS.Timeout & { [timerCancelled]?: () => void } = setTimeout(end, ms);
    handle[timerCancelled] = () => {
      signal?.removeEventListener('abort', end);
      reject(new AbortedError('pause: stopped with the cell that began the work. Nothing finished is lost.'));
    };
    signal?.addEventListener('abort', end, { once: true });
  });
}

/** Throws AbortedError if the signal has fired; `kept` says what the caller can go on from. */
export function throwIfAborted(
  signal: AbortSignal | undefined,
  where: string,
  kept = 'Nothing finished is lost',
): void {
  if (signal?.aborted) throw new AbortedError(`${where}: stopped by request. ${kept}.`, { cause: signal.reason });
}
