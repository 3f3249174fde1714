import { z } from 'zod';
import { ConfigError } from '../../core';
import { type LoraConfigInput, loraConfigSchema } from '../../model/adapters';
import { PROJECTIONS } from '../../model/families';
import { OPTIMISERS } from '../optimiser';
import { SCHEDULES } from '../schedule';

/** How the policy's gradient is estimated; see `objective`. */
export const ESTIMATORS = ['exact', 'rloo', 'grpo', 'ppo'] as const;
export type EstimatorName = (typeof ESTIMATORS)[number];

const ramp = (what: string, unit: string) =>
  z
    .strictObject({
      from: z.number().min(0).describe(`${what} at the first step (${unit}).`),
      to: z.number().min(0).describe(`${what} at the end of the ramp and after it (${unit}).`),
      over: z.number().gt(0).max(1).describe('Share of the steps over which it moves in a straight line (0 to 1).'),
    })
    .describe(`${what} over training (${unit}).`);

/** Everything that decides what RL does, apart from model, prompts, rewards and seed. */
export const rlConfigSchema = z
  .strictObject({
    lora: loraConfigSchema.describe('The adapter that is trained (object).'),
    baseQuantisation: z
      .enum(['none', 'nf4'])
      .describe('How the frozen base is stored: as loaded, or in 4 bits (name).'),
    optimiser: z.enum(OPTIMISERS).describe('AdamW with f32 moments, or in 8-bit blocks (name).'),
    estimator: z
      .enum(ESTIMATORS)
      .describe('exact: the gradient summed over all answers; rloo, grpo, ppo: estimated from sampled answers (name).'),
    steps: z.int().min(1).describe('Rounds of asking, rewarding and updating (steps).'),
    promptsPerStep: z.int().min(1).describe('Prompts of one step (prompts).'),
    samplesPerPrompt: z.int().min(1).describe('Answers drawn for each prompt, the group of RLOO and GRPO (answers).'),
    miniBatch: z.int().min(1).nullable().describe('Prompts of one backward pass; null: all of the step (prompts).'),
    accumulation: z.int().min(1).describe('Backward passes whose gradients make one update (count).'),
    epochs: z.int().min(1).describe('Passes over the answers of a step (count).'),
    learningRate: z.number().min(0).describe('Highest learning rate (per update).'),
    schedule: z.enum(SCHEDULES).describe('Course of the learning rate after warm-up (name).'),
    warmupSteps: z.int().min(0).describe('Steps over which the learning rate rises to its highest (steps).'),
    maxGradNorm: z.number().positive().nullable().describe('Gradient norm above which it is scaled down (norm).'),
    weightDecay: z.number().min(0).describe('Decoupled decay (per update, times the learning rate).'),
    beta1: z.number().min(0).lt(1).describe('Decay of the first moment (0 to 1).'),
    beta2: z.number().min(0).lt(1).describe('Decay of the second moment (0 to 1).'),
    epsilon: z.number().positive().describe('Added to the root of the second moment (unit of the gradient).'),
    gradientCheckpointing: z.boolean().describe('Recompute each layer in the backward pass (yes or no).'),
    temperature: ramp('Temperature of the policy, in sampling and in every log-probability', 'divides scores'),
    entropy: ramp('Bonus for the conditional entropy H(a | prompt), in the loss', 'reward per nat'),
    rarity: ramp(
      'Bonus for answers that are rare in the batch, -log of their mean probability, in the reward',
      'reward per nat',
    ),
    kl: z
      .strictObject({
        coefficient: z.number().min(0).describe('Price of a nat of KL to the reference (reward per nat).'),
        estimator: z.enum(['k1', 'k3']).describe('log π - log ref, or ref/π - 1 - log(ref/π) (name).'),
        reference: z.enum(['base', 'start']).describe('The base without any adapter, or the policy before RL (name).'),
        logEvery: z
          .int()
          .min(0)
          .describe('Measure KL every this many steps although nothing is charged; 0: never (steps).'),
      })
      .describe(
        'Kullback-Leibler divergence from a frozen reference; GRPO charges it in the loss, the others in the reward.',
      ),
    clip: z.number().positive().describe('Half-width of the ratio that the policy loss rewards (ratio).'),
    valueClip: z
      .number()
      .positive()
      .nullable()
      .describe('How far a value may move from its old one; null: freely (reward).'),
    valueCoefficient: z.number().min(0).describe('Weight of the value loss beside the policy loss (factor).'),
    whitenRewards: z
      .boolean()
      .describe('PPO: rewards scaled to variance 1 over the step, their mean kept (yes or no).'),
    whitenAdvantages: z
      .boolean()
      .describe('PPO: advantages scaled to mean 0 and variance 1 over the step (yes or no).'),
    groupScaling: z
      .boolean()
      .describe('GRPO: advantages divided by the standard deviation of their group (yes or no).'),
    targetKl: z
      .number()
      .positive()
      .nullable()
      .describe('Stop the epochs of a step past this approximate KL to the old policy (nats).'),
    maxMeanRatio: z
      .number()
      .gt(1)
      .nullable()
      .describe('A mini-batch with a mean ratio above this gives no gradient (ratio).'),
    xla: z.enum(['off', 'auto', 'on']).describe('Compile the programs by XLA; auto: on a GPU (name).'),
    probeEvery: z.int().min(0).describe('Ask the probe prompts every this many steps; 0: at the end only (steps).'),
    alarmBelow: z
      .number()
      .min(0)
      .max(1)
      .describe(
        'The label counts as ignored while it moves the answer to the same prompt by less than this (probability).',
      ),
    stopWhenCollapsed: z
      .int()
      .min(0)
      .describe('End after this many probes in a row with the label ignored and no entropy left; 0: never (probes).'),
    checkpointEvery: z
      .int()
      .min(0)
      .describe('Save after every this many steps; 0: at the end and on abort only (steps).'),
  })
  .superRefine((config, context) => {
    const add = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const { estimator, promptsPerStep: prompts, miniBatch } = config;
    if (config.temperature.from <= 0 || config.temperature.to <= 0) add('temperature', 'must stay above 0');
    if ((estimator === 'rloo' || estimator === 'grpo') && config.samplesPerPrompt < 2)
      add('samplesPerPrompt', `must be 2 or more for ${estimator}, which compares answers to one prompt`);
    const passes = prompts / (miniBatch ?? prompts);
    if (!Number.isInteger(passes)) add('miniBatch', `must divide promptsPerStep ${prompts}`);
    else if (!Number.isInteger(passes / config.accumulation))
      add('accumulation', `must divide the ${passes} backward passes of an epoch`);
    if (config.lora.dropout > 0) add('lora', 'dropout must be 0: with it no ratio is 1 before the first update');
  });

