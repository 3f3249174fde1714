import { type GpuState, gpuStates } from '../../compute/backends';
import { type ModelConfig, modelOnDisk } from '../../model/weights';
import { runsRoot } from '../../runs';
import { estimateRlMemory } from '../../train';
import { diskRequirement, gpuRequirement, modelRequirement, type Requirement, timeRequirement } from '../requirements';
import type { ResolvedAdditionConfig } from './config';

/** Qwen/Qwen2.5-7B-Instruct, as its config.json has it: what a run of the article's model needs can be said before it is fetched. */
const QWEN_7B: ModelConfig = {
  family: 'qwen2',
  vocabSize: 152064,
  hiddenSize: 3584,
  layers: 28,
  heads: 28,
  kvHeads: 4,
  headDim: 128,
  mlpSize: 18944,
  ropeTheta: 1e6,
  ropeScaling: null,
  rmsEps: 1e-6,
  tieEmbeddings: false,
  attentionBias: true,
  maxPositions: 32768,
};
const KNOWN: Readonly<Record<string, ModelConfig>> = { 'qwen/qwen2.5-7b-instruct': QWEN_7B };

/** Tokens of a prompt with its label: 32 for the embedded model, some more where the chat template writes a system turn. */
const PROMPT_TOKENS = 64;
/** Products that a large GPU keeps up over a whole run, beside launches and reading weights; a third to a tenth of its peak. */
const KEPT_FLOP_PER_SECOND = 1e14;
/** What TensorFlow and its libraries hold of a GPU beside a program's values. */
const RESERVED = 1.15;

export interface AdditionMachine {
  /** As `gpuStates` gives them; null where no driver answers. */
  readonly gpus?: readonly GpuState[] | null;
  /** The folder of runs; default MSTLAB_RUNS or `runs/`. */
  readonly runs?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * What a run of these settings needs of a machine (model files, memory of a GPU where it wants one, disk, hours) and what is there.
 * Nothing is fetched, loaded or trained; for a model of 7B it takes some seconds, since the programs are built and walked. Sizes
 * come from the model's config.json, or are known for the article's model; otherwise the memory cannot be told, which is not ok.
 */
export function additionRequirements(resolved: ResolvedAdditionConfig, machine: AdditionMachine = {}): Requirement[] {
  const { config, rl } = resolved;
  const { env = process.env, runs = runsRoot() } = machine;
  // The tiny model is trained here.
  const disk = config.model === 'tiny' ? { place: 'tiny', missing: [], config: null } : modelOnDisk(config.model, env);
  const sizes = disk.config ?? KNOWN[config.model.split('@')[0].toLowerCase()] ?? null;
  const base = sizes === null ? null : parametersOf(sizes);
  const adapter = sizes === null ? null : adapterOf(sizes, rl.config.lora.rank);
  const policies = config.arms.length * config.seeds.length;
  const rows: Requirement[] = [];
  if (config.model !== 'tiny') rows.push(modelRequirement(config.model, disk, base === null ? 0 : 2 * base));
  if (config.device === 'gpu') {
    const gpus = machine.gpus === undefined ? gpuStates() : machine.gpus;
    if (sizes === null)
      rows.push({
        what: 'GPU memory',
        needed: 'cannot be told without the sizes of the model',
        found: gpus === null ? 'no NVIDIA driver answers' : `${gpus.length} GPU`,
        ok: false,
        doThis: 'Fetch the model first: its config.json has the sizes.',
      });
    else {
      const computeDtype = config.computeDtype === 'f32' ? 'f32' : 'bf16';
      const memory = estimateRlMemory({ sizes, computeDtype, config: rl.config, promptTokens: PROMPT_TOKENS });
      const gb = (bytes: number) => `${(bytes / 1e9).toFixed(1)}`;
      rows.push(
        gpuRequirement(
          gpus,
          RESERVED * memory.total,
          `base ${gb(memory.weights)}, adapter ${gb(memory.adapter)}, optimiser ${gb(memory.optimiserState)}, gradients ${gb(memory.gradientSum)}, activations ${gb(memory.activations)} GB, and ${Math.round(100 * (RESERVED - 1))}% over`,
        ),
      );
    }
  }
  if (disk.missing.length > 0 && base !== null) rows.push(diskRequirement('disk for the model', disk.place, 2 * base));
  // A checkpoint holds adapter, value head and both moments; the last one and the finished adapter stay.
  const kept = adapter === null ? 0.2e9 : policies * adapter * (4 + 4 + (rl.config.optimiser === 'adamw8bit' ? 2 : 8));
  rows.push(diskRequirement('disk for runs', runs, kept));
  if (base !== null && adapter !== null) {
    const { steps, promptsPerStep, epochs } = rl.config;
    // 2 operations a weight and token forward; as much again for activations' gradients, and once more where layers are computed anew.
    const perToken = (base + adapter) * (2 + epochs * (rl.config.gradientCheckpointing ? 6 : 4));
    const hours = (policies * steps * promptsPerStep * PROMPT_TOKENS * perToken) / KEPT_FLOP_PER_SECOND / 3600;
    rows.push(
      timeRequirement(
        hours,
        `${policies} trainings of ${steps} steps of ${promptsPerStep} prompts, ${epochs} epochs, at ${KEPT_FLOP_PER_SECOND / 1e12} TFLOP/s kept up`,
      ),
    );
  }
  return rows;
}

function parametersOf({ vocabSize, hiddenSize, tieEmbeddings, layers, ...sizes }: ModelConfig): number {
  const embeddings = vocabSize * hiddenSize * (tieEmbeddings ? 1 : 2);
  return (
    embeddings +
    layers * projectionsOf({ hiddenSize, ...sizes }).reduce((sum, [rows, columns]) => sum + rows * columns, 0)
  );
}

function adapterOf(sizes: ModelConfig, rank: number): number {
  return sizes.layers * rank * projectionsOf(sizes).reduce((sum, [rows, columns]) => sum + rows + columns, 0);
}

/** [Dout, Din] of the seven projections of a layer. */
function projectionsOf({
  hiddenSize: D,
  mlpSize: F,
  heads: H,
  kvHeads: K,
  headDim: E,
}: Pick<ModelConfig, 'hiddenSize' | 'mlpSize' | 'heads' | 'kvHeads' | 'headDim'>): [number, number][] {
  return [
    [H * E, D],
    [K * E, D],
    [K * E, D],
    [D, H * E],
    [F, D],
    [F, D],
    [D, F],
  ];
}
