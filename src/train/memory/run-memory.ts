import { byteSize, type DType, type Program, programSignature, type Shape, sizeOf } from '../../compute/graph';
import { MachineError } from '../../core';
import { type LoadedModel, PROJECTIONS, projectionModule } from '../../model/families';
import { liveBytes } from './live-bytes';
import { type FreeMemory, freeMemory, MB } from './machine-memory';

/** What a run holds at its worst moment, bytes. */
export interface RunMemory {
  /** Base weights as they lie on the device, and in which dtypes: "269 MB bf16, 0.1 MB f32". */
  readonly weights: number;
  readonly weightsText: string;
  /** What is trained. */
  readonly adapter: number;
  readonly optimiserState: number;
  /** The sum of gradients over micro-batches; 0 without accumulation. */
  readonly gradientSum: number;
  /** Values of the largest program that live at once: what the backward pass reads, the logits' chunk, gradients, the update. */
  readonly activations: number;
  /** Graphs of all programs, and what a first program costs. */
  readonly programs: number;
  readonly total: number;
  /** Of the total what a process with the model loaded still has to take. */
  readonly toTake: number;
}

/** A value of a program as graph here and in TensorFlow, bytes. Measured between 8,220 and 14,760 values. */
const BYTES_PER_VALUE = 9000;
/** What a process takes once for its first program: kernels' scratch memory, threads, the heap in which graphs are made. */
const FIRST_PROGRAM = 270 * MB;
/** What a process with a model holds beside the weights, roughly: Node, TensorFlow's library, tokenizer. */
const PROCESS = 500 * MB;

/** What programs over a model hold with so many bytes of state beside them. Nothing is computed: the programs are walked. */
export function runMemory(
  model: { readonly weights: Readonly<Record<string, { readonly shape: Shape; readonly dtype: DType }>> },
  programs: readonly Program[],
  state: { readonly adapter: number; readonly optimiserState: number; readonly gradientSum: number },
): RunMemory {
  const byDtype = new Map<string, number>();
  for (const { shape, dtype } of Object.values(model.weights))
    byDtype.set(dtype, (byDtype.get(dtype) ?? 0) + byteSize(shape, dtype));
  const weights = [...byDtype.values()].reduce((total, bytes) => total + bytes, 0);
  const activations = Math.max(...programs.map((program) => liveBytes(program).peak));
  const values = programs.reduce((total, program) => total + programSignature(program).values.length, 0);
  const graphs = FIRST_PROGRAM + BYTES_PER_VALUE * values;
  const toTake = state.adapter + state.optimiserState + state.gradientSum + activations + graphs;
  return {
    weights,
    weightsText: [...byDtype].map(([dtype, bytes]) => `${megabytes(bytes)} ${dtype}`).join(', '),
    ...state,
    activations,
    programs: graphs,
    total: weights + toTake,
    toTake,
  };
}

/** The parts of an estimate in a sentence. */
export function memoryText(memory: RunMemory): string {
  const parts = [
    `base ${memory.weightsText}`,
    `adapter ${megabytes(memory.adapter)}`,
    `optimiser ${megabytes(memory.optimiserState)}`,
    memory.gradientSum > 0 && `summed gradients ${megabytes(memory.gradientSum)}`,
    `activations ${megabytes(memory.activations)}`,
    `graphs ${megabytes(memory.programs)}`,
  ];
  return `${megabytes(memory.total)} (${parts.filter(Boolean).join(', ')})`;
}

/** How a run is held against the memory there is. */
export interface MemoryOptions {
  /** Begin although the estimate says that memory will not suffice. */
  readonly ignoreMemory?: boolean;
  /** Memory of the GPU, bytes: what the run must fit into. Without it a run on a GPU is not checked. */
  readonly deviceBytes?: number;
  /** What this machine has free; default: as the kernel tells. */
  readonly free?: FreeMemory;
}

/**
 * Throws MachineError if a run needs more than there is, with both numbers and the changes of the config after which it would
 * fit: `changes` gets a test of estimates made for changed settings.
 */
export function assertFits(
  where: string,
  model: LoadedModel,
  memory: RunMemory,
  options: MemoryOptions,
  changes: (fits: (changed: RunMemory, saved?: number) => boolean) => readonly string[],
): void {
  const { deviceBytes, ignoreMemory } = options;
  if (ignoreMemory || (deviceBytes === undefined && onGpu(model))) return;
  const free = options.free ?? freeMemory();
  const [need, have, place] =
    deviceBytes === undefined
      ? ([memory.toTake, free.bytes + reusable(memory), `free (${free.limit})`] as const)
      : ([memory.total, deviceBytes, 'on the GPU'] as const);
  if (need <= have) return;
  const found = changes(
    (changed, saved = 0) => (deviceBytes === undefined ? changed.toTake : changed.total) - saved <= have,
  );
  throw new MachineError(
    `${where}: the run must fit into memory, got ${megabytes(need)} to take and ${megabytes(have)} ${place}; it holds ${memoryText(memory)}. ` +
      `${found.length > 0 ? `It would fit with ${found.join('; or with ')}.` : 'No setting of batch, length, recompute, moments or base makes it fit: take a smaller model or rank.'} ` +
      'ignoreMemory: true begins anyway.',
  );
}

/** Largest resident set to expect of this process while it trains, MB; null on a GPU. Ask before the run begins. */
export function expectedPeakMb(model: LoadedModel, memory: RunMemory): number | null {
  if (onGpu(model)) return null;
  const rss = process.memoryUsage.rss();
  return Math.round(Math.max(rss, rss - reusable(memory) + memory.toTake) / MB);
}

function onGpu(model: LoadedModel): boolean {
  return model.backend.device.startsWith('gpu');
}

/** Resident memory that earlier programs left to the allocator: a second arm runs in what the first one took. */
function reusable({ weights }: RunMemory): number {
  const { rss, heapTotal, external } = process.memoryUsage();
  return Math.max(0, rss - heapTotal - external - weights - PROCESS);
}

/** NF4 with double quantisation: 4 bits and two scales a value. */
const NF4_BITS = 4 + 8 / 64 + 32 / (64 * 256);

/** Bytes that a 4-bit base saves: of the projections' weights, less the largest of them, which is unpacked when it is read. */
export function savedByNf4({ config, weights }: LoadedModel): number {
  let saved = 0;
  let largest = 0;
  for (let layer = 0; layer < config.layers; layer++)
    for (const projection of PROJECTIONS) {
      const weight = weights[`${projectionModule(layer, projection)}.weight`];
      if (!weight) return 0;
      const bytes = byteSize(weight.shape, weight.dtype);
      saved += bytes - (sizeOf(weight.shape) * NF4_BITS) / 8;
      largest = Math.max(largest, bytes);
    }
  return saved - largest;
}

function megabytes(bytes: number): string {
  return bytes < 10 * MB ? `${(bytes / MB).toFixed(1)} MB` : `${Math.round(bytes / MB)} MB`;
}
