/**
 * Starts measuring; the returned function says in one line how long it took since: wall time, and CPU time of this process over
 * all its threads, so that a computation on n cores shows up to n times the wall time.
 */
export function startStopwatch(): () => string {
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(startCpu);
    const wall = duration(performance.now() - startMs);
    return `wall ${wall}, CPU ${duration((user + system) / 1000)} (user ${duration(user / 1000)}, system ${duration(system / 1000)})`;
  };
}

/** Three digits and a unit: 0.512 ms, 34.1 ms, 1.20 s, 2 min 5 s. */
export function duration(ms: number): string {
  if (ms < 0.0005) return '0 ms';
  if (ms < 999.5) return `${Number(ms.toPrecision(3))} ms`;
  if (ms < 59_950) return `${(ms / 1000).toPrecision(3)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
