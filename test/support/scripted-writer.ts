import { RandomStream } from '../../src/core';
import type { Candidate, WriteRequest, Writer, Written } from '../../src/experiments/news-data';

/** What a scripted writer gives in place of a good item, and how often (share). */
export type Fault = 'duplicate' | 'short' | 'cut' | 'refusing' | 'naming' | 'unusable' | 'no reply';

export interface ScriptedWriter extends Writer {
  /** Ids of all requests that reached it, in order. */
  readonly asked: string[];
  /** Ids of those that got no reply. */
  readonly unanswered: Set<string>;
  /** How often each fault was given. */
  readonly given: Map<Fault, number>;
}

const SYLLABLES = ['ba', 'do', 'fe', 'gi', 'ko', 'lu', 'ma', 'ne', 'po', 'ru', 'sa', 'ti', 'vo', 'zu', 'wen', 'lor'];

/**
 * A writer whose replies follow from its seed and the request's id alone: words that mean nothing, faults in a seeded mix. After `stopAfter` replies
 * it throws, as a killed process ends: what it had handed over by then is on disk, the rest is not.
 */
export function scriptedWriter(
  seed: number,
  shares: Partial<Record<Fault, number>> = {},
  options: { readonly stopAfter?: number; readonly topicsPerRequest?: number; readonly words?: number } = {},
): ScriptedWriter {
  const asked: string[] = [];
  const unanswered = new Set<string>();
  const given = new Map<Fault, number>();
  const { stopAfter = Number.POSITIVE_INFINITY, topicsPerRequest = 5, words = 40 } = options;
  const answer = (request: WriteRequest): Written => {
    const random = new RandomStream(seed).fork(request.id);
    const base = { id: request.id, replyKey: `key of ${request.id}`, model: 'script', costUsd: 0.01 };
    const reply = { ...base, createdAt: '2026-01-02T03:04:05.000Z', unusable: null, said: null, missing: null };
    const drawn = faultOf(random, shares, ['unusable', 'no reply']);
    // A line that was busy is free the second time.
    const whole = drawn === 'no reply' && unanswered.has(request.id) ? null : drawn;
    if (whole) given.set(whole, (given.get(whole) ?? 0) + 1);
    if (whole === 'no reply') unanswered.add(request.id);
    if (whole === 'no reply') return { ...reply, candidates: [], missing: 'the line was busy' };
    if (whole === 'unusable') return { ...reply, candidates: [], unusable: 'not as asked', said: 'No.' };
    const candidates = Array.from({ length: request.items }, (_, i) => {
      const draws = random.fork(i);
      const fault = faultOf(draws, shares, ['duplicate', 'short', 'cut', 'refusing', 'naming']);
      if (fault) given.set(fault, (given.get(fault) ?? 0) + 1);
      return request.kind === 'topics' ? topicOf(draws, fault, seed) : textOf(draws, fault, words, seed);
    });
    return { ...reply, candidates };
  };
  return {
    id: `script ${seed}`,
    limits: { topicsPerRequest, takenShown: 20 },
    asked,
    unanswered,
    given,
    async write(requests, call) {
      const written: Written[] = [];
      for (const request of requests) {
        if (asked.length >= stopAfter) throw new Error('killed');
        asked.push(request.id);
        written.push(answer(request));
        call.onWritten?.([written.at(-1)!]);
      }
      return written;
    },
    estimate: () => null,
  };
}

function faultOf(random: RandomStream, shares: Partial<Record<Fault, number>>, kinds: readonly Fault[]): Fault | null {
  let at = random.fork('fault').uniform();
  for (const kind of kinds) {
    at -= shares[kind] ?? 0;
    if (at < 0) return kind;
  }
  return null;
}

/** A topic of words that mean nothing, or a faulty one. */
export function topicOf(random: RandomStream, fault: Fault | null, seed: number): Candidate {
  const draws = fault === 'duplicate' ? new RandomStream(seed).fork('the same topic') : random;
  const headline = wordsOf(draws.fork('headline'), 9);
  const context = wordsOf(draws.fork('context'), 20);
  if (fault === 'short') return { headline: 'Two words', context: `${context}.` };
  if (fault === 'cut') return { headline, context };
  if (fault === 'refusing')
    return { headline: "I'm sorry, but I can't write this topic for you", context: `${context}.` };
  if (fault === 'naming') return { headline: `${headline} center-left`, context: `${context}.` };
  return { headline, context: `${context}.` };
}

/** A text of as many words that mean nothing, or a faulty one. */
export function textOf(random: RandomStream, fault: Fault | null, words: number, seed: number): Candidate {
  const draws = fault === 'duplicate' ? new RandomStream(seed).fork('the same text') : random;
  const half = Math.floor(words / 2);
  const text = `${wordsOf(draws.fork('a'), half)}. ${wordsOf(draws.fork('b'), words - half + draws.below(5))}.`;
  if (fault === 'short') return { article: 'Too short.' };
  if (fault === 'cut') return { article: text.slice(0, -1) };
  if (fault === 'refusing') return { article: `I'm sorry, but I cannot write that article. ${text}` };
  if (fault === 'naming') return { article: text.replace('. ', '. This unbiased report says ') };
  return { article: text };
}

function wordsOf(random: RandomStream, count: number): string {
  const words = Array.from({ length: count }, () =>
    Array.from({ length: 3 }, () => SYLLABLES[random.below(SYLLABLES.length)]).join(''),
  ).join(' ');
  return words[0].toUpperCase() + words.slice(1);
}
