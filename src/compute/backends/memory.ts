import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What this process holds of its device's memory. */
export interface MemoryUse {
  /** Bytes; null where the system does not tell. */
  readonly bytesInUse: number | null;
  /** The most that was ever in use, bytes; null where the system does not tell. */
  readonly peakBytes: number | null;
  /** Why a number is missing; null where none is. */
  readonly reason: string | null;
}

/** Runs the driver's tool with arguments and gives what it wrote, or null if it did not answer. */
export type RunTool = (args: readonly string[]) => string | null;

/** Resident memory of this process and its peak, from Linux's own account of it (proc(5), VmRSS and VmHWM). */
export function hostMemory(status: () => string | null = readStatus): MemoryUse {
  const text = status();
  if (text === null) return missing('this system has no /proc/self/status');
  const bytesOf = (field: string): number | null => {
    const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text);
    return found ? Number(found[1]) * 1024 : null;
  };
  const use = { bytesInUse: bytesOf('VmRSS'), peakBytes: bytesOf('VmHWM') };
  const known = use.bytesInUse !== null && use.peakBytes !== null;
  return { ...use, reason: known ? null : '/proc/self/status does not hold VmRSS and VmHWM' };
}

/**
 * GPU memory that a process holds, by `nvidia-smi --query-compute-apps` (MiB a process and GPU, added up). The addon hands on no
 * counters of TensorFlow's allocator. What TensorFlow has taken from the driver it keeps, so this is near its peak, but the
 * tool does not tell a peak.
 */
export function gpuMemory(pid: number = process.pid, run: RunTool = nvidiaSmi): MemoryUse {
  const text = run(['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits']);
  if (text === null) return missing('nvidia-smi did not answer');
  const own = text
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter(([id]) => id === String(pid));
  if (own.length === 0)
    return missing(`nvidia-smi lists no process ${pid}; in a container it may know it by another number`);
  const mib = own.map(([, used]) => (/^\d+$/.test(used ?? '') ? Number(used) : null));
  if (mib.some((used) => used === null)) return missing(`nvidia-smi tells no memory for process ${pid}`);
  const bytesInUse = mib.reduce<number>((sum, used) => sum + used! * 1024 * 1024, 0);
  return { bytesInUse, peakBytes: null, reason: 'nvidia-smi tells no peak' };
}

function missing(reason: string): MemoryUse {
  return { bytesInUse: null, peakBytes: null, reason };
}

function readStatus(): string | null {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return null;
  }
}

function nvidiaSmi(args: readonly string[]): string | null {
  const { status, stdout } = spawnSync('nvidia-smi', args, { encoding: 'utf8', timeout: 30_000 });
  return status === 0 ? stdout : null;
}
