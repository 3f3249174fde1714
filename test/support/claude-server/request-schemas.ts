import { z } from 'zod';
import { ApiError } from './api-errors';

const text = z.strictObject({
  type: z.literal('text'),
  text: z.string().min(1, 'text content blocks must be non-empty'),
  cache_control: z.strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() }).nullish(),
});

const content = z.union([z.string().min(1, 'text content blocks must be non-empty'), z.array(text).min(1)]);

const countTokens = z.strictObject({
  model: z.string().min(1),
  messages: z
    .array(z.strictObject({ role: z.enum(['user', 'assistant']), content }))
    .min(1, 'at least one message is required')
    .refine((messages) => messages.at(-1)?.role === 'user', 'the conversation must end with a user message'),
  system: z.union([z.string(), z.array(text)]).optional(),
  thinking: z
    .union([
      z.strictObject({ type: z.literal('disabled') }),
      z.strictObject({ type: z.literal('adaptive'), display: z.enum(['summarized', 'omitted']).nullish() }),
    ])
    .optional(),
  output_config: z
    .strictObject({
      effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).nullish(),
      format: z.strictObject({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) }).nullish(),
    })
    .optional(),
});

const messages = z.strictObject({
  ...countTokens.shape,
  max_tokens: z.int().min(1),
  metadata: z.strictObject({ user_id: z.string().nullish() }).optional(),
  stop_sequences: z.array(z.string()).optional(),
  service_tier: z.enum(['auto', 'standard_only']).optional(),
});

const batchCreate = z.strictObject({
  requests: z
    .array(
      z.strictObject({
        custom_id: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
        params: z.record(z.string(), z.unknown()),
      }),
    )
    .min(1)
    .max(100_000)
    .refine((all) => new Set(all.map((each) => each.custom_id)).size === all.length, 'custom_id must be unique'),
});

/** A request for a message, as far as the server takes part in it. */
export type MessageBody = z.infer<typeof messages>;
export type CountTokensBody = z.infer<typeof countTokens>;
export type BatchCreateBody = z.infer<typeof batchCreate>;

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = [...issue.path, ...(issue.code === 'unrecognized_keys' ? [issue.keys[0]] : [])].join('.');
  const what = issue.code === 'unrecognized_keys' ? 'Extra inputs are not permitted' : issue.message;
  throw new ApiError(400, `${where}: ${what}`);
}

/** What constrained decoding refuses; a schema with it never reaches the model. */
const UNSUPPORTED = [
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength'],
  ...['maxItems', 'uniqueItems', 'minProperties', 'maxProperties', 'patternProperties'],
];

function checkSchema(schema: unknown, path: string): void {
  if (typeof schema !== 'object' || schema === null) return;
  if (Array.isArray(schema)) return void schema.forEach((each, i) => void checkSchema(each, `${path}.${i}`));
  const node = schema as Record<string, unknown>;
  const refuse = (what: string) => {
    throw new ApiError(400, `output_config.format.schema: ${what} (at ${path})`);
  };
  if (node.type === 'object' && node.additionalProperties !== false)
    refuse("For 'object' type, 'additionalProperties' must be explicitly set to false");
  for (const word of UNSUPPORTED)
    if (word in node) refuse(`For '${node.type ?? 'any'}' type, property '${word}' is not supported`);
  if (typeof node.minItems === 'number' && node.minItems > 1)
    refuse("For 'array' type, 'minItems' values other than 0 or 1 are not supported");
  for (const [name, child] of Object.entries(node)) {
    if (name === 'properties' || name === '$defs')
      for (const [key, value] of Object.entries(child as object)) checkSchema(value, `${path}.${key}`);
    else if (['items', 'anyOf', 'allOf', 'oneOf'].includes(name)) checkSchema(child, `${path}.${name}`);
  }
}

function checkModel(body: CountTokensBody): void {
  if (!body.model.startsWith('claude-')) throw new ApiError(404, `model: ${body.model}`);
  if (/^claude-opus-5/.test(body.model) && body.thinking?.type === 'disabled')
    throw new ApiError(400, 'thinking.type: thinking cannot be disabled for this model');
  checkSchema(body.output_config?.format?.schema, '$');
}

/** A body of POST /v1/messages. Throws ApiError 400 or 404 as the API would. */
export function messageBody(value: unknown): MessageBody {
  const body = parse(messages, value);
  checkModel(body);
  return body;
}

/** A body of POST /v1/messages/count_tokens. Throws ApiError 400 or 404. */
export function countTokensBody(value: unknown): CountTokensBody {
  const body = parse(countTokens, value);
  checkModel(body);
  return body;
}

/** A body of POST /v1/messages/batches; the single requests are looked at when the batch runs. Throws ApiError 400. */
export function batchCreateBody(value: unknown): BatchCreateBody {
  return parse(batchCreate, value);
}
