import { ConfigError, type LongCall } from '../core';
import { textFlags } from './blind/flags';
import { holdsNothing } from './blind/label-copies';
import type { BudgetLimits, CallEstimate, CallMode, ClaudeCalls, ClaudeRequest } from './calls/types';
import {
  askVerdicts,
  distinctPrompts,
  type VerdictSample,
  type VerdictSettings,
  verdictRequests,
  verdictSettings,
} from './claude/ask-verdicts';
import { pairwisePrompt } from './rubric/prompt';
import { type PairwiseRubric, type Rubric, rubricOf } from './rubric/rubric-file';
import { type PairwiseVerdict, pairwiseVerdictSchema } from './rubric/verdict';

export interface TextPair {
  readonly first: string;
  readonly second: string;
  /** What both are about, for a rubric that asks for it. */
  readonly topic?: string;
}

/** What was answered when the pair was shown in one order. `answer` names a text of the pair, not a place in the request. */
export interface OrderedAnswer {
  /** Which text stood first in the request. */
  readonly shownFirst: 'first' | 'second';
  readonly answer: 'first' | 'second' | 'same' | null;
  readonly reasoning: string | null;
  readonly reason: string | null;
  /** The last reply, where none could be read. */
  readonly rawReply: string | null;
}

export interface PairResult {
  /** Which text is more slanted, by both orders; null if they differ or one is missing. */
  readonly decision: 'first' | 'second' | 'same' | null;
  readonly outcome: 'decided' | 'order decides' | 'missing';
  readonly orders: readonly [OrderedAnswer, OrderedAnswer];
  /** Flags of either text. */
  readonly flags: readonly string[];
  /** Why there is no decision; null if there is one. */
  readonly reason: string | null;
}

/** Counts over pairs. Position bias shows in the last two: without it they are equal but for chance. */
export interface PairCounts {
  readonly pairs: number;
  readonly decided: number;
  readonly first: number;
  readonly second: number;
  readonly same: number;
  readonly orderDecides: number;
  readonly missing: number;
  /** Readable answers that chose the text shown first, or the one shown second. */
  readonly choseShownFirst: number;
  readonly choseShownSecond: number;
}

export interface ComparePairsOptions extends LongCall {
  readonly calls: ClaudeCalls;
  /** A pairwise rubric, its id or its path (default: news-bias-pairwise). */
  readonly rubric?: Rubric | string;
  readonly model?: string;
  readonly mode?: CallMode;
  readonly wait?: boolean;
  readonly budget?: Partial<BudgetLimits>;
  /** Most replies paid for in getting one that can be read. Default 2. */
  readonly replies?: number;
  /** As the ledger shows it; default `compare <rubric id>`. */
  readonly purpose?: string;
}

/**
 * Asks which text of each pair is more slanted, in both orders. Two answers that name the same text, or both say "same", are a decision;
 * two that differ are not: there the order decides, which is counted. Equal questions are asked once.
 * Throws ConfigError for a rubric of another kind or a missing topic; BudgetError and AbortedError as ClaudeCalls.ask does.
 */
export async function comparePairs(
  pairs: readonly TextPair[],
  options: ComparePairsOptions,
): Promise<{ readonly judge: string; readonly pairs: PairResult[]; readonly counts: PairCounts }> {
  const { calls, mode, wait, budget, signal, onProgress } = options;
  const settings = settingsOf(options);
  const { rubric, model } = settings;
  const { distinct, placeOf } = distinctPrompts(promptsOf(pairs, rubric));
  const samples = await askVerdicts(calls, distinct, pairwiseVerdictSchema, settings, {
    purpose: options.purpose ?? `compare ${rubric.id}`,
    mode,
    wait,
    budget,
    signal,
    onProgress,
  });
  const results = pairs.map((pair, at): PairResult => {
    const orders = [
      orderedAnswer('first', samplesAt(samples, placeOf[2 * at])),
      orderedAnswer('second', samplesAt(samples, placeOf[2 * at + 1])),
    ] as const;
    const flags = [...new Set([...textFlags(pair.first), ...textFlags(pair.second)])];
    return { ...decided(orders), orders, flags };
  });
  return {
    judge: `claude:${model}/${rubric.id}@${rubric.hash.slice(0, 12)}`,
    pairs: results,
    counts: pairCounts(results),
  };
}

