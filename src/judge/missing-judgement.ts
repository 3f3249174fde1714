import type { Judgement } from './types';

/** A text without a judgement: every value null, with the reason and the reply as it came. */
export function missingJudgement(
  judge: string,
  flags: readonly string[],
  reason: string,
  rawReply: string | null = null,
): Judgement {
  return {
    judge,
    magnitude0to10: null,
    direction: null,
    profiles: null,
    verdict: null,
    indicators: [],
    flags,
    reasoning: null,
    reason,
    rawReply,
  };
}
