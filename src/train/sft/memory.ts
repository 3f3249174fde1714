import { byteSize, type Program, programSignature, sizeOf } from '../../compute/graph';
import { MachineError, RandomStream } from '../../core';
import { type LoadedModel, PROJECTIONS, projectionModule } from '../../model/families';
import { liveBytes } from '../memory/live-bytes';
import { type FreeMemory, freeMemory, MB } from '../memory/machine-memory';
import { optimiserBytes } from '../optimiser';
import type { SftConfig } from './config';
import { planSft, type SftExample, type SftPlan } from './plan';
import { sftGraph, sftPrograms } from './programs';

/** What a run holds at its worst moment, bytes. */
export interface SftMemory {
  /** Base weights as they lie on the device, and in which dtypes: "269 MB bf16, 0.1 MB f32". */
  readonly weights: number;
  readonly weightsText: string;
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

/** What the programs of a plan hold. Nothing is computed: the programs are walked. */
export function sftMemory(
  model: LoadedModel,
  config: SftConfig,
  plan: SftPlan,
  evalPlan: SftPlan | null = null,
  programs: readonly Program[] = sftPrograms(sftGraph(model, config), plan, evalPlan),
): SftMemory {
  const { layout } = sftGraph(model, config);
  const adapter = 4 * layout.size;
  const byDtype = new Map<string, number>();
  for (const { shape, dtype } of Object.values(model.weights))
    byDtype.set(dtype, (byDtype.get(dtype) ?? 0) + byteSize(shape, dtype));
  const weights = [...byDtype.values()].reduce((total, bytes) => total + bytes, 0);
  const optimiserState = optimiserBytes(
    config.optimiser,
    layout.entries.map(({ size }) => size),
  );
  const gradientSum = config.accumulation > 1 ? adapter : 0;
  const activations = Math.max(...programs.map((program) => liveBytes(program).peak));
  const values = programs.reduce((total, program) => total + programSignature(program).values.length, 0);
  const graphs = FIRST_PROGRAM + BYTES_PER_VALUE * values;
  const toTake = adapter + optimiserState + gradientSum + activations + graphs;
  return {
    weights,
    weightsText: [...byDtype].map(([dtype, bytes]) => `${megabytes(bytes)} ${dtype}`).join(', '),
    adapter,
    optimiserState,
    gradientSum,
    activations,
    programs: graphs,
    total: weights + toTake,
    toTake,
  };
}

/** The parts of an estimate in a sentence. */
export function memoryText(memory: SftMemory): string {
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

export interface MemoryCheck extends MemoryOptions {
  readonly model: LoadedModel;
  readonly examples: readonly SftExample[];
  readonly config: SftConfig;
  readonly seed: number | string;
}

/**
 * Throws MachineError if a run needs more than there is, with both numbers and the changes of the config after which it
 * fits, each found by estimating again.
 */
export function refuseUnlessItFits(check: MemoryCheck, memory: SftMemory): void {
  const { deviceBytes, ignoreMemory } = check;
  if (ignoreMemory || (deviceBytes === undefined && onGpu(check.model))) return;
  const free = check.free ?? freeMemory();
  const [need, have, where] =
    deviceBytes === undefined
      ? ([memory.toTake, free.bytes + reusable(memory), `free (${free.limit})`] as const)
      : ([memory.total, deviceBytes, 'on the GPU'] as const);
  if (need <= have) return;
  const changes = whatWouldFit(check, have);
  throw new MachineError(
    `trainSft: the run must fit into memory, got ${megabytes(need)} to take and ${megabytes(have)} ${where}; it holds ${memoryText(memory)}. ` +
      `${changes.length > 0 ? `It would fit with ${changes.join('; or with ')}.` : 'No setting of batch, length, recompute, moments or base makes it fit: take a smaller model or rank.'} ` +
      'ignoreMemory: true begins anyway.',
  );
}

/** Largest resident set to expect of this process while it trains, MB; null on a GPU. Ask before the run begins. */
export function expectedPeakMb(model: LoadedModel, memory: SftMemory): number | null {
  if (onGpu(model)) return null;
  const rss = process.memoryUsage.rss();
  return Math.round(Math.max(rss, rss - reusable(memory) + memory.toTake) / MB);
}

function onGpu(model: LoadedModel): boolean {
  return model.backend.device.startsWith('gpu');
}

/** Resident memory that earlier programs left to the allocator: a second arm runs in what the first one took. */
function reusable({ weights }: SftMemory): number {
  const { rss, heapTotal, external } = process.memoryUsage();
  return Math.max(0, rss - heapTotal - external - weights - PROCESS);
}

interface Change {
  readonly text: string;
  readonly overrides: Partial<SftConfig>;
}

/** Changes of the config, single ones first, then the least that help together, each estimated anew. */
function whatWouldFit(check: MemoryCheck, have: number): string[] {
  const { config, examples, model, deviceBytes } = check;
  const fits = (overrides: Partial<SftConfig>): boolean => {
    // The programs of a quantised base are those of this one; only its weights differ.
    const changed = { ...config, ...overrides, baseQuantisation: config.baseQuantisation };
    const saved = overrides.baseQuantisation === 'nf4' ? savedByNf4(model) : 0;
    try {
      const plan = planSft(examples, changed, new RandomStream(check.seed).fork('order'));
      const memory = sftMemory(model, changed, plan);
      return (deviceBytes === undefined ? memory.toTake : memory.total) - saved <= have;
    } catch {
      return false; // no example left at that length
    }
  };
  const recompute: Change[] = config.gradientCheckpointing
    ? []
    : [{ text: 'gradientCheckpointing: true', overrides: { gradientCheckpointing: true } }];
  const moments: Change[] =
    config.optimiser === 'adamw8bit' ? [] : [{ text: "optimiser: 'adamw8bit'", overrides: { optimiser: 'adamw8bit' } }];
  const quantised: Change[] =
    config.baseQuantisation === 'nf4' || savedByNf4(model) <= 0
      ? []
      : [{ text: "baseQuantisation: 'nf4'", overrides: { baseQuantisation: 'nf4' } }];
  const found: string[] = [];
  const keep = (changes: readonly Change[]): boolean => {
    const overrides = Object.assign({}, ...changes.map((change) => change.overrides)) as Partial<SftConfig>;
    if (!fits(overrides)) return false;
    found.push(changes.map(({ text }) => text).join(', '));
    return true;
  };
  for (const change of [...recompute, ...moments, ...quantised]) keep([change]);
  smallerBatches(config).some((change) => keep([change]));
  shorterRows(check).some((change) => keep([change]));
  if (found.length > 0) return found;
  const all = [...recompute, ...moments, ...quantised];
  if (!keep(all)) smallerBatches(config).some((change) => keep([...all, change]));
  return found;
}

/** NF4 with double quantisation: 4 bits and two scales a value. */
const NF4_BITS = 4 + 8 / 64 + 32 / (64 * 256);

/** Bytes that a 4-bit base saves: of the projections' weights, less the largest of them, which is unpacked when it is read. */
function savedByNf4({ config, weights }: LoadedModel): number {
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

/** Fewer rows a pass and more passes a step: the same step. */
function smallerBatches({ batchSize, accumulation }: SftConfig): Change[] {
  const changes: Change[] = [];
  for (let rows = Math.ceil(batchSize / 2); rows < batchSize; rows = Math.ceil(rows / 2)) {
    const passes = Math.ceil((batchSize * accumulation) / rows);
    changes.push({
      text: `batchSize: ${rows}, accumulation: ${passes}`,
      overrides: { batchSize: rows, accumulation: passes },
    });
    if (rows === 1) break;
  }
  return changes;
}

/** Shorter limits that still keep nine rows of ten; what they drop is said. */
function shorterRows({ config, examples }: MemoryCheck): Change[] {
  const lengths = examples.map(({ ids }) => ids.length).filter((length) => length <= config.maxTokens);
  const longest = Math.max(...lengths);
  return [0.75, 0.5]
    .map((share) => Math.ceil((longest * share) / 8) * 8)
    .map((maxTokens) => ({ maxTokens, dropped: lengths.filter((length) => length > maxTokens).length }))
    .filter(({ maxTokens, dropped }) => maxTokens < longest && dropped <= 0.1 * lengths.length)
    .map(({ maxTokens, dropped }) => ({
      text: `maxTokens: ${maxTokens} (drops ${dropped} of ${lengths.length} rows)`,
      overrides: { maxTokens },
    }));
}

function megabytes(bytes: number): string {
  return bytes < 10 * MB ? `${(bytes / MB).toFixed(1)} MB` : `${Math.round(bytes / MB)} MB`;
}
