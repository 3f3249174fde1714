/**
 * Ties every `fetch` to the signal of the cell that calls it, so that an interrupt ends a request that never answers, also inside
 * a client library that was given no signal.
 */
export function installFetch(cellSignal: () => AbortSignal): void {
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    const own = init?.signal ?? (input instanceof Request ? input.signal : null);
    return fetch(input, { ...init, signal: own ? AbortSignal.any([own, cellSignal()]) : cellSignal() });
  };
}
