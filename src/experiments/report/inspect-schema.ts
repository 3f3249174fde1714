import { z } from 'zod';

const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
  source: z.enum(['input', 'generate']),
});

const value = z.union([z.string(), z.number(), z.boolean()]).nullable();
const metadata = z.record(z.string(), z.union([value, z.array(value), z.record(z.string(), value)]));

const score = z.strictObject({
  value: z.union([z.number(), z.nan()]).describe('NaN: unscored. Inspect leaves it out of every metric.'),
  answer: z.string().nullable(),
  explanation: z.string().nullable(),
  reason: z.enum(['grader_failed', 'scoring_failed']).nullable().describe('Why it is unscored.'),
  metadata,
});

const sample = z.strictObject({
  id: z.string().min(1),
  epoch: z.int().min(1),
  input: z.array(message).min(1),
  choices: z.array(z.string()).nullable(),
  target: z.string(),
  messages: z.array(message).min(2),
  output: z.strictObject({
    model: z.string(),
    completion: z.string(),
    choices: z
      .array(
        z.strictObject({ message: message.extend({ model: z.string() }), stop_reason: z.enum(['stop', 'max_tokens']) }),
      )
      .length(1),
  }),
  scores: z.record(z.string(), score),
  metadata,
});

const metric = z.strictObject({ name: z.string(), value: z.number(), params: z.strictObject({}) });
const generation = z.strictObject({
  temperature: z.number().nullable(),
  top_p: z.number().nullable(),
  max_tokens: z.int().nullable(),
  seed: z.int().nullable(),
});

/**
 * The part of Inspect's EvalLog, version 2, that this project writes. Fields that Inspect fills in by itself are left out.
 * Source: `inspect_ai.log.EvalLog` of inspect_ai 0.3.285.
 */
export const inspectLogSchema = z.strictObject({
  version: z.literal(2),
  status: z.literal('success'),
  eval: z.strictObject({
    eval_id: z.string().min(1),
    run_id: z.string().min(1),
    created: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/),
    task: z.string().min(1),
    task_id: z.string().min(1),
    task_version: z.int(),
    task_args: metadata,
    dataset: z.strictObject({
      name: z.string(),
      samples: z.int(),
      sample_ids: z.array(z.string()),
      shuffled: z.boolean(),
    }),
    model: z.string().min(1),
    model_generate_config: generation,
    config: z.strictObject({ epochs: z.int(), fail_on_error: z.boolean() }),
    packages: z.record(z.string(), z.string()),
    metadata,
  }),
  plan: z.strictObject({
    name: z.literal('plan'),
    steps: z.array(z.strictObject({ solver: z.string(), params: metadata })),
    config: generation,
  }),
  results: z.strictObject({
    total_samples: z.int(),
    completed_samples: z.int(),
    scores: z.array(
      z.strictObject({
        name: z.string(),
        scorer: z.string(),
        scored_samples: z.int(),
        unscored_samples: z.int(),
        params: z.strictObject({}),
        metrics: z.record(z.string(), metric),
        metadata,
      }),
    ),
  }),
  stats: z.strictObject({ started_at: z.string(), completed_at: z.string() }),
  samples: z.array(sample),
});

export type InspectLog = z.output<typeof inspectLogSchema>;
export type InspectSample = InspectLog['samples'][number];
export type InspectScore = InspectSample['scores'][string];
export type InspectMetadata = z.output<typeof metadata>;
export type InspectGeneration = z.output<typeof generation>;
