import { z } from 'zod';
import { BudgetError } from '../../core';
import type { AskedReply, BudgetLimits, CallMode, ClaudeCalls, ClaudeReply, ClaudeRequest } from '../../judge';
import { findModel, structuredSchema } from '../../judge';
import type { Candidate, Unusable, WriteCall, WriteRequest, Writer, Written } from './writer';

export interface ClaudeWriterOptions {
  readonly calls: ClaudeCalls;
  /** Default: the default of data/judge/models.json. */
  readonly model?: string;
  readonly mode?: CallMode;
  /** Limits over all that this writer asks, beside those of `calls`. */
  readonly budget?: Partial<BudgetLimits>;
}

const topicsReply = z.strictObject({
  topics: z
    .array(
      z.strictObject({
        headline: z.string().describe('What happened, 7 to 12 words, without a final full stop.'),
        context: z.string().describe('Two or three neutral facts, 16 to 28 words, ending in a full stop.'),
      }),
    )
    .describe('As many topics as were asked for, each about another event.'),
});
const textReply = z.strictObject({ article: z.string().describe('The text alone, without a title.') });

// A model that thinks spends its thoughts from the same allowance.
const THINKING_TOKENS = 4000;

/** A Claude model as writer: structured output, through the store of `calls`, so that no reply is paid for twice. */
export function claudeWriter({ calls, model: named, mode = 'messages', budget = {} }: ClaudeWriterOptions): Writer {
  const model = findModel(named);
  const { thinking, effort } = model;
  const spent = { usd: 0, tokens: 0 };
  const requestOf = (request: WriteRequest): ClaudeRequest => ({
    id: request.id,
    model: model.id,
    system: request.system,
    user: request.user,
    maxTokens: request.maxTokens + (thinking === 'disabled' ? 0 : THINKING_TOKENS),
    schema: structuredSchema(request.kind === 'topics' ? topicsReply : textReply),
    rubricHash: request.promptHash,
    sample: request.sample,
    thinking,
    effort,
  });
  const left = (limit: number | null | undefined, used: number) => (limit == null ? null : Math.max(0, limit - used));
  return {
    id: `claude ${model.id} thinking ${thinking ?? 'default'} effort ${effort ?? 'default'}`,
    limits: { topicsPerRequest: 10, takenShown: 80 },
    async write(requests, call: WriteCall) {
      if (requests.length === 0) return [];
      const asked = await calls
        .ask(requests.map(requestOf), {
          mode,
          purpose: requests[0].kind === 'topics' ? 'write topics' : 'write texts',
          budget: { usd: left(budget.usd, spent.usd), tokens: left(budget.tokens, spent.tokens) },
          ...(call.signal ? { signal: call.signal } : {}),
          ...(call.onProgress ? { onProgress: call.onProgress } : {}),
        })
        .catch((error) => {
          if (error instanceof BudgetError) {
            spent.usd = Math.max(spent.usd, budget.usd ?? 0);
            spent.tokens = Math.max(spent.tokens, budget.tokens ?? 0);
          }
          throw error;
        });
      for (const { reply } of asked) {
        if (!reply || reply.fromStore) continue;
        spent.usd += reply.costUsd ?? 0;
        spent.tokens += reply.usage.inputTokens + reply.usage.outputTokens;
      }
      const written = asked.map((answer, at) => readAnswer(answer, requests[at], model.id));
      call.onWritten?.(written);
      return written;
    },
    estimate: (requests) => calls.estimate(requests.map(requestOf)),
  };
}

function readAnswer({ reply, reason }: AskedReply, request: WriteRequest, model: string): Written {
  if (!reply)
    return {
      id: request.id,
      candidates: [],
      unusable: null,
      said: null,
      missing: reason ?? 'no reason was given',
      replyKey: null,
      model,
      costUsd: null,
      createdAt: '',
    };
  const { candidates, unusable } = readReply(reply, request.kind);
  return {
    id: request.id,
    candidates,
    unusable,
    said: unusable === null ? null : reply.text,
    missing: null,
    replyKey: reply.key,
    model: reply.model,
    costUsd: reply.costUsd,
    createdAt: reply.createdAt,
  };
}

function readReply(
  reply: ClaudeReply,
  kind: WriteRequest['kind'],
): { candidates: readonly Candidate[]; unusable: Unusable | null } {
  if (reply.stopReason === 'refusal') return { candidates: [], unusable: 'refused' };
  if (reply.stopReason === 'max_tokens') return { candidates: [], unusable: 'cut off' };
  let value: unknown;
  try {
    value = JSON.parse(reply.text);
  } catch {
    return { candidates: [], unusable: 'not as asked' };
  }
  const candidates =
    kind === 'topics'
      ? topicsReply.safeParse(value).data?.topics
      : [textReply.safeParse(value).data].filter((item) => item !== undefined);
  return candidates && candidates.length > 0
    ? { candidates, unusable: null }
    : { candidates: [], unusable: 'not as asked' };
}
