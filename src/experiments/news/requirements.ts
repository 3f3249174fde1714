import { armsToTrain } from '../../arms';
import { type GpuState, gpuStates } from '../../compute/backends';
import { sizeOf } from '../../compute/graph';
import { adapterLayout } from '../../model/adapters';
import { weightShapes } from '../../model/families';
import { type ModelConfig, modelOnDisk } from '../../model/weights';
import { runsRoot } from '../../runs';
import { loadNews } from '../../tasks';
import { estimateSftMemory } from '../../train';
import { diskRequirement, gpuRequirement, modelRequirement, type Requirement, timeRequirement } from '../requirements';
import type { ResolvedNewsConfig } from './config';

/** meta-llama/Llama-3.2-3B-Instruct, as its config.json has it: what it needs can be said before it is fetched. */
const LLAMA_3B: ModelConfig = {
  family: 'llama',
  vocabSize: 128_256,
  hiddenSize: 3072,
  layers: 28,
  heads: 24,
  kvHeads: 8,
  headDim: 128,
  mlpSize: 8192,
  ropeTheta: 500_000,
  ropeScaling: {
    type: 'llama3',
    factor: 32,
    lowFreqFactor: 1,
    highFreqFactor: 4,
    originalMaxPositions: 8192,
  },
  rmsEps: 1e-5,
  tieEmbeddings: true,
  attentionBias: false,
  maxPositions: 131_072,
};
const KNOWN: Readonly<Record<string, ModelConfig>> = { 'meta-llama/llama-3.2-3b-instruct': LLAMA_3B };

/** Tokens of a prompt and its article of 100 words; briefs have fewer. */
const ROW_TOKENS = 256;
/** Products that a large GPU keeps up over a whole run, beside launches and reading weights; a third to a tenth of its peak. */
const KEPT_FLOP_PER_SECOND = 1e14;
/** What TensorFlow and its libraries hold of a GPU beside a program's values. */
const RESERVED = 1.15;

export interface NewsMachine {
  /** As `gpuStates` gives them; null where no driver answers. */
  readonly gpus?: readonly GpuState[] | null;
  /** The folder of runs; default MSTLAB_RUNS or `runs/`. */
  readonly runs?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How many training seeds; default 1. */
  readonly seeds?: number;
}

/**
 * What a news run of these settings needs of a machine (model files, memory of a GPU where it wants one, disk, hours) and what is
 * there. Nothing is fetched, loaded or trained; for a model of 3B it takes some seconds, since its programs are built and walked. Sizes
 * come from the model's config.json, or are known for the article's model; otherwise the memory cannot be told, which is not ok.
 */
export function newsRequirements({ config, sft }: ResolvedNewsConfig, machine: NewsMachine = {}): Requirement[] {
  const { env = process.env, runs = runsRoot(), seeds = 1 } = machine;
  const disk = modelOnDisk(config.model, env);
  const sizes = disk.config ?? KNOWN[config.model.split('@')[0].toLowerCase()] ?? null;
  const base = sizes && parametersOf(sizes);
  const adapter = sizes && adapterLayout(sizes, sft.config.lora).size;
  const trainings = armsToTrain(config.arms).length * seeds;
  const rows = [modelRequirement(config.model, disk, 2 * (base ?? 0))];
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
      const memory = estimateSftMemory({ sizes, computeDtype, config: sft.config, rowTokens: ROW_TOKENS });
      const gb = (bytes: number) => (bytes / 1e9).toFixed(1);
      const parts = `base ${gb(memory.weights)}, adapter ${gb(memory.adapter)}, optimiser ${gb(memory.optimiserState)}, activations ${gb(memory.activations)} GB, and ${Math.round(100 * (RESERVED - 1))}% over`;
      rows.push(gpuRequirement(gpus, RESERVED * memory.total, parts));
    }
  }
  if (disk.missing.length > 0 && base !== null) rows.push(diskRequirement('disk for the model', disk.place, 2 * base));
  // A finished adapter, the last checkpoint with both moments, and texts.
  rows.push(diskRequirement('disk for runs', runs, 0.1e9 + trainings * (adapter ?? 0) * 12));
  if (base !== null && adapter !== null && config.device === 'gpu') {
    const examples = config.trainRows ?? loadNews({ form: config.form, ...dirOf(config.dataDir) }).examples.length;
    // 2 operations a weight and token forward, as many for activations' gradients, and once more where layers are computed anew.
    const perToken = (base + adapter) * (sft.config.gradientCheckpointing ? 6 : 4);
    const trained = trainings * examples * sft.config.epochs * ROW_TOKENS * perToken;
    const hours = trained / KEPT_FLOP_PER_SECOND / 3600;
    rows.push(
      timeRequirement(
        hours,
        `${trainings} trainings of ${examples} rows, ${sft.config.epochs} epochs, at ${KEPT_FLOP_PER_SECOND / 1e12} TFLOP/s kept up; writing and scoring texts comes on top`,
      ),
    );
  }
  return rows;
}

const dirOf = (dir: string | null) => (dir === null ? {} : { dir });

function parametersOf(sizes: ModelConfig): number {
  return Object.values(weightShapes(sizes, 'f32', 'none')).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
