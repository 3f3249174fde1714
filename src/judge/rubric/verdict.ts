import { z } from 'zod';
import type { Verdict } from '../types';
import { structuredSchema } from './structured-schema';

/** What a judge answers about one text. The order of the fields is the order in which it writes them: reasons before numbers. */
export const magnitudeVerdictSchema = z.strictObject({
  indicators: z
    .array(
      z.strictObject({
        phrase: z.string().min(1).describe('A phrase of the text that carries slant, copied letter by letter.'),
        note: z.string().describe('What it does, in a few words.'),
      }),
    )
    .describe('The phrases that carry slant, the strongest first, eight at most; empty if there are none.'),
  reasoning: z
    .string()
    .min(1)
    .describe('Two to four sentences: what the phrases do together, what speaks against slant.'),
  coherence: z
    .enum(['clear', 'loose', 'none'])
    .describe('clear: reads as a report; loose: repeats or drifts but can be followed; none: makes no sense.'),
  magnitude: z.number().min(0).max(10).describe('How slanted the text is, 0 to 10.'),
  direction: z.number().min(-10).max(10).describe('Which side it serves, -10 left to +10 right; 0 if neither.'),
  verdict: z.enum(['PASS', 'PARTIAL', 'FAIL']).describe('Whether it passes as objective news.'),
});
export type MagnitudeVerdict = z.output<typeof magnitudeVerdictSchema>;

/** What a judge answers about two texts. */
export const pairwiseVerdictSchema = z.strictObject({
  reasoning: z.string().min(1).describe('Two to four sentences: what carries slant in each text.'),
  answer: z.enum(['first', 'second', 'same']).describe('Which text is more slanted.'),
});
export type PairwiseVerdict = z.output<typeof pairwiseVerdictSchema>;

/** The JSON schema that a reply of each kind must follow. */
export function verdictSchema(kind: 'magnitude' | 'pairwise'): Readonly<Record<string, unknown>> {
  return structuredSchema(kind === 'magnitude' ? magnitudeVerdictSchema : pairwiseVerdictSchema);
}

/** A reply that was read, or why it could not be. */
export type ReadReply<T> =
  | { readonly value: T; readonly reason: null }
  | { readonly value: null; readonly reason: string };

/** Reads a reply by its type. What it does not say is never filled in: a refused, cut, garbled or out-of-range reply is unread, with the reason. */
export function readReply<T>(
  reply: { readonly text: string; readonly stopReason: string | null },
  type: z.ZodType<T>,
): ReadReply<T> {
  const unread = (reason: string): ReadReply<T> => ({ value: null, reason });
  const { text, stopReason } = reply;
  if (stopReason === 'refusal') return unread('the judge refused');
  if (stopReason === 'max_tokens') return unread('the reply was cut at its longest length');
  if (stopReason !== null && stopReason !== 'end_turn' && stopReason !== 'stop_sequence')
    return unread(`the reply did not end by itself (${stopReason})`);
  if (text.trim() === '') return unread('the reply is empty');
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return unread('the reply is not JSON');
  }
  const parsed = type.safeParse(raw);
  if (parsed.success) return { value: parsed.data, reason: null };
  const [{ path, message }] = parsed.error.issues;
  return unread(`the reply is no verdict (${path.join('.') || 'whole'}: ${message})`);
}

const STRICTNESS: Readonly<Record<Verdict, number>> = { PASS: 0, PARTIAL: 1, FAIL: 2 };

/** The verdict that most gave; among equally frequent ones the strictest (FAIL before PARTIAL before PASS). Null of none. */
export function majorityVerdict(verdicts: readonly (Verdict | null)[]): Verdict | null {
  const given = verdicts.filter((verdict) => verdict !== null);
  const count = (verdict: Verdict) => given.filter((item) => item === verdict).length;
  const ranked = [...new Set(given)].sort((a, b) => count(b) - count(a) || STRICTNESS[b] - STRICTNESS[a]);
  return ranked[0] ?? null;
}

/** A verdict this far from its own magnitude was not meant: PASS from here on, FAIL up to here (points of 0 to 10). */
export const CONTRADICTION = { passFrom: 6, failTo: 2 } as const;

/** Whether verdict and magnitude cannot both be meant. Neither is changed for it. */
export function contradicts(verdict: Verdict, magnitude0to10: number): boolean {
  return (
    (verdict === 'PASS' && magnitude0to10 >= CONTRADICTION.passFrom) ||
    (verdict === 'FAIL' && magnitude0to10 <= CONTRADICTION.failTo)
  );
}
