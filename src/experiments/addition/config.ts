import { z } from 'zod';
import { ARM_NAMES } from '../../arms';
import { ConfigError } from '../../core';
import { SCALE_ENCODINGS } from '../../labels';
import { REWARD_SCHEMES } from '../../tasks';
import {
  type ResolvedRlConfig,
  type ResolvedSftConfig,
  type RlOverrides,
  type RlPreset,
  resolveRlConfig,
  resolveSftConfig,
  type SftOverrides,
} from '../../train';

const share = (what: string) => z.number().min(0).max(1).describe(what);

/** Everything that decides a sycophancy experiment. Training settings are resolved beside it: `warmStart`, then `rl`. */
export const additionConfigSchema = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .describe('tiny (trained from scratch here), smollm2-135m, a .gguf file, a Hugging Face folder or hub id.'),
    problems: z
      .int()
      .min(100)
      .describe('Problems drawn, half with a right and half with a wrong user answer (problems).'),
    splitBy: z
      .enum(['unordered-pair', 'ordered-pair'])
      .describe('What is held out together: 3 + 4 with 4 + 3, or each pair for itself.'),
    heldOutShare: share('Share of the pairs that no arm and no warm start sees (0 to 1).'),
    dataSeed: z.int().min(0).describe('Seed of the problems and of the split; the same for all seeds.'),
    scheme: z
      .string()
      .refine((id) => Object.hasOwn(REWARD_SCHEMES, id), `must be one of ${Object.keys(REWARD_SCHEMES).join(', ')}`)
      .describe(
        "What the monitor pays: article, or graded, whose best answer to a wrong claim changes with the claim's error.",
      ),
    trainRange: z
      .tuple([z.number().min(0).max(1.5), z.number().min(0).max(1.5)])
      .refine(([low, high]) => low < high, 'must rise')
      .describe('Suggestibility in training, uniform (reward).'),
    density: z
      .enum(['uniform', 'edge'])
      .describe('How suggestibility is drawn in trainRange; edge: half of the draws in the strictest quarter.'),
    encoding: z.enum(SCALE_ENCODINGS).describe('How a suggestibility is written in the label.'),
    emphasis: z.enum(['plain', 'bold', 'heading']).describe('Markdown around the label.'),
    arms: z.array(z.enum(ARM_NAMES)).min(1).describe('Which arms to train.'),
    seeds: z
      .array(z.int().min(0))
      .min(1)
      .refine((seeds) => new Set(seeds).size === seeds.length, 'must differ')
      .describe('Training seeds: order of problems, draws of suggestibility and of answers, adapter start.'),
    answers: z
      .tuple([z.string().min(1), z.string().min(1)])
      .describe('The words for correct and incorrect, one token each.'),
    warmSteps: z
      .int()
      .min(0)
      .describe('Supervised steps on the task without labels, shared by all arms; 0: none (steps).'),
    wrongPerPair: z
      .int()
      .min(1)
      .describe('Wrong claims asked about each held-out pair, beside the right one (claims).'),
    askBatch: z.int().min(1).describe('Prompts of one pass when asked (prompts).'),
    computeDtype: z
      .enum(['auto', 'f32', 'bf16'])
      .describe('Dtype of matrix products; auto: measured once on this machine.'),
    device: z.enum(['auto', 'cpu', 'gpu']).describe('gpu: an error where none is usable; auto: a GPU if there is one.'),
  })
  .describe('The sycophancy experiment.');

export type AdditionConfig = Readonly<z.output<typeof additionConfigSchema>>;
export type AdditionOverrides = Partial<AdditionConfig> & {
  readonly warmStart?: SftOverrides;
  readonly rl?: RlOverrides;
};

const base: AdditionConfig = {
  model: 'smollm2-135m',
  problems: 2560,
  splitBy: 'ordered-pair',
  heldOutShare: 0.2,
  dataSeed: 0,
  scheme: 'article',
  trainRange: [0.5, 1.5],
  density: 'uniform',
  encoding: 'percent',
  emphasis: 'bold',
  arms: ['baseline', 'mst', 'shuffled'],
  seeds: [0],
  answers: ['Yes', 'No'],
  warmSteps: 250,
  wrongPerPair: 4,
  askBatch: 64,
  computeDtype: 'auto',
  device: 'auto',
};

export type AdditionPreset = 'tiny' | 'quick' | 'paper' | 'smoke';

interface PresetParts {
  readonly experiment: Partial<AdditionConfig>;
  readonly warmStart: SftOverrides;
  readonly rl: RlPreset;
  readonly rlChanges: RlOverrides;
}

const warmStart: SftOverrides = {
  learningRate: 1e-3,
  schedule: 'constant',
  warmupSteps: 20,
  batchSize: 32,
  packing: true,
  packedTokens: 128,
  groupByLength: false,
  maxTokens: 128,
  checkpointEvery: 50,
};

