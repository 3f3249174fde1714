import { z } from 'zod';
import { ConfigError } from '../../core';
import { type LoraConfigInput, loraConfigSchema } from '../../model/adapters';
import { PROJECTIONS } from '../../model/families';
import { OPTIMISERS } from '../optimiser';
import { SCHEDULES } from '../schedule';

/** Everything that decides what SFT does, apart from model, data and seed. */
export const sftConfigSchema = z.strictObject({
  lora: loraConfigSchema.describe('The adapter that is trained (object).'),
  baseQuantisation: z.enum(['none', 'nf4']).describe('How the frozen base is stored: as loaded, or in 4 bits (name).'),
  optimiser: z
    .enum(OPTIMISERS)
    .describe('AdamW with f32 moments (8 bytes a parameter) or in 8-bit blocks (2 bytes) (name).'),
  learningRate: z.number().positive().describe('Highest learning rate (per step).'),
  schedule: z.enum(SCHEDULES).describe('Course of the learning rate after warm-up (name).'),
  warmupSteps: z.int().min(0).describe('Steps over which the learning rate rises to its highest (steps).'),
  epochs: z.int().min(1).describe('Passes over the examples (count).'),
  maxSteps: z
    .int()
    .min(1)
    .nullable()
    .describe('End after this many steps, the schedule with it; null: all epochs (steps).'),
  batchSize: z.int().min(1).describe('Examples of one forward pass (rows).'),
  accumulation: z.int().min(1).describe('Forward passes whose gradients make one step (count).'),
  maxTokens: z.int().min(2).describe('Longer rows are dropped and counted (tokens).'),
  groupByLength: z.boolean().describe('Put rows of like length into one batch (yes or no).'),
  packing: z
    .boolean()
    .describe('Lay several examples of a forward pass into one row, each blind to the others (yes or no).'),
  packedTokens: z
    .int()
    .min(2)
    .nullable()
    .describe('Length of a packed row; null: the cheapest up to maxTokens (tokens).'),
  maxGradNorm: z
    .number()
    .positive()
    .nullable()
    .describe('Gradient norm above which it is scaled down; null: never (norm).'),
  weightDecay: z.number().min(0).describe('Decoupled decay of the adapter (per step, times the learning rate).'),
  beta1: z.number().min(0).lt(1).describe('Decay of the first moment (0 to 1).'),
  beta2: z.number().min(0).lt(1).describe('Decay of the second moment (0 to 1).'),
  epsilon: z.number().positive().describe('Added to the root of the second moment (same unit as the gradient).'),
  gradientCheckpointing: z
    .boolean()
    .describe('Recompute each layer in the backward pass instead of keeping it (yes or no).'),
  xla: z
    .enum(['off', 'auto', 'on'])
    .describe(
      'Compile the training programs by XLA; auto: on a GPU. What cannot be compiled runs plain, and the result says why.',
    ),
  evalEvery: z.int().min(0).describe('Evaluate after every this many steps; 0: at the end only (steps).'),
  checkpointEvery: z
    .int()
    .min(0)
    .describe('Save after every this many steps; 0: at the end and on abort only (steps).'),
});

export type SftConfig = Readonly<z.output<typeof sftConfigSchema>>;

const defaults: SftConfig = {
  lora: { rank: 16, alpha: 32, dropout: 0, targets: [...PROJECTIONS], rsLora: false },
  baseQuantisation: 'none',
  optimiser: 'adamw',
  learningRate: 2e-4,
  schedule: 'cosine',
  warmupSteps: 10,
  epochs: 1,
  maxSteps: null,
  batchSize: 8,
  accumulation: 1,
  maxTokens: 512,
  groupByLength: true,
  packing: false,
  packedTokens: null,
  maxGradNorm: 1,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  gradientCheckpointing: false,
  xla: 'off',
  evalEvery: 0,
  checkpointEvery: 50,
};

export type SftOverrides = Partial<Omit<SftConfig, 'lora'>> & { readonly lora?: Partial<LoraConfigInput> };

/**
 * `quick`: two-sentence briefs on a small model and a CPU, minutes an arm. `paper`: the article's news settings
 * (`articleDifferences` says what another config does otherwise). `smoke`: a few steps, to test the machinery.
 */
export const SFT_PRESETS: Readonly<Record<'quick' | 'paper' | 'smoke', SftOverrides>> = {
  quick: { learningRate: 1e-3, warmupSteps: 10, epochs: 1, batchSize: 4, maxGradNorm: 1, checkpointEvery: 40 },
  paper: {
    lora: { dropout: 0.05 },
    baseQuantisation: 'nf4',
    optimiser: 'adamw8bit',
    learningRate: 2e-4,
    warmupSteps: 50,
    epochs: 3,
    batchSize: 12,
    maxTokens: 512,
    maxGradNorm: 0.3,
    gradientCheckpointing: true,
  },
  smoke: {
    lora: { rank: 4, alpha: 8 },
    learningRate: 2e-3,
    warmupSteps: 1,
    maxSteps: 4,
    batchSize: 4,
    checkpointEvery: 0,
  },
};

export type SftPreset = keyof typeof SFT_PRESETS;
export type Origin = 'default' | 'preset' | 'override';

/** A full config and where each field's value comes from. */
export interface ResolvedSftConfig {
  readonly config: SftConfig;
  readonly preset: SftPreset | null;
  readonly origins: Readonly<Record<string, Origin>>;
}

/**
 * Defaults, then the preset, then the overrides. Throws ConfigError with every problem in one message, unknown
 * fields included.
 */
export function resolveSftConfig(preset: SftPreset | null = null, overrides: SftOverrides = {}): ResolvedSftConfig {
  const chosen = preset === null ? {} : SFT_PRESETS[preset];
  if (!chosen)
    throw new ConfigError(
      `resolveSftConfig: the preset must be one of ${Object.keys(SFT_PRESETS).join(', ')}, got "${preset}". Name one of these.`,
    );
  const merged = {
    ...defaults,
    ...chosen,
    ...overrides,
    lora: { ...defaults.lora, ...chosen.lora, ...overrides.lora },
  };
  const config = checkSftConfig(merged);
  const origins: Record<string, Origin> = {};
  const trace = (prefix: string, fields: object, fromPreset: object, fromOverride: object): void => {
    for (const field of Object.keys(fields))
      origins[prefix + field] = field in fromOverride ? 'override' : field in fromPreset ? 'preset' : 'default';
  };
  const { lora, ...rest } = config;
  trace('', rest, chosen, overrides);
  trace('lora.', lora, chosen.lora ?? {}, overrides.lora ?? {});
  return { config, preset, origins };
}

/** Holds a config to its schema. Throws ConfigError with every problem in one message. */
export function checkSftConfig(config: unknown): SftConfig {
  const parsed = sftConfigSchema.safeParse(config);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`)
    .join('; ');
  throw new ConfigError(`resolveSftConfig: the SFT config must be valid, got ${problems}. Correct these fields.`);
}

/** Throws ConfigError unless the base lies on the device as the config says. */
export function checkBase(config: SftConfig, model: { readonly quantisation: SftConfig['baseQuantisation'] }): void {
  if (config.baseQuantisation !== model.quantisation)
    throw new ConfigError(
      `trainSft: the base must be loaded as the config says, baseQuantisation "${config.baseQuantisation}", got a model loaded with quantisation "${model.quantisation}" (loadModel). ` +
        `Load it with { quantisation: '${config.baseQuantisation}' } or override baseQuantisation.`,
    );
}
