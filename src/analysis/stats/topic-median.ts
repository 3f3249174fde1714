import type { RandomStream } from '../../core';
import { bcaIntervalOf, expandedPercentileInterval, percentileInterval } from './bootstrap';
import { type Estimate, missingEstimate, type TopicValue } from './estimate';
import { pairByTopic } from './paired';
import { type BootstrapOptions, bootstrapSettings, type TopicEstimate, topicMeans } from './topic-mean';

/**
 * The median over topics of each topic's mean, with a bootstrap interval that resamples topics. BCa takes its
 * acceleration from the jackknife, which for a median is close to 0. By simulation
 * (test/analysis/stats/rank-estimates.slow.test.ts) 95% intervals at 20 topics cover 95.6 to 95.9% expanded, 93.8 to
 * 94.2% percentile and 92.6 to 94.0% BCa; of whole scores, whose medians take few values, 97 to 98%.
 * Even numbers of topics: the mean of the middle two. The order of rows does not matter. float64.
 * No interval (null, with the reason) for fewer than `minTopics` topics or when the resampled medians are all the same.
 * Throws ConfigError for options out of range, DataError for NaN and infinities.
 * Source: Efron 1987, JASA 82; Efron and Tibshirani 1993, chapters 13 and 14.
 */
export function medianOverTopics(rows: readonly TopicValue[], options: BootstrapOptions): TopicEstimate {
  const { topics, missing } = topicMeans(rows, 'medianOverTopics');
  const values = topics.map(({ value }) => value);
  return { ...medianWithInterval(values, options, 'medianOverTopics', missing), missing };
}

/**
 * The median of left − right over the topics that both have, as `medianOverTopics`. It is the median difference, not the
 * difference of medians. Swapping the sides negates estimate and interval, up to resampling for BCa.
 */
export function pairedMedianDifference(
  left: readonly TopicValue[],
  right: readonly TopicValue[],
  options: BootstrapOptions,
): Estimate {
  const differences = pairByTopic(left, right).pairs.map(({ difference }) => difference);
  return medianWithInterval(differences, options, 'pairedMedianDifference', 0);
}

function medianWithInterval(
  values: readonly number[],
  options: BootstrapOptions,
  where: string,
  missing: number,
): Estimate {
  const { random, level, method, resamples, minTopics, name } = bootstrapSettings(options, where);
  const n = values.length;
  if (n === 0)
    return missingEstimate(name, level, 0, missing > 0 ? `all ${missing} values are missing` : 'there are no rows');
  const sorted = Float64Array.from(values).sort();
  const estimate = medianOfSorted(sorted);
  const bare = { estimate, low: null, high: null, level, method: name, n };
  if (n < minTopics) return { ...bare, reason: `${n} of the ${minTopics} topics that an interval needs` };
  const medians = bootstrapMedians(sorted, resamples, random.fork('bootstrap over topics'));
  const interval =
    method === 'percentile'
      ? percentileInterval(medians, level)
      : method === 'bca'
        ? bcaIntervalOf(medians, estimate, mediansWithoutEach(sorted), level)
        : expandedPercentileInterval(medians, level, n);
  if (interval === null || !(interval.high > interval.low))
    return { ...bare, reason: `the resampled medians of ${n} topics do not spread around the median` };
  return { ...bare, ...interval, reason: null };
}

/** The middle value, or the mean of the middle two, of values in ascending order. */
export function medianOfSorted(sorted: ArrayLike<number>): number {
  const n = sorted.length;
  return (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2;
}

/** `count` medians of resamples of ascending values, ascending: drawn places are counted, so that none is sorted. */
export function bootstrapMedians(sorted: ArrayLike<number>, count: number, random: RandomStream): Float64Array {
  const n = sorted.length;
  const medians = new Float64Array(count);
  const drawn = new Int32Array(n);
  for (let b = 0; b < count; b++) {
    drawn.fill(0);
    for (let i = 0; i < n; i++) drawn[Math.floor((random.uint32() / 4294967296) * n)]++;
    let at = 0;
    let seen = drawn[0];
    while (seen <= (n - 1) >> 1) seen += drawn[++at];
    const lower = sorted[at];
    while (seen <= n >> 1) seen += drawn[++at];
    medians[b] = (lower + sorted[at]) / 2;
  }
  return medians.sort();
}

function mediansWithoutEach(sorted: ArrayLike<number>): number[] {
  return Array.from(sorted, (_, out) => {
    const rest = Array.from(sorted).filter((__, at) => at !== out);
    return medianOfSorted(rest);
  });
}
