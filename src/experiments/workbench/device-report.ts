import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import {
  type ComputeDtypeChoice,
  type GpuState,
  gpuStates,
  type MemoryUse,
  type TensorflowBackend,
  tensorflowBackend,
} from '../../compute/backends';
import { measuredDtype } from '../model-host';

/** What this process computes on, and why. */
export interface DeviceReport {
  /** Null where the driver's tool does not answer. */
  readonly gpus: readonly GpuState[] | null;
  readonly tensorflow: { readonly version: string; readonly device: string; readonly why: string };
  readonly processor: { readonly name: string; readonly cores: number };
  /** Of the machine, bytes. */
  readonly memory: { readonly total: number; readonly free: number };
  /** What this process holds of its device's memory. */
  readonly held: MemoryUse;
  /** The dtype that `computeDtype: 'auto'` takes, with the speeds that decided it. */
  readonly dtype: ComputeDtypeChoice;
}

interface Sources {
  readonly gpus: () => GpuState[] | null;
  readonly backend: () => Pick<TensorflowBackend, 'device' | 'version' | 'memory'>;
  readonly dtype: (backend: never) => ComputeDtypeChoice;
  readonly visible: string | undefined;
}

/** Loads TensorFlow if it is not loaded yet, and measures the dtype where that was never done. Throws as `tensorflowBackend`. */
export function deviceReport(sources: Partial<Sources> = {}): DeviceReport {
  const gpus = (sources.gpus ?? gpuStates)();
  // Loading TensorFlow sets the variable itself; what the caller had set is what explains its choice.
  const visible = 'visible' in sources ? sources.visible : process.env.CUDA_VISIBLE_DEVICES;
  const backend = (sources.backend ?? tensorflowBackend)();
  const { device, version } = backend;
  return {
    gpus,
    tensorflow: { version, device, why: whyThisDevice(device, gpus, visible) },
    processor: { name: cpus()[0]?.model.trim() || 'unknown processor', cores: availableParallelism() },
    memory: { total: totalmem(), free: freemem() },
    held: backend.memory(),
    dtype: (sources.dtype ?? measuredDtype)(backend as never),
  };
}

function whyThisDevice(device: string, gpus: readonly GpuState[] | null, visible: string | undefined): string {
  const said = visible === undefined ? 'CUDA_VISIBLE_DEVICES is not set' : `CUDA_VISIBLE_DEVICES=${visible}`;
  if (device === 'gpu') return `TensorFlow found a usable GPU (${said})`;
  if (gpus === null) return 'nvidia-smi does not answer: there is no NVIDIA GPU here, or no driver for one';
  if (gpus.length === 0) return 'the driver lists no GPU';
  if (visible !== undefined && !/^\d/.test(visible)) return `the GPU is hidden from this process (${said})`;
  return `the driver lists ${gpus.length} GPU${gpus.length > 1 ? 's' : ''}, but TensorFlow cannot use one (${said}); npm run doctor says why`;
}

/** The report as lines for a terminal. */
export function deviceText({ gpus, tensorflow, processor, memory, held, dtype }: DeviceReport): string {
  const lines = (gpus ?? []).flatMap((gpu) => [
    `GPU ${gpu.index}: ${gpu.name}, driver ${gpu.driver}, ${gb(gpu.freeBytes)} of ${gb(gpu.totalBytes)} free${gpu.busyShare === null ? '' : `, busy ${Math.round(100 * gpu.busyShare)}%`}`,
    ...gpu.processes.map(
      ({ pid, name, bytes }) =>
        `  process ${pid} ${name}: ${gb(bytes)}${pid === process.pid ? ' (this notebook)' : ''}`,
    ),
  ]);
  const here = tensorflow.device === 'gpu' ? 'the GPU' : 'the processor';
  return [
    ...(lines.length > 0 ? lines : ['No GPU is in reach.']),
    `TensorFlow ${tensorflow.version} computes on ${here}: ${tensorflow.why}.`,
    `Processor: ${processor.name}, ${processor.cores} cores in use; memory ${gb(memory.free)} of ${gb(memory.total)} free.`,
    `This process holds ${gb(held.bytesInUse)}${held.peakBytes === null ? '' : `, at most ${gb(held.peakBytes)} so far`}${held.reason ? ` (${held.reason})` : ''}.`,
    `Matrix products run in ${dtype.dtype} (${dtype.decidedBy}: f32 ${Math.round(dtype.f32GflopPerSecond)}, bf16 ${Math.round(dtype.bf16GflopPerSecond)} GFLOP/s).`,
  ].join('\n');
}

function gb(bytes: number | null): string {
  return bytes === null ? 'unknown memory' : `${(bytes / 1e9).toFixed(1)} GB`;
}
