import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Units of /proc/stat and /proc/PID/stat a second; fixed at 100 on Linux. */
const TICKS_PER_SECOND = 100;

/** Processor time at one moment, seconds: of the whole machine, and of one process. */
export interface CpuTime {
  readonly machine: number;
  readonly process: number;
}

/** Seconds that all processors together were busy, from the first line of /proc/stat (idle and waiting for disk left out). */
export function busySeconds(stat: string): number {
  const [user, nice, system, , , irq, softirq, steal] = stat.split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + (steal || 0)) / TICKS_PER_SECOND;
}

/** Seconds of processor time that a process has used, from its /proc/PID/stat. */
export function processSeconds(stat: string): number {
  // The program's name stands in brackets and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Reads both now; null where the system does not tell. */
export function cpuTime(pid: number | undefined): CpuTime | null {
  try {
    return {
      machine: busySeconds(readFileSync('/proc/stat', 'utf8')),
      process: processSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8')),
    };
  } catch {
    return null;
  }
}

/** The share of the machine's processors that other processes took between two moments, 0 to 1; null where it is not known. */
export function othersShare(
  before: CpuTime | null,
  after: CpuTime | null,
  seconds: number,
  cores = availableParallelism(),
): number | null {
  if (before === null || after === null || seconds <= 0) return null;
  const others = after.machine - before.machine - (after.process - before.process);
  return Math.min(1, Math.max(0, others / (seconds * cores)));
}
