import {
  type AgreementEstimate,
  type AgreementOptions,
  agreementSettings,
  bootstrapItems,
  clustersOf,
  finiteRatings,
  pairsOf,
} from './agreement-bootstrap';

/**
 * Spearman's rank correlation: Pearson's correlation of the ranks, equal values sharing the mean of theirs. Items that
 * lack a value are left out and counted. Depends on the order of values only; swapping the sides changes nothing.
 * Interval: bootstrap over items, or clusters of them. float64.
 * Null with a reason: fewer than 3 items, or one side constant.
 * Throws ConfigError for options out of range, DataError for NaN, infinities and lists of unequal length.
 * Source: Spearman 1904, American Journal of Psychology 15; Kendall and Gibbons 1990, chapter 3, for ties.
 */
export function spearman(
  left: readonly (number | null)[],
  right: readonly (number | null)[],
  options: AgreementOptions,
): AgreementEstimate {
  const where = 'spearman';
  const settings = agreementSettings(options, left.length, where);
  for (const side of [left, right]) finiteRatings(side, where);
  const { kept, missing } = pairsOf(left, right, where);
  const [x, y] = [left, right].map((side) => rankable(kept.map((item) => side[item] as number)));
  const statistic = (weights: Float64Array): number => {
    const [a, b] = [x(weights), y(weights)];
    let [n, xx, yy, xy] = [0, 0, 0, 0];
    for (let item = 0; item < kept.length; item++) {
      const weight = weights[item];
      n += weight;
      xx += weight * a[item] * a[item];
      yy += weight * b[item] * b[item];
      xy += weight * a[item] * b[item];
    }
    return n < 3 || xx === 0 || yy === 0 ? Number.NaN : xy / Math.sqrt(xx * yy);
  };
  return bootstrapItems(statistic, clustersOf(options.clusters, kept), settings, {
    missing,
    noValue: kept.length < 3 ? `${kept.length} of the 3 items that a correlation needs` : 'one side is constant',
  });
}

/** The ranks of the items around their mean, where each entered `weights` times: equal values share their mean rank. */
function rankable(values: readonly number[]): (weights: Float64Array) => Float64Array {
  const scale = [...new Set(values)].sort((a, b) => a - b);
  const place = new Map(scale.map((value, at) => [value, at]));
  const at = Int32Array.from(values, (value) => place.get(value)!);
  const counts = new Float64Array(scale.length);
  const ranks = new Float64Array(values.length);
  return (weights) => {
    counts.fill(0);
    let n = 0;
    for (let item = 0; item < at.length; item++) {
      counts[at[item]] += weights[item];
      n += weights[item];
    }
    // Mid-ranks have mean n / 2 whatever the ties.
    let before = -n / 2;
    for (let value = 0; value < counts.length; value++) {
      const count = counts[value];
      counts[value] = before + count / 2;
      before += count;
    }
    for (let item = 0; item < at.length; item++) ranks[item] = counts[at[item]];
    return ranks;
  };
}
