import { z } from 'zod';
import { ConfigError } from '../../core';
import { SCHEDULES } from '../schedule';

/** Everything that decides a pretraining, apart from the model's shape, the lines and the seed. */
export const pretrainConfigSchema = z.strictObject({
  steps: z.int().min(1).describe('Optimiser steps (count).'),
  rows: z.int().min(1).describe('Rows of a step, B (rows).'),
  rowTokens: z.int().min(1).describe('Places of a row, T; several lines share one, each blind to the others (tokens).'),
  promptWeight: z
    .number()
    .min(0)
    .max(1)
    .describe('What predicting a token of a prompt counts beside one behind it (0 to 1).'),
  learningRate: z.number().positive().describe('Highest learning rate (per step).'),
  schedule: z.enum(SCHEDULES).describe('Course of the learning rate after warm-up (name).'),
  warmupSteps: z.int().min(0).describe('Steps over which the learning rate rises to its highest (steps).'),
  maxGradNorm: z.number().positive().nullable().describe('Gradient norm above which it is scaled down; null: never.'),
  weightDecay: z.number().min(0).describe('Decoupled decay of all parameters (per step, times the learning rate).'),
  beta1: z.number().min(0).lt(1).describe('Decay of the first moment (0 to 1).'),
  beta2: z.number().min(0).lt(1).describe('Decay of the second moment (0 to 1).'),
  epsilon: z.number().positive().describe('Added to the root of the second moment (same unit as the gradient).'),
});

export type PretrainConfig = Readonly<z.output<typeof pretrainConfigSchema>>;

/** Holds a config to its schema. Throws ConfigError with every problem in one message. */
export function checkPretrainConfig(config: unknown): PretrainConfig {
  const parsed = pretrainConfigSchema.safeParse(config);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`)
    .join('; ');
  throw new ConfigError(`pretrain: the config must be valid, got ${problems} (from the caller). Correct these fields.`);
}