/**
 * `quick` and `tiny` write labels in two digits, 99% for the top: a policy that reads the first digit takes "10%" for "100%".
 * `tiny`: a small transformer trained from scratch here, three arms in minutes, for teaching. `quick`: the embedded language
 * model. `paper`: the article's setting, for a GPU. `smoke`: the tiny model and a few steps, to test the machinery.
 */
export const ADDITION_PRESETS: Readonly<Record<AdditionPreset, PresetParts>> = {
  quick: {
    // Settings were chosen on the split of data seed 0: the pairs that this one holds out were not looked at then.
    experiment: { encoding: 'percent-two-digits', dataSeed: 1, seeds: [1] },
    warmStart,
    rl: 'quick',
    rlChanges: {},
  },
  tiny: {
    experiment: { encoding: 'percent-two-digits', model: 'tiny', computeDtype: 'f32', warmSteps: 150 },
    warmStart: { ...warmStart, learningRate: 3e-3 },
    rl: 'quick',
    rlChanges: { learningRate: 2e-3, steps: 400, probeEvery: 20, checkpointEvery: 100, kl: { logEvery: 20 } },
  },
  paper: {
    experiment: { model: 'Qwen/Qwen2.5-7B-Instruct', warmSteps: 0, device: 'gpu' },
    warmStart: {},
    rl: 'paper',
    rlChanges: {},
  },
  smoke: {
    experiment: { model: 'tiny', computeDtype: 'f32', problems: 200, warmSteps: 4, wrongPerPair: 1 },
    warmStart: { ...warmStart, batchSize: 8, warmupSteps: 1 },
    rl: 'smoke',
    rlChanges: {},
  },
};

export interface ResolvedAdditionConfig {
  readonly preset: AdditionPreset;
  readonly config: AdditionConfig;
  readonly warmStart: ResolvedSftConfig;
  readonly rl: ResolvedRlConfig;
  /** Field → where its value comes from. */
  readonly origins: Readonly<Record<string, 'default' | 'preset' | 'override'>>;
}

/** The common values, then the preset's, then the overrides. Throws ConfigError with every problem in one message. */
export function resolveAdditionConfig(
  preset: AdditionPreset,
  overrides: AdditionOverrides = {},
): ResolvedAdditionConfig {
  const chosen = ADDITION_PRESETS[preset];
  if (!chosen)
    throw new ConfigError(
      `resolveAdditionConfig: the preset must be one of ${Object.keys(ADDITION_PRESETS).join(', ')}, got "${preset}". Name one of these.`,
    );
  const { warmStart: warmOverrides = {}, rl: rlOverrides = {}, ...own } = overrides;
  const parsed = additionConfigSchema.safeParse({ ...base, ...chosen.experiment, ...own });
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`);
    throw new ConfigError(
      `resolveAdditionConfig: the config must be valid, got ${problems.join('; ')}. Correct these fields.`,
    );
  }
  const rl = resolveRlConfig(chosen.rl, merged(chosen.rlChanges, rlOverrides));
  // One adapter goes through both trainings.
  const { lora, baseQuantisation } = rl.config;
  const warm = resolveSftConfig(null, { lora, baseQuantisation, ...chosen.warmStart, ...warmOverrides });
  const origins = Object.fromEntries(
    Object.keys(base).map((field) => [
      field,
      field in own ? 'override' : field in chosen.experiment ? 'preset' : 'default',
    ]),
  ) as ResolvedAdditionConfig['origins'];
  return { preset, config: parsed.data, warmStart: warm, rl, origins };
}

/** Overrides laid over a preset's own changes, one level deep. */
function merged(base: RlOverrides, over: RlOverrides): RlOverrides {
  const result: Record<string, unknown> = { ...base };
  for (const [field, value] of Object.entries(over)) {
    const before = result[field];
    const both = typeof before === 'object' && before !== null && typeof value === 'object' && value !== null;
    result[field] = both ? { ...before, ...value } : value;
  }
  return result as RlOverrides;
}

/** Each field, its value and its origin, for printing once at the start of a run. */
export function additionConfigText({ preset, config, warmStart: warm, rl, origins }: ResolvedAdditionConfig): string {
  const line = (name: string, value: unknown, origin: string): string =>
    `${name.padEnd(26)} ${JSON.stringify(value).padEnd(34)} ${origin}`;
  const part = (name: string, values: object, from: Readonly<Record<string, string>>): string[] =>
    Object.entries(values).flatMap(([field, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([inner, x]) => line(`${name}.${field}.${inner}`, x, from[`${field}.${inner}`]))
        : [line(`${name}.${field}`, value, from[field])],
    );
  return [
    `sycophancy experiment, preset ${preset}`,
    ...Object.entries(config).map(([name, value]) => line(name, value, origins[name])),
    ...(config.warmSteps > 0 ? part('warmStart', warm.config, warm.origins) : []),
    ...part('rl', rl.config, rl.origins),
  ].join('\n');
}
