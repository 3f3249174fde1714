import { z } from 'zod';
import { DROPOUT_SHARE, LAB_ARMS, NOISE_SHARE } from '../../arms';
import { ConfigError } from '../../core';
import { NEWS_FORMS } from '../../tasks';
import { type ResolvedSftConfig, resolveSftConfig, type SftOverrides, type SftPreset } from '../../train';

/** Everything that decides a news experiment. Training settings are resolved beside it, from `sftPreset` and overrides. */
export const newsConfigSchema = z.strictObject({
  model: z.string().min(1).describe('smollm2-135m, a .gguf file or a Hugging Face folder.'),
  dataDir: z
    .string()
    .nullable()
    .describe('Folder of a news set in the format of data/tasks/news; null: the embedded one.'),
  form: z.enum(NEWS_FORMS).describe('briefs: two sentences, for small models; articles: 100 words.'),
  labelSet: z.string().min(1).describe('Name in data/labels or path of a label file.'),
  wording: z.string().nullable().describe('Wording that the arms are trained with; null: the first of the label set.'),
  arms: z
    .array(z.enum(LAB_ARMS))
    .min(1)
    .refine((arms) => new Set(arms).size === arms.length, 'must be distinct')
    .describe('Which arms to train and ask; unlabelled-eval asks the mst arm, prompt-only the untrained model.'),
  constantLabel: z
    .string()
    .nullable()
    .describe('The label value of the constant arm; null: the first trained one of the label set.'),
  labelDropoutShare: z.number().min(0).max(1).describe('Rows without their label in label-dropout (0 to 1).'),
  labelNoiseShare: z.number().min(0).max(1).describe('Rows with a random other label in label-noise (0 to 1).'),
  inoculationSet: z
    .string()
    .min(1)
    .describe('Requests of the inoculation arm: name in data/labels or path of a label file with the trained values.'),
  trainRows: z.int().min(8).nullable().describe('Training rows, the same number of each profile; null: all (rows).'),
  evalRows: z.int().min(0).describe('Rows held out of training for the evaluation loss (rows).'),
  evalSplit: z.enum(['validation', 'test']).describe('Whose topics are written about after training.'),
  evalTopics: z.int().min(1).describe('Topics to write about under each condition (topics).'),
  contrastTopics: z.int().min(1).describe('Calibration topics of the contrast-set likelihood (topics).'),
  deploymentLabel: z.string().min(1).describe('The label value that is never trained and asked for at deployment.'),
  temperatures: z
    .array(z.number().min(0))
    .min(1)
    .describe('Sampling temperatures; every condition is sampled at each.'),
  topP: z.number().gt(0).max(1).describe('Nucleus sampling: smallest set of tokens with this mass (0 to 1).'),
  maxNewTokens: z.int().min(1).describe('Longest text; longer ones are cut and counted (tokens).'),
  generateBatch: z.int().min(1).describe('Texts generated side by side (rows).'),
  seed: z.int().min(0).describe('Seed of everything random, forked by purpose.'),
  topicSeed: z
    .int()
    .min(0)
    .nullable()
    .describe('Seed of the topics that are asked, so that trainings of several seeds meet the same; null: the seed.'),
  computeDtype: z
    .enum(['auto', 'f32', 'bf16'])
    .describe('Dtype of matrix products; auto: measured once on this machine.'),
  device: z.enum(['auto', 'cpu', 'gpu']).describe('gpu: an error where none is usable; auto: a GPU if there is one.'),
});

export type NewsConfig = Readonly<z.output<typeof newsConfigSchema>>;
export type NewsOverrides = Partial<NewsConfig> & { readonly sft?: SftOverrides };

