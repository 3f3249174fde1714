import { z } from 'zod';
import { ConfigError, type LongCall } from '../../core';

/** A prompt by its name, which seeds its own stream of random numbers, and its token ids. */
export interface Prompt {
  readonly id: string;
  readonly ids: Int32Array;
}

/** What a model wrote after one prompt; the prompt is not part of it. */
export interface Completion {
  readonly id: string;
  /** Special tokens left out. */
  readonly text: string;
  /** Without the stop token. */
  readonly tokenIds: Int32Array;
  /** True where maxNewTokens was reached before a stop token. */
  readonly truncated: boolean;
  /** Sum over the tokens, the stop token included, of log p(token | before) at temperature 1, unfiltered; in nats. */
  readonly logprob: number;
}

/** How tokens are chosen. A model's own sampling defaults are never applied. */
export const samplingSchema = z.strictObject({
  maxNewTokens: z.int().min(1).describe('Longest completion (tokens); one that reaches it is reported as truncated.'),
  temperature: z
    .number()
    .min(0)
    .describe('Logits are divided by it before sampling; 0 takes the likeliest token (number).'),
  topK: z.int().min(1).optional().describe('Only the K likeliest tokens can be drawn (tokens).'),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('Only the smallest set of likeliest tokens with this much probability can be drawn (0 to 1).'),
  seed: z.union([z.int(), z.string()]).default(0).describe('Seed of the sampling streams, one a prompt id.'),
  batchSize: z.int().min(1).default(32).describe('Prompts decoded side by side (rows); not part of the result.'),
});

export type Sampling = Readonly<z.output<typeof samplingSchema>>;
export type SamplingInput = z.input<typeof samplingSchema>;

export interface GenerateOptions extends SamplingInput, LongCall {
  /** Called with completions as they end, so that a caller can keep what an interruption would lose. */
  readonly onBatch?: (completions: readonly Completion[]) => void;
}

/** Checks sampling settings and fills in defaults. Throws ConfigError with every problem in one message. */
export function resolveSampling({ signal, onProgress, onBatch, ...sampling }: GenerateOptions): Sampling {
  const parsed = samplingSchema.safeParse(sampling);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`);
  throw new ConfigError(`generate: sampling settings must be valid, got ${problems.join('; ')}. Correct these fields.`);
}
