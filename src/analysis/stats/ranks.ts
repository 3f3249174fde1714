/** Values that differ by less than this share of the largest are one value: the rounding of a mean over seeds. */
const sameShare = 1e-12;

/** How far apart two of the values may lie and still be one value that rounding split. */
export function tieSlack(values: readonly number[]): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return sameShare * largest;
}

/**
 * Twice the rank of each value, from 2 up, ties sharing the mean of their ranks (mid-ranks), so that all are whole
 * numbers. Sorted neighbours at most `slack` apart are ties.
 */
export function doubledMidranks(values: readonly number[], slack = tieSlack(values)): Int32Array {
  const order = values.map((_, at) => at).sort((a, b) => values[a] - values[b]);
  const ranks = new Int32Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]] - values[order[end - 1]] <= slack) end++;
    for (let i = start; i < end; i++) ranks[order[i]] = start + 1 + end;
    start = end;
  }
  return ranks;
}

/** Σ(t³ − t) over groups of t equal ranks: what ties take off a rank variance. */
export function tieSum(ranks: ArrayLike<number>): number {
  const counts = new Map<number, number>();
  for (let i = 0; i < ranks.length; i++) counts.set(ranks[i], (counts.get(ranks[i]) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum + count ** 3 - count, 0);
}

/** Which way a trend is looked for: p is one-sided for rising and falling, two-sided for either. */
export type TrendDirection = 'rising' | 'falling' | 'either';

/** p from both tails of a rank statistic, each holding the value seen; two-sided is twice the smaller, at most 1. */
export function pOfTails(atLeast: number, atMost: number, direction: TrendDirection): number {
  if (direction === 'rising') return Math.min(1, atLeast);
  if (direction === 'falling') return Math.min(1, atMost);
  return Math.min(1, 2 * Math.min(atLeast, atMost));
}
