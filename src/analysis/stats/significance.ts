import { ConfigError, type RandomStream } from '../../core';
import { logGamma } from './distributions';

/**
 * Exact two-sided sign test of even odds: min(1, 2·P(X ≤ min(wins, losses))), X ~ Binomial(wins + losses, ½). Ties are
 * left out before. Null without a decided pair. Throws ConfigError unless both are whole numbers from 0 up.
 */
export function signTest(wins: number, losses: number): number | null {
  for (const count of [wins, losses])
    if (!Number.isInteger(count) || count < 0)
      throw new ConfigError(`signTest: wins and losses must be whole numbers from 0 up, got ${wins} and ${losses}.`);
  const n = wins + losses;
  if (n === 0) return null;
  let tail = 0;
  for (let k = 0; k <= Math.min(wins, losses); k++)
    tail += Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) - n * Math.LN2);
  return Math.min(1, 2 * tail);
}

/** Up to so many pairs all 2^n sign patterns are counted. */
const exactPairs = 16;

/**
 * Two-sided paired permutation test that the mean difference is 0: the share of sign patterns with a mean at least as
 * far from 0 as the one seen. All 2^n patterns up to 16 pairs; beyond, (1 + hits)/(1 + permutations) over random ones,
 * so that p is never 0. Null for fewer than 2 pairs or when all differences are 0.
 */
export function pairedPermutationTest(
  differences: readonly number[],
  { random, permutations = 10_000 }: { random: RandomStream; permutations?: number },
): number | null {
  const n = differences.length;
  const bad = differences.find((difference) => !Number.isFinite(difference));
  if (bad !== undefined)
    throw new ConfigError(`pairedPermutationTest: differences must be finite, got ${bad}. Leave missing pairs out.`);
  if (n < 2 || differences.every((difference) => difference === 0)) return null;
  const total = differences.reduce((sum, difference) => sum + difference, 0);
  // Sums of the same numbers in another sign order may differ in the last bits.
  const reach = Math.abs(total) - 1e-12 * differences.reduce((sum, difference) => sum + Math.abs(difference), 0);
  let hits = 0;
  if (n <= exactPairs) {
    for (let pattern = 0; pattern < 2 ** n; pattern++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (pattern >> i) & 1 ? differences[i] : -differences[i];
      if (Math.abs(sum) >= reach) hits++;
    }
    return hits / 2 ** n;
  }
  const stream = random.fork('paired permutation');
  for (let b = 0; b < permutations; b++) {
    let sum = 0;
    let bits = 0;
    for (let i = 0; i < n; i++) {
      if (i % 32 === 0) bits = stream.uint32();
      sum += bits & 1 ? differences[i] : -differences[i];
      bits >>>= 1;
    }
    if (Math.abs(sum) >= reach) hits++;
  }
  return (1 + hits) / (1 + permutations);
}

/**
 * Holm's adjusted p-values, in the order given: the i-th smallest becomes the running maximum of (m − i + 1)·p, at most
 * 1. A missing p-value stays null and still counts in m: it was a test that was planned.
 * Throws ConfigError for a p outside 0 to 1. Source: Holm 1979, Scandinavian Journal of Statistics 6.
 */
export function holm(pValues: readonly (number | null)[]): (number | null)[] {
  const bad = pValues.find((p) => p !== null && !(p >= 0 && p <= 1));
  if (bad !== undefined) throw new ConfigError(`holm: p-values must lie between 0 and 1 or be null, got ${bad}.`);
  const order = pValues.flatMap((p, at) => (p === null ? [] : [{ p, at }])).sort((a, b) => a.p - b.p || a.at - b.at);
  const adjusted: (number | null)[] = pValues.map(() => null);
  let highest = 0;
  for (const [rank, { p, at }] of order.entries()) {
    highest = Math.max(highest, Math.min(1, (pValues.length - rank) * p));
    adjusted[at] = highest;
  }
  return adjusted;
}
