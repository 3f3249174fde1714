import { spawnSync } from 'node:child_process';
import type { RunTool } from './memory';

/** A process that holds memory of a GPU. */
export interface GpuProcess {
  readonly pid: number;
  readonly name: string;
  /** Null where the driver does not tell, as in some containers. */
  readonly bytes: number | null;
}

/** One GPU as its driver reports it; bytes, null where it does not tell. */
export interface GpuState {
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
  readonly driver: string;
  readonly totalBytes: number | null;
  readonly usedBytes: number | null;
  readonly freeBytes: number | null;
  /** Share of the last sample period in which a kernel ran, 0 to 1. */
  readonly busyShare: number | null;
  readonly processes: readonly GpuProcess[];
}

const GPU_QUERY = 'index,name,uuid,driver_version,memory.total,memory.used,memory.free,utilization.gpu';
const PROCESS_QUERY = 'gpu_uuid,pid,process_name,used_memory';

/** The GPUs of this machine and who holds them, by nvidia-smi; null where that tool does not answer. */
export function gpuStates(run: RunTool = nvidiaSmi): GpuState[] | null {
  const gpus = run([`--query-gpu=${GPU_QUERY}`, '--format=csv,noheader,nounits']);
  if (gpus === null) return null;
  const processes = run([`--query-compute-apps=${PROCESS_QUERY}`, '--format=csv,noheader,nounits']) ?? '';
  return parseGpuStates(gpus, processes);
}

/** The two answers of nvidia-smi (memory in MiB) as states. Lines that are not rows of the query are left out. */
export function parseGpuStates(gpus: string, processes: string): GpuState[] {
  const held = rows(processes, 4);
  return rows(gpus, 8)
    .filter(([index]) => /^\d+$/.test(index))
    .map(([index, name, uuid, driver, total, used, free, busy]) => {
      const percent = numberOf(busy);
      return {
        index: Number(index),
        name,
        uuid,
        driver,
        totalBytes: bytesOf(total),
        usedBytes: bytesOf(used),
        freeBytes: bytesOf(free),
        busyShare: percent === null ? null : percent / 100,
        processes: held
          .filter(([of, pid]) => of === uuid && /^\d+$/.test(pid))
          .map(([, pid, process, memory]) => ({ pid: Number(pid), name: process, bytes: bytesOf(memory) })),
      };
    });
}

/** Cells of lines that have so many, or more where a process name holds commas: it stands before the last cell. */
function rows(text: string, count: number): string[][] {
  return text
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter((cells) => cells.length >= count)
    .map((cells) => [...cells.slice(0, count - 2), cells.slice(count - 2, -1).join(', '), cells[cells.length - 1]]);
}

function bytesOf(mib: string): number | null {
  const value = numberOf(mib);
  return value === null ? null : value * 1024 * 1024;
}

function numberOf(text: string): number | null {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}

function nvidiaSmi(args: readonly string[]): string | null {
  const { status, stdout } = spawnSync('nvidia-smi', args, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? stdout : null;
}
