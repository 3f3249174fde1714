import type { RandomStream } from '../../core';

export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** A wait before the second attempt, doubled for each further one, and its longest (milliseconds). */
const firstBackoffMs = 500;
const longestBackoffMs = 30_000;

/** A long wait is cut into pieces, so that other processes see signs of life (milliseconds). */
const pieceMs = 20_000;

/**
 * How long to wait after attempt number `attempt` (from 1) failed (milliseconds). With no word of the server: uniform on 0 to
 * min(30 s, 0.5 s · 2^(attempt-1)), the "full jitter" of Brooker 2015, "Exponential backoff and jitter", AWS architecture blog. With a
 * time that the server asks for: that time, and up to a tenth or a quarter of a second more.
 */
export function backoffMs(attempt: number, afterMs: number | null, random: RandomStream): number {
  if (afterMs !== null) return afterMs + random.uniform() * Math.max(250, afterMs / 10);
  return random.uniform() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** (attempt - 1));
}

/** Waits until a time, in pieces; `alive` is called at each. Ends early if the signal fires. */
export async function sleepUntil(
  until: () => number,
  clock: { readonly now: () => number; readonly sleep: Sleep },
  alive: () => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (;;) {
    const left = until() - clock.now();
    if (left <= 0 || signal?.aborted) return;
    alive();
    await clock.sleep(Math.min(left, pieceMs), signal);
  }
}

/** A time before which nobody sends, set when the API says that it has too much to do. All calls of a session share it. */
export class Cooldown {
  private untilMs = 0;

  get until(): number {
    return this.untilMs;
  }

  extend(until: number): void {
    this.untilMs = Math.max(this.untilMs, until);
  }
}

/** At most `size` holders at a time, in the order in which they came. */
export class Slots {
  private taken = 0;
  private readonly queue: (() => void)[] = [];

  constructor(private readonly size: number) {}

  async take(): Promise<void> {
    if (this.taken < this.size) {
      this.taken++;
      return;
    }
    await new Promise<void>((resolve) => this.queue.push(resolve));
  }

  give(): void {
    const next = this.queue.shift();
    if (next) next();
    else this.taken--;
  }
}
