import { ConfigError } from '../../core';
import {
  type AgreementEstimate,
  type AgreementOptions,
  agreementSettings,
  bootstrapItems,
  clustersOf,
  finiteRatings,
} from './agreement-bootstrap';

/** How far two values stand apart: differ or not, by the items ranked between them, or by their distance squared. */
export type AlphaMetric = 'nominal' | 'ordinal' | 'interval';

/**
 * Krippendorff's alpha of any number of raters with missing values: α = 1 − (n − 1)·Σ o·δ² / Σ n·n′·δ². o counts pairs
 * of values within an item, each item's by 1 / (its values − 1); n counts values over the items with at least two. δ² is
 * 1 for two that differ (nominal), the squared distance (interval), or that of their mid-ranks among the n values
 * (ordinal; (Σ n between them − half of both)² is just that). 1 is full agreement, 0 what chance gives.
 * `ratings` [raters][items]: numbers, or places on a scale for words; null where missing. Items with fewer than two
 * values are left out and counted. Interval: bootstrap over items or clusters of them. float64; O(values) a resample.
 * Null with a reason: no item with two values, or all values alike.
 * Throws ConfigError for fewer than 2 raters, lists of unequal length or options out of range, DataError for NaN and
 * infinities.
 * Source: Krippendorff 2019, Content Analysis, 4th ed., chapter 12; Zapf et al. 2016, BMC Medical Research Methodology
 * 16:93, for the bootstrap over items.
 */
export function krippendorffAlpha(
  ratings: readonly (readonly (number | null)[])[],
  options: AgreementOptions & { readonly metric: AlphaMetric },
): AgreementEstimate {
  const where = 'krippendorffAlpha';
  const all = ratings[0]?.length ?? 0;
  const lengths = [...new Set(ratings.map((one) => one.length))];
  if (ratings.length < 2 || lengths.length > 1)
    throw new ConfigError(
      `${where}: needs at least 2 raters with a rating or null for every item, got ${ratings.length} with ${lengths.join(', ') || 'no'} items. Write a missing rating as null.`,
    );
  for (const one of ratings) finiteRatings(one, where);
  const settings = agreementSettings(options, all, where);
  const valuesOf = Array.from({ length: all }, (_, item) =>
    ratings.flatMap((one) => (one[item] === null ? [] : [one[item] as number])),
  );
  const kept = valuesOf.flatMap((values, item) => (values.length < 2 ? [] : [item]));
  const scale = [...new Set(kept.flatMap((item) => valuesOf[item]))].sort((a, b) => a - b);
  const place = new Map(scale.map((value, at) => [value, at]));
  const units = kept.map((item) => Int32Array.from(valuesOf[item], (value) => place.get(value)!));
  const statistic = options.metric === 'nominal' ? nominal(units, scale) : scored(units, scale, options.metric);
  return bootstrapItems(statistic, clustersOf(options.clusters, kept), settings, {
    missing: all - kept.length,
    noValue: 'all values are alike',
  });
}

type Statistic = (weights: Float64Array) => number;

/** δ² = 1 for two values that differ. */
function nominal(units: readonly Int32Array[], scale: readonly number[]): Statistic {
  const within = units.map((unit) => {
    const counts = new Map<number, number>();
    for (const value of unit) counts.set(value, (counts.get(value) ?? 0) + 1);
    const alike = [...counts.values()].reduce((sum, count) => sum + count * count, 0);
    return (unit.length ** 2 - alike) / (unit.length - 1);
  });
  const counts = new Float64Array(scale.length);
  return (weights) => {
    const n = countValues(units, weights, counts);
    let [observed, alike] = [0, 0];
    for (let u = 0; u < units.length; u++) observed += weights[u] * within[u];
    for (const count of counts) alike += count * count;
    const expected = n * n - alike;
    return expected > 0 ? 1 - ((n - 1) * observed) / expected : Number.NaN;
  };
}

/** δ² = (s − s′)² of scores: the values themselves, or their mid-ranks. Σ over ordered pairs is 2·(m·Σs² − (Σs)²). */
function scored(units: readonly Int32Array[], scale: readonly number[], metric: 'ordinal' | 'interval'): Statistic {
  const counts = new Float64Array(scale.length);
  // Scores around their middle lose fewer digits in the sums of squares.
  const middle = scale.length === 0 ? 0 : (scale[0] + scale[scale.length - 1]) / 2;
  const scores = Float64Array.from(scale, (value) => value - middle);
  return (weights) => {
    const n = countValues(units, weights, counts);
    if (metric === 'ordinal') {
      let before = -n / 2;
      for (let at = 0; at < scores.length; at++) {
        scores[at] = before + counts[at] / 2;
        before += counts[at];
      }
    }
    let observed = 0;
    for (let u = 0; u < units.length; u++) {
      const unit = units[u];
      let [sum, square] = [0, 0];
      for (const value of unit) {
        sum += scores[value];
        square += scores[value] ** 2;
      }
      observed += (weights[u] * (unit.length * square - sum * sum)) / (unit.length - 1);
    }
    let [sum, square, kinds] = [0, 0, 0];
    for (let at = 0; at < scores.length; at++) {
      if (counts[at] > 0) kinds++;
      sum += counts[at] * scores[at];
      square += counts[at] * scores[at] ** 2;
    }
    return kinds > 1 ? 1 - ((n - 1) * observed) / (n * square - sum * sum) : Number.NaN;
  };
}

/** How often each value of the scale entered; returns how many values that are. */
function countValues(units: readonly Int32Array[], weights: Float64Array, counts: Float64Array): number {
  counts.fill(0);
  let n = 0;
  for (let u = 0; u < units.length; u++) {
    const weight = weights[u];
    if (weight === 0) continue;
    for (const value of units[u]) counts[value] += weight;
    n += weight * units[u].length;
  }
  return n;
}
