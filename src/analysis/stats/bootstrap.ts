import type { RandomStream } from '../../core';
import { normalCdf, normalQuantile, studentQuantile } from './distributions';

/** `count` means of resamples of `values` (drawn with replacement, as many as there are), sorted. */
export function bootstrapMeans(values: readonly number[], count: number, random: RandomStream): Float64Array {
  const n = values.length;
  const data = Float64Array.from(values);
  const means = new Float64Array(count);
  for (let b = 0; b < count; b++) {
    let sum = 0;
    // Scaling instead of rejection: a draw's bias is below n / 2^32, and the loop takes half the time.
    for (let i = 0; i < n; i++) sum += data[Math.floor((random.uint32() / 4294967296) * n)];
    means[b] = sum / n;
  }
  return means.sort();
}

/** The quantile of sorted values between order statistics, position (N − 1)·p (Hyndman and Fan 1996, type 7). */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  const at = (sorted.length - 1) * Math.min(1, Math.max(0, p));
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The percentile interval: the α/2 and 1 − α/2 quantiles of the resampled statistic. Efron 1979. */
export function percentileInterval(sorted: ArrayLike<number>, level: number): Interval {
  const tail = (1 - level) / 2;
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/**
 * The expanded percentile interval: quantiles at Φ(±√(n/(n−1))·t) with Student's t on n − 1 degrees, which takes away
 * the percentile interval's narrowness at small n. Source: Hesterberg 2015, The American Statistician 69(4), section 5.3.
 */
export function expandedPercentileInterval(sorted: ArrayLike<number>, level: number, n: number): Interval {
  const tail = normalCdf(Math.sqrt(n / (n - 1)) * studentQuantile((1 - level) / 2, n - 1));
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/**
 * The bias-corrected and accelerated interval of a statistic: quantiles at Φ(z0 + (z0 + z)/(1 − a·(z0 + z))),
 * z = ±z_{α/2}. z0 is the normal quantile of the share of resampled statistics below the estimate (those within `slack`
 * of it count half). Null when every resample lies on one side. Source: Efron 1987, JASA 82, sections 2 and 6.
 */
function acceleratedInterval(
  sorted: ArrayLike<number>,
  estimate: number,
  acceleration: number,
  level: number,
  slack: number,
): Interval | null {
  let [below, equal] = [0, 0];
  for (let b = 0; b < sorted.length; b++) {
    if (sorted[b] < estimate - slack) below++;
    else if (sorted[b] <= estimate + slack) equal++;
  }
  const share = (below + equal / 2) / sorted.length;
  if (share <= 0 || share >= 1) return null;
  const bias = normalQuantile(share);
  const tail = normalQuantile((1 - level) / 2);
  const [low, high] = [tail, -tail].map((z) => {
    const shifted = bias + z;
    return quantile(sorted, normalCdf(bias + shifted / (1 - acceleration * shifted)));
  });
  return { low, high };
}

/** The BCa interval of a mean, whose jackknife acceleration is a = Σ(v − v̄)³ / (6·(Σ(v − v̄)²)^1.5). */
export function bcaInterval(sorted: ArrayLike<number>, values: readonly number[], level: number): Interval | null {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  // Sums taken in another order differ in the last bits; such means count as equal.
  const slack = 1e-12 * Math.max(...values.map((value) => Math.abs(value)));
  return acceleratedInterval(sorted, mean, acceleration(values.map((value) => value - mean)), level, slack);
}

/**
 * The BCa interval of any statistic, from its value without each unit in turn: a = Σd³ / (6·(Σd²)^1.5), d the mean of
 * those values minus each. Efron 1987, section 6, with the jackknife for the influence function.
 */
export function bcaIntervalOf(
  sorted: ArrayLike<number>,
  estimate: number,
  withoutEach: readonly number[],
  level: number,
): Interval | null {
  const centre = withoutEach.reduce((sum, value) => sum + value, 0) / withoutEach.length;
  const slack = 1e-12 * Math.max(Math.abs(estimate), ...withoutEach.map((value) => Math.abs(value)));
  return acceleratedInterval(sorted, estimate, acceleration(withoutEach.map((value) => centre - value)), level, slack);
}

function acceleration(deviations: readonly number[]): number {
  let [square, cube] = [0, 0];
  for (const deviation of deviations) {
    square += deviation ** 2;
    cube += deviation ** 3;
  }
  // A median that no unit moves has no skewness to correct for.
  return square === 0 ? 0 : cube / (6 * square ** 1.5);
}
