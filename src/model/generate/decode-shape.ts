import type { ModelConfig } from '../weights';
import type { Prompt, Sampling } from './types';

/** The static sizes of the decoding programs of one session. */
export interface DecodeShape {
  /** B rows decoded side by side. */
  readonly batch: number;
  /** N ≤ B rows whose prompts are read in one pass. */
  readonly group: number;
  /** X: tokens that a prefix shared by all prompts may have; 0 for programs without one. */
  readonly prefixTokens: number;
  /** P: tokens that the longest prompt may have behind the prefix. */
  readonly promptTokens: number;
  /** S: slots of the cache; prefix, prompt and completion together. */
  readonly cacheTokens: number;
  /** K: candidates of each step. */
  readonly candidates: number;
  /** Whether logits are divided by a temperature that is neither 0 nor 1. */
  readonly tempered: boolean;
  /** Whether tokens are drawn, and from which of them. */
  readonly filters: { readonly samples: boolean; readonly topK: boolean; readonly topP: boolean };
}

/** A shape with what a call asks of it. */
export interface NeededShape {
  readonly shape: DecodeShape;
  /** Tokens that all prompts share, and tokens of the longest prompt. */
  readonly common: number;
  readonly longest: number;
}

/** Sizes are rounded up to this many tokens, so that calls of similar lengths share their programs. */
const BUCKET = 16;
/** Candidates of a step when drawing; past them the host reads the whole row of logits. */
export const CANDIDATES = 128;
/** Candidates of a step of the likeliest token in bf16, whose products leave several tied. */
const TIED = 8;
/** Tokens of one pass over prompts: enough that their products run at full speed. */
const GROUP_TOKENS = 512;

export function neededShape(
  prompts: readonly Prompt[],
  common: number,
  { batchSize, maxNewTokens, temperature, topK, topP }: Sampling,
  { vocabSize }: ModelConfig,
  drawn: number,
): NeededShape {
  const longest = Math.max(...prompts.map(({ ids }) => ids.length));
  const batch = Math.min(batchSize, prompts.length);
  const prefixTokens = roundUp(common);
  const promptTokens = roundUp(longest - common);
  const groups = Math.ceil(batch / Math.max(1, Math.floor(GROUP_TOKENS / promptTokens)));
  const samples = temperature > 0;
  const shape: DecodeShape = {
    batch,
    group: Math.ceil(batch / groups),
    prefixTokens,
    promptTokens,
    cacheTokens: roundUp(Math.max(prefixTokens + promptTokens, longest + maxNewTokens)),
    candidates: Math.min(vocabSize, samples ? Math.max(drawn, topK ?? 0) : TIED),
    tempered: samples && temperature !== 1,
    filters: { samples, topK: samples && topK !== undefined, topP: samples && topP !== undefined && topP < 1 },
  };
  return { shape, common, longest };
}

/** Whether programs of one shape serve a call without much waste. */
export function serves(known: DecodeShape, { shape: needed, common, longest }: NeededShape): boolean {
  const within = (a: number, b: number, slack: number): boolean => a >= b && a <= b + slack;
  const prefix = Math.min(common, known.prefixTokens);
  return (
    known.batch >= needed.batch &&
    known.candidates >= needed.candidates &&
    known.tempered === needed.tempered &&
    JSON.stringify(known.filters) === JSON.stringify(needed.filters) &&
    within(known.promptTokens, longest - prefix, 5 * BUCKET) &&
    within(known.cacheTokens, needed.cacheTokens, 8 * BUCKET) &&
    known.cacheTokens >= prefix + known.promptTokens
  );
}

function roundUp(tokens: number): number {
  return Math.ceil(tokens / BUCKET) * BUCKET;
}