export type RlConfig = Readonly<z.output<typeof rlConfigSchema>>;

type Nested = 'lora' | 'temperature' | 'entropy' | 'rarity' | 'kl';
export type RlOverrides = Partial<Omit<RlConfig, Nested>> & {
  readonly lora?: Partial<LoraConfigInput>;
} & { readonly [Field in Exclude<Nested, 'lora'>]?: Partial<RlConfig[Field]> };

const defaults: RlConfig = {
  lora: { rank: 16, alpha: 32, dropout: 0, targets: [...PROJECTIONS], rsLora: false },
  baseQuantisation: 'none',
  optimiser: 'adamw',
  estimator: 'exact',
  steps: 150,
  promptsPerStep: 32,
  samplesPerPrompt: 1,
  miniBatch: null,
  accumulation: 1,
  epochs: 1,
  learningRate: 8e-4,
  schedule: 'linear',
  warmupSteps: 10,
  maxGradNorm: 1,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  gradientCheckpointing: false,
  temperature: { from: 1, to: 1, over: 1 },
  entropy: { from: 0.53, to: 0.03, over: 0.8 },
  rarity: { from: 0, to: 0, over: 1 },
  kl: { coefficient: 0, estimator: 'k1', reference: 'base', logEvery: 10 },
  clip: 0.2,
  valueClip: 0.2,
  valueCoefficient: 0.1,
  whitenRewards: false,
  whitenAdvantages: true,
  groupScaling: true,
  targetKl: null,
  maxMeanRatio: 10,
  xla: 'off',
  probeEvery: 10,
  alarmBelow: 0.05,
  stopWhenCollapsed: 0,
  checkpointEvery: 25,
};

