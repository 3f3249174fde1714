/** What a timer's owner left on it to hear that it was stopped, as the library's own pauses do: see `yieldToEventLoop`. */
const timerCancelled: unique symbol = Symbol.for('mstlab.timer-cancelled');

/**
 * Keeps track of the timers that the running cell started, so that a loop which ignores `signal` dies at its next wait when the
 * cell is given up. Only the global functions are covered; see `installPauses` for their promise forms.
 */
export class CellTimers {
  private readonly pending = new Set<() => void>();

  install(): void {
    const { setTimeout: startTimeout, setInterval: startInterval, setImmediate: startImmediate } = globalThis;
    const { clearTimeout: stopTimeout, clearInterval: stopInterval, clearImmediate: stopImmediate } = globalThis;
    const { pending } = this;

    const track = <H extends object>(
      start: (callback: (...args: unknown[]) => void, ...rest: never[]) => H,
      stop: (handle: H) => void,
      repeats: boolean,
    ) => {
      const tracked = (callback: (...args: unknown[]) => void, ...rest: unknown[]): H => {
        if (typeof callback !== 'function') return start(callback as never, ...(rest as never[]));
        const handle = start(
          (...args) => {
            if (!repeats) pending.delete(cancel);
            callback(...args);
          },
          ...(rest as never[]),
        );
        const cancel = () => {
          stop(handle);
          (handle as { [timerCancelled]?: () => void })[timerCancelled]?.();
        };
        pending.add(cancel);
        if (pending.size > 4096) forgetOldest(pending);
        return handle;
      };
      // util.promisify(setTimeout) finds its own implementation through symbols on the function.
      return Object.defineProperties(tracked, Object.getOwnPropertyDescriptors(start));
    };

    globalThis.setTimeout = track(startTimeout as never, stopTimeout as never, false) as never;
    globalThis.setInterval = track(startInterval as never, stopInterval as never, true) as never;
    globalThis.setImmediate = track(startImmediate as never, stopImmediate as never, false) as never;
  }

  /** A new cell starts; timers of earlier cells are no longer its own. */
  startCell(): void {
    this.pending.clear();
  }

  /** Stops every timer of the running cell that has not fired. */
  cancelAll(): void {
    for (const cancel of this.pending) cancel();
    this.pending.clear();
  }
}

/** Timers that were cleared by the user's code stay in the set; it must not grow without bound. */
function forgetOldest(pending: Set<() => void>): void {
  const oldest = pending.values().next().value;
  if (oldest) pending.delete(oldest);
}
