import { armsToTrain } from '../../arms';
import type { ModelConfig } from '../../model/weights';
import { loadNews } from '../../tasks';
import { estimateSftMemory } from '../../train';
import { type Machine, type Requirement, runRequirements } from '../requirements';
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

/**
 * What a news run of these settings, with so many training seeds (default 1), needs of a machine and what is there; see
 * `runRequirements`. For a model of 3B it takes some seconds, since its programs are built and walked.
 */
export function newsRequirements(
  { config, sft }: ResolvedNewsConfig,
  { seeds = 1, ...machine }: Machine & { readonly seeds?: number } = {},
): Requirement[] {
  const trainings = armsToTrain(config.arms).length * seeds;
  const { epochs, gradientCheckpointing, lora } = sft.config;
  return runRequirements(
    {
      model: config.model,
      known: KNOWN,
      onGpu: config.device === 'gpu',
      lora,
      memory: (sizes) =>
        estimateSftMemory({
          sizes,
          computeDtype: config.computeDtype === 'f32' ? 'f32' : 'bf16',
          config: sft.config,
          rowTokens: ROW_TOKENS,
        }),
      // A finished adapter, the last checkpoint with both moments, and texts.
      keptBytes: (adapter) => 0.1e9 + trainings * (adapter ?? 0) * 12,
      operations(base, adapter) {
        const dir = config.dataDir === null ? {} : { dir: config.dataDir };
        const rows = config.trainRows ?? loadNews({ form: config.form, ...dir }).examples.length;
        return {
          // 2 a weight and token forward, as many for activations' gradients, and once more where layers are computed anew.
          count: trainings * rows * epochs * ROW_TOKENS * (base + adapter) * (gradientCheckpointing ? 6 : 4),
          of: `${trainings} trainings of ${rows} rows, ${epochs} epochs (writing and scoring texts comes on top)`,
        };
      },
    },
    machine,
  );
}