/**
 * `quick`: the exact gradient on a small model, minutes an arm; the learning rate falls to 0 as the entropy bonus does, for with little
 * of the bonus left a constant one tears up what was learned. `collapse`: the same with a high, constant learning rate and a small
 * entropy bonus, which ends in "yes" to everything: a teaching case. `paper`: the article's PPO as written (`rlWarnings` says
 * what is unusual in it). `smoke`: a few steps, to test the machinery.
 */
export const RL_PRESETS: Readonly<Record<'quick' | 'collapse' | 'paper' | 'smoke', RlOverrides>> = {
  quick: {},
  collapse: { learningRate: 1e-3, schedule: 'constant', entropy: { from: 0.1, to: 0, over: 1 } },
  paper: {
    lora: { rank: 512, alpha: 1024 },
    baseQuantisation: 'nf4',
    optimiser: 'adamw8bit',
    estimator: 'ppo',
    steps: 1600,
    promptsPerStep: 1024,
    miniBatch: 16,
    accumulation: 8,
    epochs: 4,
    learningRate: 2e-8,
    schedule: 'constant',
    warmupSteps: 0,
    gradientCheckpointing: true,
    temperature: { from: 1.9, to: 1.6, over: 0.4 },
    entropy: { from: 2, to: 0.01, over: 1 },
    kl: { coefficient: 0, logEvery: 1 },
    whitenRewards: true,
    checkpointEvery: 20,
    probeEvery: 20,
  },
  smoke: {
    lora: { rank: 4, alpha: 8 },
    steps: 4,
    promptsPerStep: 8,
    warmupSteps: 1,
    probeEvery: 2,
    kl: { logEvery: 2 },
    checkpointEvery: 0,
  },
};

export type RlPreset = keyof typeof RL_PRESETS;

export interface ResolvedRlConfig {
  readonly config: RlConfig;
  readonly preset: RlPreset | null;
  /** Field (`kl.coefficient` inside one) → where its value comes from. */
  readonly origins: Readonly<Record<string, 'default' | 'preset' | 'override'>>;
}

/** Defaults, then the preset, then the overrides. Throws ConfigError with every problem in one message. */
export function resolveRlConfig(preset: RlPreset | null = null, overrides: RlOverrides = {}): ResolvedRlConfig {
  const chosen: RlOverrides = preset === null ? {} : RL_PRESETS[preset];
  if (!chosen)
    throw new ConfigError(
      `resolveRlConfig: the preset must be one of ${Object.keys(RL_PRESETS).join(', ')}, got "${preset}". Name one of these.`,
    );
  const merged: Record<string, unknown> = { ...defaults, ...chosen, ...overrides };
  const nested: readonly Nested[] = ['lora', 'temperature', 'entropy', 'rarity', 'kl'];
  for (const field of nested) merged[field] = { ...defaults[field], ...chosen[field], ...overrides[field] };
  const config = checkRlConfig(merged);
  const origins: Record<string, 'default' | 'preset' | 'override'> = {};
  const originOf = (field: string, over: object, base: object) =>
    field in over ? 'override' : field in base ? 'preset' : 'default';
  for (const field of Object.keys(config) as (keyof RlConfig)[]) {
    if (!nested.includes(field as Nested)) origins[field] = originOf(field, overrides, chosen);
    else
      for (const inner of Object.keys(config[field] as object))
        origins[`${field}.${inner}`] = originOf(
          inner,
          overrides[field as Nested] ?? {},
          (chosen[field as Nested] ?? {}) as object,
        );
  }
  return { config, preset, origins };
}

/** Holds a config to its schema. Throws ConfigError with every problem in one message. */
export function checkRlConfig(config: unknown): RlConfig {
  const parsed = rlConfigSchema.safeParse(config);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`)
    .join('; ');
  throw new ConfigError(`resolveRlConfig: the RL config must be valid, got ${problems}. Correct these fields.`);
}

/** The value of a ramp at a step (0 is the first) of so many. */
export function rampAt(
  { from, to, over }: { readonly from: number; readonly to: number; readonly over: number },
  step: number,
  steps: number,
): number {
  return from + (to - from) * Math.min(1, step / (over * steps));
}
