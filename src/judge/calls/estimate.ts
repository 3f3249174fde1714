import type { Spending } from './budget';
import { type ClaudeModels, costOf, priceOf } from './models';
import { type KeyedRequest, requestKey } from './request-key';
import type { CallStore } from './store';
import type { CallEstimate, CallMode, ClaudeReply, ClaudeRequest, ModeEstimate, TokenUsage } from './types';

/**
 * Bytes of UTF-8 in a token, a low figure so that the estimate is a high one: about 3.8 of English for models up to Opus 4.6, and models
 * after it make about 30% more tokens of the same text (platform.claude.com/docs, token counting).
 */
const bytesPerToken = 2.8;
/** What stands around a question: roles, and the API's own words on the form of a structured reply (tokens). */
const framingTokens = 16;
const structuredTokens = 300;
/** Fewer replies say too little about the length of the next. */
const enoughReplies = 20;
const lookedAtReplies = 200;

/** Tokens of a question, from its length: bytes of UTF-8 / 2.8, and what stands around it. Rather too many than too few. */
export function inputTokenEstimate(request: ClaudeRequest): number {
  return Math.ceil(bytesOf(request) / bytesPerToken) + framingOf(request);
}

/** More tokens than a question can have: a token holds at least one byte. */
export function inputTokenBound(request: ClaudeRequest): number {
  return bytesOf(request) + framingOf(request);
}

/** The most that a request can cost. */
export function mostOf(request: ClaudeRequest, mode: CallMode, models: ClaudeModels): Spending {
  const usage = usageOf(inputTokenBound(request), request.maxTokens);
  return { usd: costOf(request.model, usage, mode, models), tokens: usage.inputTokens + usage.outputTokens };
}

/** What a reply cost, tokens of the prompt cache among the input. */
export function spendingOf(reply: ClaudeReply): Spending {
  const { inputTokens, outputTokens, cacheWriteTokens, cacheReadTokens } = reply.usage;
  return { usd: reply.costUsd, tokens: inputTokens + outputTokens + cacheWriteTokens + cacheReadTokens };
}

/**
 * What requests would cost before they are made. Those with a stored reply cost nothing, and equal ones are asked once. Tokens of a
 * question are estimated from its length, or from the questions of the same rubric and model where 20 or more have been answered; the
 * reply is expected to be as long as the median of those, else half of `maxTokens`.
 */
export function estimateCalls(
  requests: readonly ClaudeRequest[],
  store: CallStore,
  models: ClaudeModels,
): CallEstimate {
  const open = new Map<string, KeyedRequest>();
  let stored = 0;
  const isStored = new Map<string, boolean>();
  for (const request of requests) {
    const key = requestKey(request);
    if (!isStored.has(key)) isStored.set(key, store.hasReply(key));
    if (isStored.get(key)) stored++;
    else open.set(key, { key, request });
  }
  const known = new Map<string, PastReplies | null>();
  const sums = { input: 0, output: 0, fromReplies: 0 };
  const expected: { model: string; usage: TokenUsage; most: TokenUsage }[] = [];
  for (const { request } of open.values()) {
    const { model, rubricHash, maxTokens } = request;
    const group = `${model} ${rubricHash}`;
    if (!known.has(group)) known.set(group, pastReplies(store, model, rubricHash));
    const past = known.get(group) ?? null;
    const input = past ? Math.ceil(bytesOf(request) * past.inputTokensPerByte) : inputTokenEstimate(request);
    const output = Math.min(maxTokens, past ? past.outputTokens : Math.ceil(maxTokens / 2));
    sums.input += input;
    sums.output += output;
    if (past) sums.fromReplies++;
    expected.push({ model, usage: usageOf(input, output), most: usageOf(input, maxTokens) });
  }
  const used = new Set(expected.map(({ model }) => model));
  const unknownPrices = [...used].filter((model) => priceOf(model, models) === null).sort();
  const modes = (['messages', 'batch'] as const).map((mode): ModeEstimate => {
    if (unknownPrices.length > 0) return { mode, expectedUsd: null, mostUsd: null };
    const sum = (which: 'usage' | 'most') =>
      expected.reduce((total, item) => total + (costOf(item.model, item[which], mode, models) ?? 0), 0);
    return { mode, expectedUsd: sum('usage'), mostUsd: sum('most') };
  });
  return {
    requests: requests.length,
    stored,
    inputTokens: sums.input,
    expectedOutputTokens: sums.output,
    modes,
    cheaper: cheaperOf(modes, open.size),
    unknownPrices,
    lengthsFromReplies: sums.fromReplies,
  };
}

