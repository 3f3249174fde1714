import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, so that it can be told from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** When it started, in the system's own count; null where the system does not say. */
  readonly born: string | null;
}

export function ownProcess(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), born: birthOf(process.pid) };
}

/** Whether a process of this machine still runs; null for a process of another machine, which cannot be asked. */
export function isRunning(other: ProcessIdentity): boolean | null {
  if (other.host !== hostname()) return null;
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const born = birthOf(other.pid);
  return born === null || other.born === null || born === other.born;
}

/** The start time in field 22 of Linux's /proc/PID/stat; the name in field 2 may hold blanks and brackets. */
function birthOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A killed process whose parent has not asked after it yet still stands in the table.
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19];
  } catch {
    return null;
  }
}
