import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

type Options = { readonly signal?: AbortSignal } | undefined;

/**
 * Ties the pauses of `node:timers/promises` to the signal of the cell that makes them, so that a loop of pauses ends with its cell's
 * interrupt. `util.promisify(setTimeout)` is one of them too: Node looks it up here.
 */
export function installPauses(cellSignal: () => AbortSignal): void {
  const { setTimeout: pause, setImmediate: yieldNow, setInterval: repeat, scheduler } = timers;
  const tied = <Given extends Options>(options: Given): Given & { signal: AbortSignal } => {
    const own = options?.signal;
    return { ...options, signal: own ? AbortSignal.any([own, cellSignal()]) : cellSignal() } as never;
  };
  Object.assign(timers, {
    setTimeout: ((ms, value, options) => pause(ms, value, tied(options))) as typeof pause,
    setImmediate: ((value, options) => yieldNow(value, tied(options))) as typeof yieldNow,
    setInterval: ((ms, value, options) => repeat(ms, value, tied(options))) as typeof repeat,
  });
  // `scheduler` checks that it is called on itself.
  const wait = scheduler.wait.bind(scheduler);
  Object.defineProperty(scheduler, 'wait', {
    value: (ms: number, options: Options) => wait(ms, tied(options) as never),
    configurable: true,
    writable: true,
  });
  syncBuiltinESMExports();
}
