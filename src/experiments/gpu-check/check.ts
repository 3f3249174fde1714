import { join } from 'node:path';
import { chooseComputeDtype, type TensorflowBackend } from '../../compute/backends';
import { ConfigError, projectRoot } from '../../core';
import { deviceName } from './device-usage';
import { GOLDEN_MODELS, modelParity } from './model-parity';
import { opParity } from './op-programs';
import { type ParityRow, tolerancesOf } from './parity';
import { CHECK_SIZES, type CheckSize } from './random-model';
import { type TrainingRow, trainingCheck } from './training-check';

/** Everything that `npm run gpu:check` found. */
export interface GpuCheck {
  readonly ok: boolean;
  /** 'gpu' only where TensorFlow itself says that it uses one. */
  readonly device: 'cpu' | 'gpu';
  /** The GPU by its driver's name; null on a CPU. */
  readonly gpu: string | null;
  readonly tensorflow: string;
  readonly tf32: boolean;
  readonly size: CheckSize;
  readonly matmul: { readonly f32GflopPerSecond: number; readonly bf16GflopPerSecond: number };
  readonly parity: readonly ParityRow[];
  readonly training: readonly TrainingRow[];
}

export interface GpuCheckOptions {
  readonly backend: TensorflowBackend;
  /** Default: 1b on a GPU, tiny on a CPU. */
  readonly size?: string;
  readonly goldenFolder?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Holds this machine's TensorFlow to stored PyTorch numbers, operation by operation and on three tiny models, and trains a random
 * model for twenty steps, as a plain graph and with XLA. Throws ConfigError for an unknown size; whatever else goes wrong is a row that failed.
 */
export async function gpuCheck(options: GpuCheckOptions): Promise<GpuCheck> {
  const { backend, environment = process.env } = options;
  const device = backend.device.startsWith('gpu') ? 'gpu' : 'cpu';
  const size = sizeOf(options.size ?? (device === 'gpu' ? '1b' : 'tiny'));
  const folder = options.goldenFolder ?? join(projectRoot(), 'test', 'golden');
  const index = (environment.CUDA_VISIBLE_DEVICES ?? '0').split(',')[0];
  // TensorFlow rounds f32 products on a GPU to TF32 unless the driver is told not to.
  const tf32 = device === 'gpu' && environment.NVIDIA_TF32_OVERRIDE !== '0';
  const tolerances = tolerancesOf(tf32);
  const { dtype, ...matmul } = chooseComputeDtype(backend);
  const parity = opParity(backend, folder, tolerances);
  for (const name of GOLDEN_MODELS) parity.push(...(await modelParity(backend, folder, name, tolerances.model)));
  // The article's settings compute in bf16; a CPU without it would only be slow.
  const computeDtype = device === 'gpu' || size !== 'tiny' ? 'bf16' : dtype;
  const gpu = device === 'gpu' ? index : null;
  const training: TrainingRow[] = [];
  for (const xla of ['off', 'on'] as const)
    training.push(await trainingCheck(backend, { size, computeDtype, xla, gpu }));
  return {
    ok: parity.every((row) => row.ok) && training.every((row) => row.ok),
    device,
    gpu: device === 'gpu' ? (deviceName(index) ?? 'unnamed') : null,
    tensorflow: backend.version,
    tf32,
    size,
    matmul: { f32GflopPerSecond: matmul.f32GflopPerSecond, bf16GflopPerSecond: matmul.bf16GflopPerSecond },
    parity,
    training,
  };
}

function sizeOf(size: string): CheckSize {
  if (Object.hasOwn(CHECK_SIZES, size)) return size as CheckSize;
  throw new ConfigError(
    `gpu-check: --size must be one of ${Object.keys(CHECK_SIZES).join(', ')}, got "${size}". Choose one.`,
  );
}