function cheaperOf(modes: readonly ModeEstimate[], open: number): CallMode | null {
  const [messages, batch] = modes;
  if (open === 0 || messages.expectedUsd === null || batch.expectedUsd === null) return null;
  return batch.expectedUsd < messages.expectedUsd ? 'batch' : 'messages';
}

interface PastReplies {
  readonly outputTokens: number;
  readonly inputTokensPerByte: number;
}

function pastReplies(store: CallStore, model: string, rubricHash: string): PastReplies | null {
  const rows = store.latestReplies(model, rubricHash, lookedAtReplies);
  if (rows.length < enoughReplies) return null;
  const input = rows.map(({ request, usage }) => {
    return (usage.inputTokens + usage.cacheWriteTokens + usage.cacheReadTokens) / bytesOf(request);
  });
  return {
    outputTokens: Math.ceil(median(rows.map((row) => row.usage.outputTokens))),
    inputTokensPerByte: median(input),
  };
}

/** The estimate in one paragraph. */
export function estimateText(estimate: CallEstimate): string {
  const { requests, stored, inputTokens, expectedOutputTokens, modes, cheaper, unknownPrices } = estimate;
  const lines = [`${requests} ${requests === 1 ? 'question' : 'questions'}, ${stored} of them answered before.`];
  if (inputTokens + expectedOutputTokens === 0) return `${lines[0]} Nothing is to be asked, and nothing to be paid.`;
  const from =
    estimate.lengthsFromReplies > 0
      ? 'lengths as in earlier replies, where there are 20 or more'
      : 'half of the longest reply; earlier replies will make it better';
  lines.push(
    `About ${inputTokens.toLocaleString('en-US')} tokens go out and ${expectedOutputTokens.toLocaleString('en-US')} come back (${from}).`,
  );
  if (unknownPrices.length > 0) {
    lines.push(`The price of ${unknownPrices.join(', ')} is not known, so the cost is not either.`);
    return lines.join(' ');
  }
  for (const { mode, expectedUsd, mostUsd } of modes)
    lines.push(
      `${mode === 'batch' ? 'As a batch (within 24 hours)' : 'At once'}: about ${usdText(expectedUsd)}, at most ${usdText(mostUsd)}.`,
    );
  if (cheaper !== null) lines.push(cheaper === 'batch' ? 'A batch is cheaper.' : 'Asking at once is not dearer.');
  return lines.join(' ');
}

/** US dollars with as many digits as the amount needs. */
export function usdText(usd: number | null): string {
  if (usd === null) return 'an unknown amount';
  return `$${usd >= 1 || usd === 0 ? usd.toFixed(2) : usd >= 0.01 ? usd.toFixed(3) : usd.toPrecision(2)}`;
}

function bytesOf({ system, user, schema }: Pick<ClaudeRequest, 'system' | 'user' | 'schema'>): number {
  return Buffer.byteLength(system) + Buffer.byteLength(user) + (schema ? Buffer.byteLength(JSON.stringify(schema)) : 0);
}

function framingOf({ schema }: ClaudeRequest): number {
  return framingTokens + (schema ? structuredTokens : 0);
}

function usageOf(inputTokens: number, outputTokens: number): TokenUsage {
  return { inputTokens, outputTokens, cacheWriteTokens: 0, cacheReadTokens: 0 };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
