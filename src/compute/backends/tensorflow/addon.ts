import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ConfigError, MachineError } from '../../../core';

const requireHere = createRequire(__filename);
const PACKAGE = '@tensorflow/tfjs-node-gpu';

/** What the addon tells about an output: its handle, its shape and TensorFlow's number of its dtype. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | string | readonly number[];
}

/** The part of tfjs-node-gpu's N-API addon that this backend calls (binding/tfjs_binding.cc). All of it is synchronous. */
export interface Addon {
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array | Uint8Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, inputs: readonly number[], inputNames: string, outputNames: string): TensorMetadata[];
  getNumOfSavedModels(): number;
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_Version: string;
}

/** TensorFlow reads its settings once, when its library loads. A value that is already set is kept. */
export const ENVIRONMENT_DEFAULTS: Readonly<Record<string, string>> = {
  // Without it TensorFlow takes all of the GPU's memory at once.
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  TF_GPU_ALLOCATOR: 'cuda_malloc_async',
  TF_CPP_MIN_LOG_LEVEL: '2',
  // bf16 products without oneDNN are six times slower.
  TF_ENABLE_ONEDNN_OPTS: '1',
};

export type DeviceChoice = 'auto' | 'cpu' | 'gpu';

/**
 * What this project sets before TensorFlow's library loads, beside its defaults: one GPU a process (with several, tfjs-node puts data on
 * the last and runs on the first, with silent copies), none for 'cpu', and full f32 products where MSTLAB_TF32=off (on a GPU TensorFlow
 * otherwise rounds their operands to TF32). A caller's own choice of one GPU stays; of a list the first is taken and `warn` is told.
 * Throws ConfigError if MSTLAB_TF32 is neither on nor off.
 */
export function prepareEnvironment(
  device: DeviceChoice,
  environment: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): void {
  for (const [name, value] of Object.entries(ENVIRONMENT_DEFAULTS)) environment[name] ??= value;
  const { MSTLAB_TF32: tf32, CUDA_VISIBLE_DEVICES: visible } = environment;
  if (tf32 !== undefined && !['', 'on', 'off'].includes(tf32))
    throw new ConfigError(`tensorflowBackend: MSTLAB_TF32 must be "on" or "off", got "${tf32}". Correct it.`);
  if (tf32 === 'off') environment.NVIDIA_TF32_OVERRIDE ??= '0';
  if (device === 'cpu') environment.CUDA_VISIBLE_DEVICES ??= '-1';
  else if (visible === undefined) environment.CUDA_VISIBLE_DEVICES = '0';
  else if (visible.includes(',')) {
    environment.CUDA_VISIBLE_DEVICES = visible.split(',')[0].trim();
    warn(
      `tensorflowBackend: a process uses one GPU, got CUDA_VISIBLE_DEVICES=${visible}: took ${environment.CUDA_VISIBLE_DEVICES}. ` +
        'For another GPU start another process with its number.',
    );
  }
}

/**
 * Loads the addon with this project's environment (`prepareEnvironment`) and checks the device.
 * Throws MachineError if the addon is missing or does not load, and if a GPU was asked for and is not in use.
 * `device: 'cpu'` hides the GPUs, which only works in a process that has not loaded TensorFlow yet.
 */
export function loadAddon(device: DeviceChoice = 'auto', environment: NodeJS.ProcessEnv = process.env): Addon {
  prepareEnvironment(device, environment, (message) => process.emitWarning(message));
  const addon = requireAddon();
  const gpu = addon.isUsingGpuDevice();
  if (device === 'gpu' && !gpu)
    throw new MachineError(
      `tensorflowBackend: a GPU was asked for, but TensorFlow ${addon.TF_Version} found none ` +
        `(CUDA_VISIBLE_DEVICES=${environment.CUDA_VISIBLE_DEVICES ?? 'unset'}). ` +
        "Run `npm run doctor` to see why, or ask for device 'cpu'.",
    );
  if (device === 'cpu' && gpu)
    throw new MachineError(
      'tensorflowBackend: the CPU was asked for, but this process has already loaded TensorFlow with a GPU. ' +
        'Set CUDA_VISIBLE_DEVICES=-1 before the process starts.',
    );
  return addon;
}

function requireAddon(): Addon {
  restoreRemovedNodeFunction();
  let path: string;
  try {
    path = join(dirname(requireHere.resolve(`${PACKAGE}/package.json`)), 'lib', 'napi-v8', 'tfjs_binding.node');
  } catch (cause) {
    throw new MachineError(
      `tensorflowBackend: the package ${PACKAGE} is not installed. Run \`npm test\` or \`npm start\`.`,
      { cause },
    );
  }
  if (!existsSync(path))
    throw new MachineError(
      `tensorflowBackend: the addon must be compiled, got no file at ${path}. Run the project's set-up again.`,
    );
  try {
    return requireHere(path) as Addon;
  } catch (cause) {
    throw new MachineError(
      `tensorflowBackend: the addon must load, got "${(cause as Error).message}" (from ${path}). Run \`npm run doctor\`.`,
      { cause },
    );
  }
}

/** Node 23 removed `util.isNullOrUndefined`, which tfjs-node-gpu 4.22 still calls (tensorflow/tfjs pull 8425). */
function restoreRemovedNodeFunction(): void {
  const module = requireHere('node:util') as { isNullOrUndefined?: (x: unknown) => boolean };
  module.isNullOrUndefined ??= (x) => x === null || x === undefined;
}
