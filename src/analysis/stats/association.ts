import { ConfigError } from '../../core';

/** A number, or null and why. */
export interface Measured {
  readonly value: number | null;
  readonly n: number;
  readonly reason: string | null;
}

/** Pearson's correlation of two lists of equal length. Null with a reason under 3 pairs or when one side is constant. */
export function pearson(x: readonly number[], y: readonly number[]): Measured {
  const n = x.length;
  if (n !== y.length) throw new ConfigError(`pearson: both lists must be equally long, got ${n} and ${y.length}.`);
  if (n < 3) return { value: null, n, reason: `${n} of the 3 pairs that a correlation needs` };
  const [meanX, meanY] = [x, y].map((values) => values.reduce((sum, value) => sum + value, 0) / n);
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [dx, dy] = [x[i] - meanX, y[i] - meanY];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  if (xx === 0 || yy === 0) return { value: null, n, reason: 'one side has the same value everywhere' };
  return { value: xy / Math.sqrt(xx * yy), n, reason: null };
}

/**
 * Area under the ROC curve: the chance that a positive scores above a negative, ties counting half. Null with a reason
 * when one class is empty.
 */
export function auc(positives: readonly number[], negatives: readonly number[]): Measured {
  const n = positives.length + negatives.length;
  if (positives.length === 0 || negatives.length === 0)
    return { value: null, n, reason: `${positives.length} positives and ${negatives.length} negatives` };
  const all = [
    ...positives.map((score) => ({ score, isPositive: true })),
    ...negatives.map((score) => ({ score, isPositive: false })),
  ].sort((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let start = 0; start < n; ) {
    let end = start;
    while (end < n && all[end].score === all[start].score) end++;
    for (let i = start; i < end; i++) if (all[i].isPositive) rankSum += (start + 1 + end) / 2;
    start = end;
  }
  const wins = rankSum - (positives.length * (positives.length + 1)) / 2;
  return { value: wins / (positives.length * negatives.length), n, reason: null };
}
