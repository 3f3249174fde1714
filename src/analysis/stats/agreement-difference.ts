import { ConfigError } from '../../core';
import { clustersOf, finiteRatings, pairsOf } from './agreement-bootstrap';
import { normalQuantile, studentQuantile } from './distributions';
import { type Estimate, missingEstimate } from './estimate';

export interface RaterDifferenceOptions {
  /** Which items stay together, such as the topic of each; as many as items. Default: each item by itself. */
  readonly clusters?: readonly string[];
  /** Coverage aimed at. Default 0.95. */
  readonly level?: number;
  /** Share of items between the limits. Default 0.95. */
  readonly between?: number;
  /** Fewer items (or clusters) than this get no interval. Default 8; never under 2. */
  readonly minItems?: number;
}

/** How far two raters stand apart on a scale: left − right. */
export interface RaterDifference {
  /** The mean difference: above 0 the left rater gives higher values. */
  readonly mean: Estimate;
  /** Bland and Altman's limits of agreement, between which `between` of the differences lie if they are normal. */
  readonly lower: Estimate;
  readonly upper: Estimate;
  /** Standard deviation of the differences, n − 1; null under 2 items. */
  readonly standardDeviation: number | null;
  /** Items with both values, and items that lack one. */
  readonly items: number;
  readonly missing: number;
}

/**
 * Mean difference of two raters and limits of agreement d̄ ± z·s, each with a t interval from the influence of items,
 * summed by cluster: variance C/(C − 1)·Σ_c (Σ_i φ_i)² / n², C − 1 degrees; φ_i = (d_i − d̄) ± z·((d_i − d̄)² − s²) / 2s.
 * For normal independent differences that is Bland and Altman's s·√(1/n + z²/2n) for the limits. Swapping the raters
 * negates all. Null with a reason: no items, too few, or all differences alike. float64.
 * Throws ConfigError for options out of range, DataError for NaN, infinities and lists of unequal length.
 * Source: Bland and Altman 1999, Statistical Methods in Medical Research 8, sections 2 and 3.
 */
export function raterDifference(
  left: readonly (number | null)[],
  right: readonly (number | null)[],
  options: RaterDifferenceOptions = {},
): RaterDifference {
  const where = 'raterDifference';
  const { clusters, level = 0.95, between = 0.95, minItems = 8 } = options;
  const problems = [
    !(level > 0 && level < 1) && `level must lie between 0 and 1, got ${level}`,
    !(between > 0 && between < 1) && `between must lie between 0 and 1, got ${between}`,
    !(Number.isInteger(minItems) && minItems >= 2) && `minItems must be a whole number from 2 up, got ${minItems}`,
    clusters !== undefined &&
      clusters.length !== left.length &&
      `clusters must name one cluster for each of ${left.length} items, got ${clusters.length}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new ConfigError(`${where}: ${problems.join('; ')}. Correct the options.`);
  for (const side of [left, right]) finiteRatings(side, where);
  const { kept, missing } = pairsOf(left, right, where);
  const { of, count } = clustersOf(clusters, kept);
  const method = clusters === undefined ? 't over items' : 't over clusters of items';
  const n = kept.length;
  if (n === 0) {
    const reason = missing > 0 ? `all ${missing} items lack a value` : 'there are no items';
    const none = missingEstimate(method, level, 0, reason);
    return { mean: none, lower: none, upper: none, standardDeviation: null, items: 0, missing };
  }
  const differences = kept.map((item) => (left[item] as number) - (right[item] as number));
  const mean = differences.reduce((sum, value) => sum + value, 0) / n;
  const deviations = differences.map((value) => value - mean);
  const square = deviations.reduce((sum, value) => sum + value * value, 0);
  const spread = n < 2 ? null : Math.sqrt(square / (n - 1));
  const size = Math.max(...differences.map((value) => Math.abs(value)));
  const isFlat = !(square > (1e-12 * size) ** 2 * n);
  const unit = clusters === undefined ? 'items' : 'clusters of items';
  const reason =
    count < minItems
      ? `${count} of the ${minItems} ${unit} that an interval needs`
      : isFlat
        ? `all ${n} differences are the same`
        : null;
  const estimated = (estimate: number, influence: (deviation: number) => number): Estimate => {
    const bare = { estimate, low: null, high: null, level, method, n: count } as const;
    if (reason !== null) return { ...bare, reason };
    const sums = new Float64Array(count);
    for (let item = 0; item < n; item++) sums[of[item]] += influence(deviations[item]);
    const variance = sums.reduce((sum, value) => sum + value * value, 0) * (count / (count - 1) / n ** 2);
    const half = studentQuantile((1 + level) / 2, count - 1) * Math.sqrt(variance);
    if (!(half > 0)) return { ...bare, reason: `the ${unit} do not differ in it` };
    return { ...bare, low: estimate - half, high: estimate + half, reason: null };
  };
  const z = normalQuantile((1 + between) / 2);
  const limit = (sign: 1 | -1): Estimate => {
    if (spread === null) return missingEstimate(method, level, count, 'limits need at least 2 items');
    return estimated(mean + sign * z * spread, (deviation) =>
      isFlat ? 0 : deviation + (sign * z * (deviation ** 2 - square / n)) / (2 * spread),
    );
  };
  return {
    mean: estimated(mean, (deviation) => deviation),
    lower: limit(-1),
    upper: limit(1),
    standardDeviation: spread,
    items: n,
    missing,
  };
}
