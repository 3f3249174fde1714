import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import type { Backend, MemoryUse } from '../../compute/backends';

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

/** The most memory that this process held on its device since the last `reset`, for logs. */
export interface PeakMemory {
  /** Begins a new measurement; where the kernel does not let a process do that, peaks are those since it started. */
  reset(): void;
  /** MB (10⁶ bytes); null where the system does not tell. */
  readMb(): number | null;
}

/** Asking the driver starts a program, which costs as much as a step of a small model. */
const GPU_SECONDS_BETWEEN = 20;

/**
 * On a processor the kernel's high-water mark of resident memory, begun anew at each `reset` (proc(5), clear_refs: 5). On a
 * GPU what the driver says now and then: TensorFlow keeps what it has taken, so this is near its peak.
 */
export function peakMemory(
  backend: Pick<Backend, 'device' | 'memory'>,
  clearRefs = '/proc/self/clear_refs',
  now: () => number = () => performance.now() / 1000,
): PeakMemory {
  const inMb = ({ peakBytes, bytesInUse }: MemoryUse): number | null => {
    const bytes = peakBytes ?? bytesInUse;
    return bytes === null ? null : Math.round(bytes / MB);
  };
  if (backend.device.startsWith('gpu')) {
    let asked: { at: number; mb: number | null } | null = null;
    return {
      reset: () => {},
      readMb() {
        if (asked === null || now() - asked.at >= GPU_SECONDS_BETWEEN)
          asked = { at: now(), mb: inMb(backend.memory()) };
        return asked.mb;
      },
    };
  }
  return {
    reset() {
      try {
        if (existsSync(clearRefs)) writeFileSync(clearRefs, '5');
      } catch {
        // Not permitted in some containers.
      }
    },
    readMb: () => inMb(backend.memory()),
  };
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
