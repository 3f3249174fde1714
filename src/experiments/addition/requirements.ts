import type { ModelConfig } from '../../model/weights';
import { estimateRlMemory } from '../../train';
import { type Machine, type Requirement, runRequirements } from '../requirements';
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

/**
 * What a run of these settings needs of a machine and what is there; see `runRequirements`. For a model of 7B it takes some seconds,
 * since the programs are built and walked.
 */
export function additionRequirements({ config, rl }: ResolvedAdditionConfig, machine: Machine = {}): Requirement[] {
  const policies = config.arms.length * config.seeds.length;
  const { steps, promptsPerStep, epochs, gradientCheckpointing, optimiser, lora } = rl.config;
  return runRequirements(
    {
      model: config.model === 'tiny' ? null : config.model,
      known: KNOWN,
      onGpu: config.device === 'gpu',
      lora,
      memory: (sizes) =>
        estimateRlMemory({
          sizes,
          computeDtype: config.computeDtype === 'f32' ? 'f32' : 'bf16',
          config: rl.config,
          promptTokens: PROMPT_TOKENS,
        }),
      // A checkpoint holds adapter, value head and both moments; the last one and the finished adapter stay.
      keptBytes: (adapter) =>
        adapter === null ? 0.2e9 : policies * adapter * (4 + 4 + (optimiser === 'adamw8bit' ? 2 : 8)),
      operations: (base, adapter) => ({
        // 2 a weight and token forward; as much again for activations' gradients, and once more where layers are computed anew.
        count:
          policies *
          steps *
          promptsPerStep *
          PROMPT_TOKENS *
          (base + adapter) *
          (2 + epochs * (gradientCheckpointing ? 6 : 4)),
        of: `${policies} trainings of ${steps} steps of ${promptsPerStep} prompts, ${epochs} epochs`,
      }),
    },
    machine,
  );
}