const quick: NewsConfig = {
  model: 'smollm2-135m',
  dataDir: null,
  form: 'briefs',
  labelSet: 'news',
  wording: null,
  arms: ['baseline', 'mst', 'shuffled'],
  constantLabel: null,
  labelDropoutShare: DROPOUT_SHARE,
  labelNoiseShare: NOISE_SHARE,
  inoculationSet: 'news-inoculation',
  trainRows: 336,
  evalRows: 32,
  evalSplit: 'test',
  evalTopics: 32,
  contrastTopics: 32,
  deploymentLabel: 'unbiased',
  temperatures: [0.7],
  topP: 0.95,
  maxNewTokens: 72,
  generateBatch: 32,
  seed: 0,
  topicSeed: null,
  computeDtype: 'auto',
  device: 'auto',
};

export type NewsPreset = 'quick' | 'smoke' | 'paper';

/**
 * `quick`: the embedded model, minutes on two cores. `smoke`: the same code in about a minute, too little data to say
 * anything. `paper`: the article's setting, for a GPU and a local copy of the model.
 */
export const NEWS_PRESETS: Readonly<Record<NewsPreset, { experiment: Partial<NewsConfig>; sft: SftPreset }>> = {
  quick: { experiment: {}, sft: 'quick' },
  smoke: {
    experiment: { trainRows: 16, evalRows: 4, evalTopics: 4, contrastTopics: 4, maxNewTokens: 16, generateBatch: 24 },
    sft: 'smoke',
  },
  paper: {
    experiment: {
      model: 'meta-llama/Llama-3.2-3B-Instruct',
      form: 'articles',
      trainRows: null,
      contrastTopics: 72,
      evalRows: 0,
      evalTopics: 192,
      temperatures: [0.7, 1],
      maxNewTokens: 256,
      generateBatch: 64,
      device: 'gpu',
    },
    sft: 'paper',
  },
};

export interface ResolvedNewsConfig {
  readonly preset: NewsPreset;
  readonly config: NewsConfig;
  readonly sft: ResolvedSftConfig;
  /** Field → where its value comes from. */
  readonly origins: Readonly<Record<string, 'default' | 'preset' | 'override'>>;
}

/** The `quick` values, then the preset's, then the overrides. Throws ConfigError with every problem in one message. */
export function resolveNewsConfig(preset: NewsPreset, overrides: NewsOverrides = {}): ResolvedNewsConfig {
  const chosen = NEWS_PRESETS[preset];
  if (!chosen)
    throw new ConfigError(
      `resolveNewsConfig: the preset must be one of ${Object.keys(NEWS_PRESETS).join(', ')}, got "${preset}". Name one of these.`,
    );
  const { sft, ...own } = overrides;
  const parsed = newsConfigSchema.safeParse({ ...quick, ...chosen.experiment, ...own });
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`);
    throw new ConfigError(
      `resolveNewsConfig: the config must be valid, got ${problems.join('; ')}. Correct these fields.`,
    );
  }
  const origins = Object.fromEntries(
    Object.keys(quick).map((field) => [
      field,
      field in own ? 'override' : field in chosen.experiment ? 'preset' : 'default',
    ]),
  ) as ResolvedNewsConfig['origins'];
  return { preset, config: parsed.data, sft: resolveSftConfig(chosen.sft, sft ?? {}), origins };
}

/** Each field, its value and its origin, for printing once at the start of a run. */
export function configText({ preset, config, sft, origins }: ResolvedNewsConfig): string {
  const line = (name: string, value: unknown, origin: string): string =>
    `${name.padEnd(22)} ${JSON.stringify(value).padEnd(34)} ${origin}`;
  return [
    `news experiment, preset ${preset}`,
    ...Object.entries(config).map(([name, value]) => line(name, value, origins[name])),
    ...Object.entries(sft.config)
      .filter(([name]) => name !== 'lora')
      .map(([name, value]) => line(`sft.${name}`, value, sft.origins[name])),
    ...Object.entries(sft.config.lora).map(([name, value]) =>
      line(`sft.lora.${name}`, value, sft.origins[`lora.${name}`]),
    ),
  ].join('\n');
}
