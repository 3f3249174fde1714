import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError, FileFormatError, projectRoot } from '../../core';
import type { CallMode, Thinking, TokenUsage } from './types';

const usdPerMillion = z.number().nonnegative();

const modelEntry = z.strictObject({
  id: z.string().min(1),
  /** US dollars per million tokens. */
  inputUsdPerMillion: usdPerMillion,
  outputUsdPerMillion: usdPerMillion,
  thinking: z.enum(['disabled', 'adaptive']).nullable(),
  effort: z.enum(['low', 'medium', 'high']).nullable(),
  /** One line on what it is for. */
  use: z.string(),
});

const modelFile = z
  .strictObject({
    about: z.string(),
    /** Day of the prices (ISO 8601). */
    asOf: z.iso.date(),
    source: z.string(),
    licence: z.string(),
    default: z.string().min(1),
    /** What a batch costs as a share of the full price. */
    batchDiscount: z.number().positive().max(1),
    models: z.array(modelEntry).min(1),
  })
  .refine((file) => new Set(file.models.map((model) => model.id)).size === file.models.length, {
    error: 'every model must be listed once',
    path: ['models'],
  });

export type ClaudeModel = Readonly<z.infer<typeof modelEntry>>;

/** The models that can be asked by name, with their prices. */
export interface ClaudeModels {
  readonly asOf: string;
  readonly source: string;
  readonly default: string;
  /** A batch's price as a share of the full price. */
  readonly batchDiscount: number;
  readonly models: readonly ClaudeModel[];
  /** The file they were read from. */
  readonly path: string;
}

/** The variables that name another default model, and another file of models and prices. */
export const modelVariable = 'MSTLAB_JUDGE_MODEL';
export const modelsVariable = 'MSTLAB_MODELS';

// The price of input tokens that are written to or read from the prompt cache, as multiples of the input price (Anthropic's price list,
// five-minute cache).
const cacheWriteMultiple = 1.25;
const cacheReadMultiple = 0.1;

/**
 * Reads the list of Claude models: data/judge/models.json, or the file that MSTLAB_MODELS names.
 * Throws ConfigError if that file is missing and FileFormatError if it is not such a list; unknown fields are refused.
 */
export function readModels(env: NodeJS.ProcessEnv = process.env): ClaudeModels {
  const named = env[modelsVariable]?.trim();
  const path = named ? resolve(named) : join(projectRoot(), 'data', 'judge', 'models.json');
  const from = named ? `${path}, named by ${modelsVariable}` : path;
  if (!existsSync(path))
    throw new ConfigError(`readModels: the list of models must be a file, got none (${from}). Correct the path.`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FileFormatError(
      `readModels: the list of models must be JSON, got "${(error as Error).message}" (${from}). Correct the file.`,
    );
  }
  const parsed = modelFile.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
    throw new FileFormatError(
      `readModels: the list of models must have its fields and no others, got ${problems.join('; ')} (${from}). Correct the file.`,
    );
  }
  const { asOf, source, batchDiscount, models } = parsed.data;
  return { asOf, source, batchDiscount, models, path, default: parsed.data.default };
}

/** The model that is asked where none is named: MSTLAB_JUDGE_MODEL, else the default of the list. */
export function defaultModel(models: ClaudeModels = readModels(), env: NodeJS.ProcessEnv = process.env): string {
  return env[modelVariable]?.trim() || models.default;
}

/**
 * A model as it is to be asked: its id, and how hard it is to think, from the list's entry. A model that is not listed is left to its own
 * defaults. Without an id, the default model.
 */
export function findModel(
  id?: string,
  models: ClaudeModels = readModels(),
  env: NodeJS.ProcessEnv = process.env,
): { readonly id: string } & Thinking {
  const wanted = id ?? defaultModel(models, env);
  const entry = priceOf(wanted, models);
  return { id: wanted, thinking: entry?.thinking ?? null, effort: entry?.effort ?? null };
}

/** The list's entry of a model, by its id or by its id with a date (`claude-haiku-4-5-20251001`); null if its price is not known. */
export function priceOf(id: string, models: ClaudeModels = readModels()): ClaudeModel | null {
  return models.models.find((model) => id === model.id || isDated(id, model.id)) ?? null;
}

function isDated(id: string, base: string): boolean {
  return id.startsWith(`${base}-`) && /^(\d{8}|latest)$/.test(id.slice(base.length + 1));
}

/**
 * What a use of tokens costs in US dollars: (input + 1.25 · cache write + 0.1 · cache read) · input price + output · output price, times
 * the discount in batch mode. Null if the model's price is not known.
 */
export function costOf(model: string, usage: TokenUsage, mode: CallMode, models: ClaudeModels): number | null {
  const price = priceOf(model, models);
  if (price === null) return null;
  const input =
    usage.inputTokens + cacheWriteMultiple * usage.cacheWriteTokens + cacheReadMultiple * usage.cacheReadTokens;
  const full = (input * price.inputUsdPerMillion + usage.outputTokens * price.outputUsdPerMillion) / 1e6;
  return mode === 'batch' ? full * models.batchDiscount : full;
}
