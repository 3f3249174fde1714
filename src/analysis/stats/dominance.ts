import { ConfigError } from '../../core';
import { studentQuantile } from './distributions';
import { type Estimate, missingEstimate } from './estimate';
import { pairedShares } from './mcnemar';

const method = "Cliff's variance, Feng's asymmetric form";

/**
 * Cliff's δ of two independent groups, P(x > y) − P(x < y), from −1 to 1; 2·AUC − 1. Variance
 * s² = (n²Σ(dᵢ. − δ)² + m²Σ(d.ⱼ − δ)² − ΣΣ(dᵢⱼ − δ)²)/(mn(m − 1)(n − 1)), at least (1 − δ²)/(mn − 1), i over the m of
 * x, j over the n of y; interval (δ − δ³ ± t·s·√((1 − δ²)² + t²s²))/(1 − δ² + t²s²), t of m + n − 2 degrees, which
 * stays inside −1 to 1. Where groups do not overlap (δ = ±1) the inner end is Wilson's of the smaller group, (n −
 * t²)/(n + t²). By simulation (test/analysis/stats/rank-estimates.slow.test.ts) it covers 95.0 to 96.2%, and 91.6% at
 * δ = 0.84 of 15 against 25. Time grows with m·n. Values of one topic in both groups: see `pairedDominance`.
 * Null with a reason: an empty group, or fewer than `minValues` (default 5) in one.
 * Throws ConfigError for a level outside 0 to 1 or a value that is not finite.
 * Source: Cliff 1993, Psychological Bulletin 114; Feng and Cliff 2004, Journal of Modern Applied Statistical Methods 3.
 */
export function cliffsDelta(
  x: readonly number[],
  y: readonly number[],
  { level = 0.95, minValues = 5 }: { level?: number; minValues?: number } = {},
): Estimate {
  checked('cliffsDelta', level, [...x, ...y]);
  const [m, n] = [x.length, y.length];
  if (m === 0 || n === 0) return missingEstimate(method, level, 0, `${m} values against ${n}`);
  const rows = x.map((one) => y.reduce((sum, other) => sum + Math.sign(one - other), 0));
  const columns = y.map((other) => x.reduce((sum, one) => sum + Math.sign(one - other), 0));
  const untied = x.reduce((sum, one) => sum + y.reduce((count, other) => count + (one === other ? 0 : 1), 0), 0);
  const delta = rows.reduce((sum, row) => sum + row, 0) / (m * n);
  const bare = { estimate: delta, low: null, high: null, level, method, n: m + n } as const;
  if (Math.min(m, n) < Math.max(2, minValues))
    return {
      ...bare,
      reason: `${Math.min(m, n)} of the ${Math.max(2, minValues)} values a group that an interval needs`,
    };
  const spread = (sums: readonly number[], of: number) => sums.reduce((sum, one) => sum + (one / of - delta) ** 2, 0);
  const all = untied - m * n * delta ** 2;
  const variance = Math.max(
    (n * n * spread(rows, n) + m * m * spread(columns, m) - all) / (m * n * (m - 1) * (n - 1)),
    (1 - delta ** 2) / (m * n - 1),
  );
  return { ...bare, ...asymmetric(delta, variance, level, m + n - 2, Math.min(m, n)), reason: null };
}

export interface PairedDominance {
  /** P(left > right) − P(left < right) within a topic: the share of topics it rises on minus that it falls on. */
  readonly within: Estimate;
  /** The same between values of different topics: how far the two conditions' values stand apart as groups. */
  readonly between: Estimate;
}

/**
 * Cliff's δ of paired values, in its two forms. Within: the mean of sign(leftᵢ − rightᵢ), in Bonett and Price's interval.
 * Between: the mean of sign(leftᵢ − rightⱼ) over i ≠ j, its variance by the jackknife over pairs, in Feng's asymmetric
 * form with t of n − 1 degrees. By simulation it covers 94.4 to 96.4% at 25 and 40 pairs and 97 to 98% at 8; the form
 * within 92 to 99%, as a share of few pairs goes. Differences of a rounding error do not count as ties: round values
 * first. Time grows with n².
 * Null with a reason: no pair; for the interval between, fewer than `minPairs` (default 8).
 * Throws ConfigError for a level outside 0 to 1, a value that is not finite, or `minPairs` under 3.
 * Source: Cliff 1996, Ordinal Methods for Behavioral Data Analysis, chapter 6; Feng 2007, Behaviormetrika 34.
 */
export function pairedDominance(
  pairs: readonly { readonly left: number; readonly right: number }[],
  { level = 0.95, minPairs = 8 }: { level?: number; minPairs?: number } = {},
): PairedDominance {
  checked(
    'pairedDominance',
    level,
    pairs.flatMap(({ left, right }) => [left, right]),
  );
  if (!(Number.isInteger(minPairs) && minPairs >= 3))
    throw new ConfigError(`pairedDominance: minPairs must be a whole number from 3 up, got ${minPairs}.`);
  const n = pairs.length;
  const own = pairs.map(({ left, right }) => Math.sign(left - right));
  const count = (sign: number) => own.filter((one) => one === sign).length;
  const within = pairedShares(count(1), count(-1), n, level);
  if (n < 2) return { within, between: missingEstimate(method, level, n, `${n} of the 2 pairs that it needs`) };
  // Of each pair, its left value against all other rights, and its right value against all other lefts.
  const part = pairs.map((pair, i) =>
    pairs.reduce(
      (sum, other, j) =>
        i === j ? sum : sum + Math.sign(pair.left - other.right) + Math.sign(other.left - pair.right),
      0,
    ),
  );
  const total = part.reduce((sum, one) => sum + one, 0) / 2;
  const delta = total / (n * (n - 1));
  const bare = { estimate: delta, low: null, high: null, level, method, n } as const;
  if (n < minPairs)
    return { within, between: { ...bare, reason: `${n} of the ${minPairs} pairs that an interval needs` } };
  const without = part.map((one) => (total - one) / ((n - 1) * (n - 2)));
  const centre = without.reduce((sum, one) => sum + one, 0) / n;
  const jackknife = ((n - 1) / n) * without.reduce((sum, one) => sum + (one - centre) ** 2, 0);
  const variance = Math.max(jackknife, (1 - delta ** 2) / (n * (n - 1)));
  return { within, between: { ...bare, ...asymmetric(delta, variance, level, n - 1, n), reason: null } };
}

function asymmetric(delta: number, variance: number, level: number, degrees: number, smaller: number) {
  const t = -studentQuantile((1 - level) / 2, degrees);
  if (Math.abs(delta) === 1) {
    const inner = (smaller - t * t) / (smaller + t * t);
    return delta > 0 ? { low: inner, high: 1 } : { low: -1, high: -inner };
  }
  const room = 1 - delta ** 2;
  const half = t * Math.sqrt(variance) * Math.sqrt(room ** 2 + t * t * variance);
  const scale = room + t * t * variance;
  return { low: (delta * room - half) / scale, high: (delta * room + half) / scale };
}

function checked(where: string, level: number, values: readonly number[]): void {
  if (!(level > 0 && level < 1)) throw new ConfigError(`${where}: level must lie between 0 and 1, got ${level}.`);
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined)
    throw new ConfigError(`${where}: values must be finite, got ${bad}. Leave missing values out.`);
}
