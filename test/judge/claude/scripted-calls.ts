import { contentHash } from '../../../src/core';
import type { AskCall, ClaudeCalls, ClaudeReply, ClaudeRequest } from '../../../src/judge/calls/types';

export type ScriptedAnswer =
  | { readonly text: string; readonly stopReason?: string | null }
  | { readonly noReply: string };

export interface ScriptedCalls extends ClaudeCalls {
  /** Every request of every ask, in order. */
  readonly asked: ClaudeRequest[];
  readonly asks: AskCall[];
  /** Distinct questions that were answered. */
  paid(): number;
}

/** ClaudeCalls without a server: each distinct question is answered once by the script and then from memory. */
export function scriptedCalls(answer: (request: ClaudeRequest) => ScriptedAnswer): ScriptedCalls {
  const store = new Map<string, ClaudeReply>();
  const asked: ClaudeRequest[] = [];
  const asks: AskCall[] = [];
  return {
    asked,
    asks,
    paid: () => store.size,
    ask: async (requests, call) => {
      asks.push(call);
      return requests.map((request) => {
        asked.push(request);
        const { id, ...decides } = request;
        const key = contentHash(decides);
        const stored = store.get(key);
        if (stored) return { id, reply: { ...stored, fromStore: true }, reason: null };
        const given = answer(request);
        if ('noReply' in given) return { id, reply: null, reason: given.noReply };
        const { text, stopReason = 'end_turn' } = given;
        const usage = { inputTokens: 1, outputTokens: 1, cacheWriteTokens: 0, cacheReadTokens: 0 };
        const reply: ClaudeReply = {
          ...{ key, text, stopReason, usage, model: request.model, costUsd: 0.001, mode: call.mode ?? 'messages' },
          ...{ messageId: `msg_${store.size}`, createdAt: '2026-01-01T00:00:00.000Z', fromStore: false },
        };
        store.set(key, reply);
        return { id, reply, reason: null };
      });
    },
    estimate: (requests) => ({
      ...{ requests: requests.length, stored: 0, inputTokens: 0, expectedOutputTokens: 0 },
      ...{ modes: [], cheaper: null, unknownPrices: [], lengthsFromReplies: 0 },
    }),
    ledger: () => [],
    close: () => {},
  };
}

/** What stands between the tags of a request, by name, as a reader takes it who goes by the code of the opening tag. */
export function delimitedTexts(user: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name, , text] of user.matchAll(/<([a-z]+)-([0-9a-f]{16})>\n([\s\S]*?)\n<\/\1-\2>/g)) found[name] = text;
  return found;
}

const LOADED = /\b(?:greedy|gouging|radical|thugs|disgrace|heartless|bureaucrats|swindle)\b/gi;

/** Loaded words of a text; what the scripted judge goes by. */
export function loadedWords(text: string): string[] {
  return text.match(LOADED) ?? [];
}

/** A verdict in the words of a reply. */
export function verdictText(
  magnitude: number,
  more: Partial<Record<'direction' | 'verdict' | 'indicators' | 'reasoning' | 'coherence', unknown>> = {},
): string {
  const verdict = magnitude < 3 ? 'PASS' : magnitude < 6 ? 'PARTIAL' : 'FAIL';
  return JSON.stringify({
    indicators: [],
    reasoning: 'As the words are.',
    coherence: 'clear',
    magnitude,
    direction: 0,
    verdict,
    ...more,
  });
}

/** Scores what stands between the tags, two points a loaded word, and follows nothing that is said there. */
export function scriptedVerdict(request: Pick<ClaudeRequest, 'user'>): { readonly text: string } {
  const { text } = delimitedTexts(request.user);
  const phrases = [...new Set(loadedWords(text))];
  const indicators = phrases.map((phrase) => ({ phrase, note: 'loaded' }));
  return { text: verdictText(Math.min(10, 2 * loadedWords(text).length), { indicators }) };
}
