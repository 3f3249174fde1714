import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What the driver's own tool saw while the steps ran. */
export interface DeviceUsage {
  /** Mean share of the time in which a kernel ran on the GPU, 0 to 1; null without samples. */
  readonly busyShare: number | null;
  readonly peakBytes: number | null;
  readonly samples: number;
}

const EVERY_MS = 200;

/** Parses lines of `utilization.gpu, memory.used` (percent, MiB); others are left out. */
export function usageOf(text: string): DeviceUsage {
  const found = [...text.matchAll(/^\s*(\d+)\s*,\s*(\d+)\s*$/gm)].map(([, busy, mib]) => ({
    busy: Number(busy) / 100,
    bytes: Number(mib) * 1024 * 1024,
  }));
  if (found.length === 0) return { busyShare: null, peakBytes: null, samples: 0 };
  return {
    busyShare: found.reduce((sum, { busy }) => sum + busy, 0) / found.length,
    peakBytes: Math.max(...found.map(({ bytes }) => bytes)),
    samples: found.length,
  };
}

/**
 * Samples one GPU by a child process five times a second until `stop` is called. The steps block this process, so the child
 * keeps its lines in its pipe. Where the tool does not start, the usage is empty.
 */
export function sampleDevice(gpu: string, command = 'nvidia-smi'): { stop(): Promise<DeviceUsage> } {
  const query = ['--query-gpu=utilization.gpu,memory.used', '--format=csv,noheader,nounits'];
  const child = spawn(command, [...query, '-i', gpu, `-lms`, String(EVERY_MS)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.on('data', (piece) => {
    text += piece;
  });
  const ended = new Promise<void>((resolve) => {
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
  return {
    async stop() {
      // A child that did not start has process number 0 inside Node: a signal to it would go to this whole group.
      if (child.pid !== undefined) child.kill();
      await ended;
      return usageOf(text);
    },
  };
}

/** Name and driver of one GPU, or null where the tool does not answer. */
export function deviceName(gpu: string, command = 'nvidia-smi'): string | null {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader', '-i', gpu];
  const { status, stdout } = spawnSync(command, query, { encoding: 'utf8', timeout: 30_000 });
  return status === 0 && stdout.trim() !== '' ? stdout.trim().split('\n')[0] : null;
}

/** The most memory this process has held on the host, bytes; null where the system does not tell. */
export function hostPeakBytes(): number | null {
  try {
    const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return found ? Number(found[1]) * 1024 : null;
  } catch {
    return null;
  }
}
