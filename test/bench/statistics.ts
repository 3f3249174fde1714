/** The middle of a list; of an even number, the mean of the two in the middle. Throws RangeError for none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('median: at least one value is needed, got none. Measure something.');
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** A measured rate: the median over rounds with the slowest and the fastest of them. */
export interface Measured {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function measured(values: readonly number[]): Measured {
  return {
    median: median(values),
    low: Math.min(...values),
    high: Math.max(...values),
  };
}

/** The largest |a - b| of two lists of one length, in units of |b|; infinite where a length differs or a value is not finite. */
export function largestRelativeDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]) / Math.max(Math.abs(b[i]), 1e-12);
    if (!Number.isFinite(difference)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, difference);
  }
  return largest;
}

/** The share of places at which two lists of token rows agree. */
export function shareEqual(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  let same = 0;
  let all = 0;
  for (let row = 0; row < Math.max(a.length, b.length); row++) {
    const [left, right] = [a[row] ?? [], b[row] ?? []];
    const length = Math.max(left.length, right.length);
    all += length;
    for (let i = 0; i < length; i++) if (left[i] === right[i]) same++;
  }
  return all === 0 ? 0 : same / all;
}
