import { z } from 'zod';

/** The two sides of a comparison: this project, and PyTorch with transformers, PEFT and TRL. */
export const SIDES = ['ours', 'peer'] as const;
export type Side = (typeof SIDES)[number];

export const DTYPES = ['f32', 'bf16'] as const;
export type BenchDtype = (typeof DTYPES)[number];

const rowSchema = z.strictObject({
  id: z.string().describe('Name of the row.'),
  ids: z.array(z.int()).min(1).describe('Token ids, prompt and completion.'),
  promptLength: z.int().min(0).describe('Tokens that are not predicted (tokens).'),
});

/** One training run, the same for both sides: rows, the batch of each step, settings, and where the adapter starts. */
export const sftJobSchema = z.strictObject({
  kind: z.literal('sft').describe('Supervised fine-tuning of a LoRA adapter.'),
  dtype: z.enum(DTYPES).describe('Dtype of the base weights and of matrix products.'),
  quantisation: z.enum(['none', 'nf4']).describe('How the frozen base is stored.'),
  model: z.string().describe('Ours: a reference for openModel. The peer: the exported Hugging Face folder.'),
  adapter: z.string().describe('Folder of the adapter that both sides start from, in the format of PEFT.'),
  rows: z.array(rowSchema).min(1).describe('The training rows.'),
  batches: z.array(z.array(z.int()).min(1)).min(1).describe('Rows of every step, by index, in order.'),
  stepsPerRound: z.int().min(1).describe('Steps after which a side stops and waits (steps).'),
  epochs: z.int().min(1).describe('Passes over the rows that the batches make (count).'),
  batchSize: z.int().min(1).describe('Rows of a full batch (rows).'),
  learningRate: z.number().positive().describe('Highest learning rate; cosine to zero over all steps (per step).'),
  warmupSteps: z.int().min(0).describe('Steps of linear warm-up (steps).'),
  maxGradNorm: z.number().positive().describe('Gradient norm above which it is scaled down (norm).'),
  seed: z.int().describe('Seed of the order of rows on our side; the peer is handed the order.'),
  padTokenId: z.int().describe('The id that fills a batch.'),
});
export type SftJob = z.output<typeof sftJobSchema>;

/** Greedy writing after some prompts, in one batch. */
export const generateJobSchema = z.strictObject({
  kind: z.literal('generate').describe('Greedy generation.'),
  dtype: z.enum(DTYPES).describe('Dtype of weights and of matrix products.'),
  model: z.string().describe('As for training.'),
  prompts: z
    .array(z.strictObject({ id: z.string(), ids: z.array(z.int()).min(1) }))
    .min(1)
    .describe('Prompts of unequal length.'),
  newTokens: z.int().min(1).describe('Tokens written after each prompt; no token stops a row (tokens).'),
  padTokenId: z.int().describe('The id that fills a batch.'),
});
export type GenerateJob = z.output<typeof generateJobSchema>;

/** Reinforcement on a forced one-token answer: answers are drawn, paid and learned from, a group of them for each prompt. */
export const rlJobSchema = z.strictObject({
  kind: z.literal('rl').describe('Reinforcement learning of a LoRA adapter.'),
  estimator: z.enum(['grpo', 'rloo']).describe('How advantages are made of the rewards of a group.'),
  dtype: z.enum(DTYPES).describe('As for training.'),
  model: z.string().describe('As for training.'),
  adapter: z.string().describe('As for training.'),
  prompts: z
    .array(z.strictObject({ id: z.string(), ids: z.array(z.int()).min(1), rewards: z.array(z.number()).min(2) }))
    .min(1)
    .describe('Prompts of all steps in order, with the reward of each answer.'),
  answers: z.array(z.int()).min(2).describe('Token ids of the answers.'),
  promptsPerStep: z.int().min(1).describe('Prompts of a step (prompts).'),
  samplesPerPrompt: z.int().min(2).describe('Answers drawn for each prompt (answers).'),
  stepsPerRound: z.int().min(1).describe('Steps after which a side stops and waits (steps).'),
  checkedPrompts: z.int().min(1).describe('Prompts whose answers are compared between the sides first (prompts).'),
  learningRate: z.number().positive().describe('Learning rate of every step (per step).'),
  maxGradNorm: z.number().positive().describe('Gradient norm above which it is scaled down (norm).'),
  clip: z.number().positive().describe('Half-width of the ratio that the loss rewards (ratio).'),
  seed: z.int().describe('Seed of the draws on each side.'),
  padTokenId: z.int().describe('The id that fills a batch.'),
});
export type RlJob = z.output<typeof rlJobSchema>;

export const jobSchema = z.discriminatedUnion('kind', [sftJobSchema, generateJobSchema, rlJobSchema]);
export type Job = z.output<typeof jobSchema>;

/** What a side tells about one round. */
export const roundSchema = z.looseObject({
  seconds: z.number().positive(),
  /** Training: the loss of each step, nats a supervised token. */
  losses: z.array(z.number()).optional(),
  /** Generation: the new tokens of each prompt, in the order of the prompts. */
  tokens: z.array(z.array(z.int())).optional(),
  /** Reinforcement: log-probability of each answer after each of the checked prompts, before the first step (nats). */
  logProbabilities: z.array(z.array(z.number())).optional(),
  /** What the machine's own matrix product reached beside this round (multiply-adds count as two). */
  matmulGflopPerSecond: z.number().positive().optional(),
});
export type Round = z.output<typeof roundSchema>;
