import { z } from 'zod';
import { ConfigError } from '../../src/core';
import { DTYPES, SIDES } from './job';

export const PARTS = ['sft', 'qlora', 'generate', 'growth', 'rl', 'kernel'] as const;
export type Part = (typeof PARTS)[number];

const rate = z.number().positive();

/** One measured side of one piece of work. */
export const rowSchema = z.strictObject({
  part: z.enum(PARTS).describe('Which part of the benchmark.'),
  work: z.string().describe('What was done, the same on both sides.'),
  side: z.enum(SIDES).describe('ours, or the peer.'),
  peer: z.string().optional().describe('Which peer, where a part has several.'),
  dtype: z.enum(DTYPES).optional().describe('Dtype of weights and of matrix products, where there are some.'),
  unit: z.string().describe('Of median, low, high and rounds.'),
  median: rate.describe('Over the rounds.'),
  low: rate.describe('Least of the rounds.'),
  high: rate.describe('Greatest of the rounds.'),
  rounds: z.array(rate).min(1).describe('Every round, in order; sides took turns.'),
  tokensPerSecond: rate.optional().describe('Training: all tokens of the rows (median, tokens/s).'),
  peakBytes: z.int().positive().optional().describe('Most memory the process of this side ever held (bytes).'),
  rooflineShare: z
    .number()
    .positive()
    .optional()
    .describe('Arithmetic needed over time, by the 1024² product (share).'),
  executedShare: z.number().positive().optional().describe('The same with the padding that was computed (share).'),
  matmulGflopPerSecond: rate.optional().describe("TensorFlow's own 1024² product in this run (GFLOP/s)."),
  othersShare: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('Of the machine, taken by other processes: the worst round.'),
  equal: z.string().optional().describe('What was found equal between the sides before timing.'),
  date: z.iso.datetime().describe('When it was measured.'),
});
export type ResultRow = z.output<typeof rowSchema>;

export const targetSchema = z.strictObject({
  ratio: z.string().describe('Key in ratios.'),
  rule: z.enum(['at least', 'at most']),
  value: z.number().positive(),
  got: z.number().nullable().describe('null: not measured.'),
  met: z.boolean(),
});

export const resultsSchema = z.strictObject({
  machine: z.strictObject({
    processor: z.string(),
    cores: z.int().positive(),
    memoryBytes: z.int().positive(),
    system: z.string(),
  }),
  versions: z.record(z.string(), z.string()),
  date: z.iso.datetime(),
  ratios: z.record(z.string(), z.number().positive()).describe('Ours over the peer, unless the name says otherwise.'),
  targets: z.array(targetSchema),
  rows: z.array(rowSchema).min(1),
});
export type Results = z.output<typeof resultsSchema>;

/** Holds a results file to its schema. Throws ConfigError with every problem. */
export function checkResults(value: unknown, from: string): Results {
  const parsed = resultsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new ConfigError(
    `bench: the results must follow their schema, got ${problems.join('; ')} (${from}). Run npm run bench again.`,
  );
}
