import type { z } from 'zod';
import { ConfigError } from '../../core';
import { defaultModel, priceOf } from '../calls/models';
import type { AskCall, ClaudeCalls, ClaudeReply, ClaudeRequest, Thinking } from '../calls/types';
import type { RubricPrompt } from '../rubric/prompt';
import type { Rubric } from '../rubric/rubric-file';
import { type ReadReply, readReply, verdictSchema } from '../rubric/verdict';

/** How a question is put: to which model, how often, and how often more if a reply cannot be read. */
export interface VerdictSettings extends Thinking {
  readonly rubric: Rubric;
  readonly model: string;
  readonly schema: Readonly<Record<string, unknown>>;
  /** Readable replies wanted for each question. */
  readonly repeats: number;
  /** Most replies paid for in getting one that can be read. */
  readonly replies: number;
}

/** One sample of a question: what was read of its reply, or why nothing was. `reply` is null where none came. */
export interface VerdictSample<T> {
  readonly sample: number;
  readonly read: ReadReply<T>;
  readonly reply: ClaudeReply | null;
}

/**
 * Settings of a rubric and a model (default: that of the list), which is to think as the list says, else as it does by itself.
 * Throws ConfigError, named after `where`, for counts under 1.
 */
export function verdictSettings(
  where: string,
  rubric: Rubric,
  options: { readonly model?: string; readonly repeats?: number; readonly replies?: number },
): VerdictSettings {
  const { model = defaultModel(), repeats = 1, replies = 2 } = options;
  for (const [name, value] of Object.entries({ repeats, replies }))
    if (!Number.isInteger(value) || value < 1)
      throw new ConfigError(`${where}: ${name} must be a whole number from 1, got ${value}. Give 1 or more.`);
  const listed = priceOf(model);
  const thinking = { thinking: listed?.thinking ?? null, effort: listed?.effort ?? null };
  return { rubric, model, ...thinking, schema: verdictSchema(rubric.kind), repeats, replies };
}

/** One request a distinct question and sample, samples of a question side by side; in the order of first appearance. */
export function verdictRequests(
  prompts: readonly RubricPrompt[],
  settings: VerdictSettings,
  samplesOf: (question: number) => readonly number[],
): ClaudeRequest[] {
  const { rubric, model, thinking, effort, schema } = settings;
  // Null leaves it to the model, which may then think.
  const maxTokens = rubric.maxTokens + (thinking === 'disabled' ? 0 : rubric.thinkingTokens);
  const shared = { model, thinking, effort, schema, maxTokens, rubricHash: rubric.hash };
  return prompts.flatMap(({ system, user }, question) =>
    samplesOf(question).map((sample) => ({ id: `q${question}s${sample}`, ...shared, system, user, sample })),
  );
}

/** The distinct prompts, and for every given one its place among them. */
export function distinctPrompts(prompts: readonly (RubricPrompt | null)[]): {
  readonly distinct: RubricPrompt[];
  readonly placeOf: (number | null)[];
} {
  const places = new Map<string, number>();
  const distinct: RubricPrompt[] = [];
  const placeOf = prompts.map((prompt) => {
    if (prompt === null) return null;
    const known = places.get(prompt.user);
    if (known !== undefined) return known;
    places.set(prompt.user, distinct.length);
    return distinct.push(prompt) - 1;
  });
  return { distinct, placeOf };
}

/**
 * Asks every prompt until it has `repeats` readable replies, or `repeats · replies` were paid for: samples 0, 1, 2, ... in turn. A
 * request without a reply (server, limits, a batch that has not ended) uses up its place and is not asked under another number, since
 * asking again later must find the same question. All samples are given, in order.
 */
export async function askVerdicts<T>(
  calls: ClaudeCalls,
  prompts: readonly RubricPrompt[],
  type: z.ZodType<T>,
  settings: VerdictSettings,
  call: AskCall,
): Promise<VerdictSample<T>[][]> {
  const { repeats, replies } = settings;
  const samples = prompts.map((): VerdictSample<T>[] => []);
  const next = (question: number): number[] => {
    const asked = samples[question];
    const settled = asked.filter(({ reply, read }) => reply === null || read.value !== null).length;
    const count = Math.min(repeats - settled, repeats * replies - asked.length);
    return Array.from({ length: Math.max(0, count) }, (_, at) => asked.length + at);
  };
  const questionOf = new Map(prompts.map(({ user }, question) => [user, question]));
  for (;;) {
    const requests = verdictRequests(prompts, settings, next);
    if (requests.length === 0) return samples;
    const answers = await calls.ask(requests, call);
    const byId = new Map(answers.map((answer) => [answer.id, answer]));
    for (const { id, user, sample } of requests) {
      const answer = byId.get(id);
      const reply = answer?.reply ?? null;
      const read: ReadReply<T> = reply
        ? readReply(reply, type)
        : { value: null, reason: answer?.reason ?? 'no reply came' };
      samples[questionOf.get(user)!].push({ sample, read, reply });
    }
  }
}
