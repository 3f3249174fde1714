/** Where the `fetch` without the tie is found by what must outlive its cell: see `installFetch`. */
const untied: unique symbol = Symbol.for('mstlab.untied-fetch');

/**
 * Ties every `fetch` to the signal of the cell that calls it, so that an interrupt ends a request that never answers, also inside
 * a client library that was given no signal. The untied one stays at `Symbol.for('mstlab.untied-fetch')`: a request that is paid for
 * whether or not its answer is read must be able to finish.
 */
export function installFetch(cellSignal: () => AbortSignal): void {
  const { fetch } = globalThis;
  Object.defineProperty(globalThis, untied, { value: fetch, configurable: true, writable: true });
  globalThis.fetch = (input, init) => {
    const own = init?.signal ?? (input instanceof Request ? input.signal : null);
    return fetch(input, { ...init, signal: own ? AbortSignal.any([own, cellSignal()]) : cellSignal() });
  };
}
