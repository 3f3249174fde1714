import type { ClaudeJudgement } from './claude-judge';

/** How far a judge's replies to the same question scatter. */
export interface Repeatability {
  /** Points of 0 to 10; null with a reason if no text has two readable replies. */
  readonly withinTextSd0to10: number | null;
  /** Texts with at least two readable replies, and the readable replies to them. */
  readonly texts: number;
  readonly replies: number;
  readonly reason: string | null;
}

/**
 * The judge's own noise from a judge with repeats: the standard deviation of magnitudes within a text, pooled over texts,
 * sqrt(Σᵢ Σⱼ (xᵢⱼ − x̄ᵢ)² / Σᵢ (nᵢ − 1)). A judgement that is a mean of n replies has it divided by sqrt(n).
 */
export function repeatability(judgements: readonly ClaudeJudgement[]): Repeatability {
  const repeated = judgements
    .map(({ samples }) => samples.flatMap(({ magnitude0to10 }) => (magnitude0to10 === null ? [] : [magnitude0to10])))
    .filter((values) => values.length >= 2);
  const replies = repeated.reduce((sum, values) => sum + values.length, 0);
  const counts = { texts: repeated.length, replies };
  if (repeated.length === 0)
    return { withinTextSd0to10: null, ...counts, reason: 'no text has two readable replies; give the judge repeats' };
  let squares = 0;
  for (const values of repeated) {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    for (const value of values) squares += (value - mean) ** 2;
  }
  return { withinTextSd0to10: Math.sqrt(squares / (replies - repeated.length)), ...counts, reason: null };
}
