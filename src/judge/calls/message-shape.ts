import { z } from 'zod';
import type { TokenUsage } from './types';

/** What a message of the API says, as far as it is kept. */
export interface ClaudeAnswer {
  readonly text: string;
  readonly stopReason: string | null;
  readonly model: string;
  readonly usage: TokenUsage;
  readonly messageId: string;
}

const count = z.number().int().nonnegative();

// Not strict: the API adds fields over time, and a reply that was paid for must not be thrown away for one.
const message = z.object({
  id: z.string().min(1),
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: z.string().min(1),
  content: z.array(z.looseObject({ type: z.string() })),
  stop_reason: z.string().nullable(),
  usage: z.object({
    input_tokens: count,
    output_tokens: count,
    cache_creation_input_tokens: count.nullish(),
    cache_read_input_tokens: count.nullish(),
  }),
});

const textBlock = z.object({ type: z.literal('text'), text: z.string() });

/** Reads a message of the API: its text blocks joined, thinking left out. Null if the value is no whole message. */
export function readMessage(value: unknown): ClaudeAnswer | null {
  const parsed = message.safeParse(value);
  if (!parsed.success) return null;
  const { id, model, content, stop_reason, usage } = parsed.data;
  const texts: string[] = [];
  for (const block of content) {
    if (block.type !== 'text') continue;
    const text = textBlock.safeParse(block);
    if (!text.success) return null;
    texts.push(text.data.text);
  }
  return {
    text: texts.join(''),
    stopReason: stop_reason,
    model,
    messageId: id,
    usage: {
      inputTokens: usage.input_tokens,
      outputTokens: usage.output_tokens,
      cacheWriteTokens: usage.cache_creation_input_tokens ?? 0,
      cacheReadTokens: usage.cache_read_input_tokens ?? 0,
    },
  };
}
