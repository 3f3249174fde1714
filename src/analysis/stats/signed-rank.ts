import { ConfigError } from '../../core';
import { normalCdf } from './distributions';
import { doubledMidranks, tieSlack } from './ranks';

export interface SignedRank {
  /** Sums of the ranks of positive and of negative differences. */
  readonly wPlus: number;
  readonly wMinus: number;
  /** (W⁺ − W⁻)/(W⁺ + W⁻), from −1 to 1; null without a difference. Kerby 2014. */
  readonly rankBiserial: number | null;
  /** Differences other than 0, and those of 0. */
  readonly n: number;
  readonly zeros: number;
  /** Two-sided p of a distribution symmetric around 0; null without a difference. */
  readonly p: number | null;
  /** Whether p counts all sign patterns; else it is the normal approximation. */
  readonly isExact: boolean;
  readonly reason: string | null;
}

/** Up to so many differences p is exact. */
const exactDifferences = 50;

/**
 * Wilcoxon's signed-rank test, two-sided. Ties share mid-ranks. Zeros keep their ranks and leave the sums (Pratt, the
 * default), or are dropped before ranking ('drop', Wilcoxon). Up to 50 differences p counts the 2^n sign patterns of the
 * ranks as they are, so that it is exact under ties and zeros too; beyond, z = (|W⁺ − Σr/2| − ½)/√(Σr²/4). Differences
 * that only rounding keeps apart (10⁻¹² of the largest) are ties. One difference a topic. float64.
 * Throws ConfigError for a difference that is not finite.
 * Source: Wilcoxon 1945, Biometrics Bulletin 1; Pratt 1959, JASA 54.
 */
export function signedRankTest(
  differences: readonly number[],
  { zeros = 'pratt' }: { zeros?: 'pratt' | 'drop' } = {},
): SignedRank {
  const bad = differences.find((difference) => !Number.isFinite(difference));
  if (bad !== undefined)
    throw new ConfigError(`signedRankTest: differences must be finite, got ${bad}. Leave missing pairs out.`);
  const slack = tieSlack(differences);
  const isZero = (difference: number) => Math.abs(difference) <= slack;
  const kept = zeros === 'drop' ? differences.filter((difference) => !isZero(difference)) : differences;
  const ranks = doubledMidranks(
    kept.map((difference) => (isZero(difference) ? 0 : Math.abs(difference))),
    slack,
  );
  let [plus, minus, squares] = [0, 0, 0];
  const used: number[] = [];
  for (const [at, difference] of kept.entries()) {
    if (isZero(difference)) continue;
    if (difference > 0) plus += ranks[at];
    else minus += ranks[at];
    squares += ranks[at] ** 2;
    used.push(ranks[at]);
  }
  const n = used.length;
  const isExact = n <= exactDifferences;
  const bare = { wPlus: plus / 2, wMinus: minus / 2, n, zeros: differences.length - n, isExact };
  if (n === 0) {
    const reason =
      differences.length === 0 ? 'there are no differences' : `all ${differences.length} differences are 0`;
    return { ...bare, rankBiserial: null, p: null, reason };
  }
  const rankBiserial = (plus - minus) / (plus + minus);
  if (!isExact) {
    const z = Math.max(0, Math.abs(plus - minus) / 4 - 0.5) / Math.sqrt(squares / 16);
    return { ...bare, rankBiserial, p: Math.min(1, 2 * normalCdf(-z)), reason: null };
  }
  const chance = halfSums(used);
  let tail = 0;
  // The distribution is symmetric, so the lower tail of the smaller sum is half of p.
  for (let sum = 0; sum <= Math.min(plus, minus); sum++) tail += chance[sum];
  return { ...bare, rankBiserial, p: Math.min(1, 2 * tail), reason: null };
}

/** P(sum of a random half of `parts` = s) for s from 0 to their total, each part in or out at even odds. */
export function halfSums(parts: ArrayLike<number>): Float64Array {
  let total = 0;
  for (let i = 0; i < parts.length; i++) total += parts[i];
  const chance = new Float64Array(total + 1);
  chance[0] = 1;
  let reach = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    for (let sum = reach; sum >= 0; sum--) {
      const half = chance[sum] / 2;
      chance[sum] = half;
      chance[sum + part] += half;
    }
    reach += part;
  }
  return chance;
}
