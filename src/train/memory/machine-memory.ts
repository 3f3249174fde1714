import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';

export const MB = 1e6;

/** Memory that this process can still take, bytes, and what sets the limit. */
export interface FreeMemory {
  readonly bytes: number;
  readonly limit: 'machine' | 'control group';
}

/**
 * What the kernel says is available without swapping, or what is left under the control group's limit where that is lower
 * (containers). `root` is where /proc and /sys lie.
 */
export function freeMemory(root = '/'): FreeMemory {
  const machine: FreeMemory = { bytes: availableBytes(root) ?? freemem(), limit: 'machine' };
  const left = groupBytes(root);
  return left !== null && left < machine.bytes ? { bytes: left, limit: 'control group' } : machine;
}

function availableBytes(root: string): number | null {
  const line = /^MemAvailable:\s+(\d+) kB/m.exec(textOf(join(root, 'proc/meminfo')) ?? '');
  return line ? Number(line[1]) * 1024 : null;
}

/** Left under the limit of version 2 or 1 of control groups; file pages that can be dropped count as free. */
function groupBytes(root: string): number | null {
  const folder = join(root, 'sys/fs/cgroup');
  for (const [dir, max, current, reclaimable] of [
    [folder, 'memory.max', 'memory.current', /^inactive_file (\d+)/m],
    [join(folder, 'memory'), 'memory.limit_in_bytes', 'memory.usage_in_bytes', /^total_inactive_file (\d+)/m],
  ] as const) {
    const [limit, used] = [textOf(join(dir, max)), textOf(join(dir, current))].map((text) => Number(text ?? 'none'));
    if (!Number.isFinite(limit) || !Number.isFinite(used)) continue;
    const cached = Number(reclaimable.exec(textOf(join(dir, 'memory.stat')) ?? '')?.[1] ?? 0);
    return Math.max(0, limit - used + cached);
  }
  return null;
}

/** The largest resident set of this process since the last `reset`, for logs. */
export interface PeakMemory {
  /** Begins a new measurement; where the kernel does not let a process do that, peaks are those since it started. */
  reset(): void;
  /** MB (10⁶ bytes); null where the device's memory cannot be read. */
  readMb(): number | null;
}

/**
 * Reads the kernel's high-water mark of resident memory (Linux), elsewhere the resident set at each call. On a GPU what
 * matters lies on the card, which TensorFlow's C interface does not tell: null.
 */
export function peakMemory(device: string, root = '/'): PeakMemory {
  if (device.startsWith('gpu')) return { reset: () => {}, readMb: () => null };
  const status = join(root, 'proc/self/status');
  const reset = join(root, 'proc/self/clear_refs');
  return {
    reset() {
      try {
        if (existsSync(reset)) writeFileSync(reset, '5');
      } catch {
        // Not permitted in some containers.
      }
    },
    readMb() {
      const mark = /^VmHWM:\s+(\d+) kB/m.exec(textOf(status) ?? '');
      return Math.round((mark ? Number(mark[1]) * 1024 : process.memoryUsage.rss()) / MB);
    },
  };
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
