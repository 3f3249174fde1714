import { transformJSONSchema } from '@anthropic-ai/sdk/lib/transform-json-schema';
import { z } from 'zod';

/**
 * The JSON schema of a zod type as structured output takes it: no object has other keys than its own, and limits that it does not
 * support (ranges, lengths) stand in the description. What comes back must still be parsed by the zod type, which holds them.
 */
export function structuredSchema(type: z.ZodType): Readonly<Record<string, unknown>> {
  // A limit that every integer and number of JavaScript has says nothing to a model.
  const schema = z.toJSONSchema(type, {
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return transformJSONSchema(schema as Parameters<typeof transformJSONSchema>[0]) as Record<string, unknown>;
}
