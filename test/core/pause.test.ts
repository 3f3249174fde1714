import { describe, expect, it } from 'vitest';
import { CellTimers } from '../../kernel-plugins/kernel/execution/timers';
import { AbortedError, pause } from '../../src/core';

describe('a pause', () => {
  it('lasts its time', async () => {
    const start = performance.now();
    await pause(20);
    expect(performance.now() - start).toBeGreaterThanOrEqual(19);
  });

  it('ends when the signal fires, before or meanwhile, and leaves nothing on the signal', async () => {
    const stop = new AbortController();
    const waiting = pause(1e8, stop.signal);
    stop.abort();
    await waiting;
    await pause(1e8, stop.signal);
  });

  it('throws when the kernel gives up the cell that waits', async () => {
    const { setTimeout, setInterval, setImmediate } = globalThis;
    const timers = new CellTimers();
    timers.install();
    try {
      const waiting = pause(1e8);
      timers.cancelAll();
      await expect(waiting).rejects.toThrow(AbortedError);
    } finally {
      Object.assign(globalThis, { setTimeout, setInterval, setImmediate });
    }
  });
});