/** What comparePairs would send: two requests a pair, equal ones once. */
export function pairRequests(pairs: readonly TextPair[], options: Omit<ComparePairsOptions, 'calls'>): ClaudeRequest[] {
  const settings = settingsOf(options);
  return verdictRequests(distinctPrompts(promptsOf(pairs, settings.rubric)).distinct, settings, () => [0]);
}

/** What comparePairs would cost if every reply can be read. */
export function estimatePairs(pairs: readonly TextPair[], options: ComparePairsOptions): CallEstimate {
  return options.calls.estimate(pairRequests(pairs, options));
}

/** Counts of results; swapping the texts of every pair swaps `first` and `second` and leaves the rest. */
export function pairCounts(results: readonly PairResult[]): PairCounts {
  const count = (holds: (result: PairResult) => boolean) => results.filter(holds).length;
  const orders = results
    .flatMap((result) => result.orders)
    .filter(({ answer }) => answer !== null && answer !== 'same');
  const choseShownFirst = orders.filter(({ answer, shownFirst }) => answer === shownFirst).length;
  return {
    pairs: results.length,
    decided: count(({ outcome }) => outcome === 'decided'),
    first: count(({ decision }) => decision === 'first'),
    second: count(({ decision }) => decision === 'second'),
    same: count(({ decision }) => decision === 'same'),
    orderDecides: count(({ outcome }) => outcome === 'order decides'),
    missing: count(({ outcome }) => outcome === 'missing'),
    choseShownFirst,
    choseShownSecond: orders.length - choseShownFirst,
  };
}

function settingsOf(
  options: Omit<ComparePairsOptions, 'calls'>,
): VerdictSettings & { readonly rubric: PairwiseRubric } {
  const rubric = rubricOf(options.rubric ?? 'news-bias-pairwise', 'pairwise', 'comparePairs');
  const { model, replies } = options;
  return { ...verdictSettings('comparePairs', rubric, { model, replies }), rubric };
}

function promptsOf(pairs: readonly TextPair[], rubric: PairwiseRubric) {
  const lacking = rubric.needsTopic === 'none' ? -1 : pairs.findIndex(({ topic }) => topic === undefined);
  if (lacking >= 0)
    throw new ConfigError(
      `comparePairs: the rubric "${rubric.id}" needs a topic for each pair, got none for pair ${lacking}. Give topics, or use a rubric without.`,
    );
  return pairs.flatMap(({ first, second, topic }) =>
    [first, second].some(holdsNothing)
      ? [null, null]
      : [pairwisePrompt(rubric, first, second, topic ?? null), pairwisePrompt(rubric, second, first, topic ?? null)],
  );
}

function samplesAt<T>(samples: readonly VerdictSample<T>[][], place: number | null): VerdictSample<T>[] {
  return place === null ? [] : samples[place];
}

function orderedAnswer(
  shownFirst: 'first' | 'second',
  samples: readonly VerdictSample<PairwiseVerdict>[],
): OrderedAnswer {
  const read = samples.find((sample) => sample.read.value !== null)?.read.value;
  if (!read) {
    const last = samples.at(-1);
    const reason = last?.read.reason ?? 'a text of the pair is empty';
    return { shownFirst, answer: null, reasoning: null, reason, rawReply: last?.reply?.text ?? null };
  }
  const { answer, reasoning } = read;
  const swapped = { first: 'second', second: 'first', same: 'same' } as const;
  return {
    shownFirst,
    answer: shownFirst === 'first' ? answer : swapped[answer],
    reasoning,
    reason: null,
    rawReply: null,
  };
}

function decided(orders: readonly [OrderedAnswer, OrderedAnswer]): Pick<PairResult, 'decision' | 'outcome' | 'reason'> {
  const [one, other] = orders;
  const lacking = orders.find(({ answer }) => answer === null);
  if (lacking) return { decision: null, outcome: 'missing', reason: lacking.reason };
  if (one.answer === other.answer) return { decision: one.answer, outcome: 'decided', reason: null };
  return { decision: null, outcome: 'order decides', reason: 'the two orders were answered differently' };
}
