import { ConfigError, DataError, type RandomStream } from '../../core';
import { bcaInterval, bootstrapMeans, expandedPercentileInterval, percentileInterval } from './bootstrap';
import { type Estimate, type IntervalMethod, missingEstimate, type TopicValue } from './estimate';

export interface BootstrapOptions {
  /** The interval does not depend on how far the stream was read: a fork of it is used. */
  readonly random: RandomStream;
  /** Coverage aimed at. Default 0.95. */
  readonly level?: number;
  /** Default expanded-percentile; see `bootstrap.ts` for the three, and test/analysis/stats for what each covers. */
  readonly method?: 'expanded-percentile' | 'percentile' | 'bca';
  /** Resamples. Default 10,000; Monte-Carlo error of an end is then about 1% of the interval's width. */
  readonly resamples?: number;
  /** Fewer topics than this get no interval. Default 8; never under 2. */
  readonly minTopics?: number;
}

export interface TopicEstimate extends Estimate {
  /** Rows without a value, left out. */
  readonly missing: number;
}

/** The mean of one topic's rows. */
export interface TopicMean {
  readonly topicId: string;
  readonly value: number;
}

const names: Readonly<Record<NonNullable<BootstrapOptions['method']>, IntervalMethod>> = {
  'expanded-percentile': 'expanded percentile bootstrap over topics',
  percentile: 'percentile bootstrap over topics',
  bca: 'BCa bootstrap over topics',
};

/**
 * One mean per topic over its rows that have a value, sorted by topic id; rows without one are counted.
 * Throws DataError for NaN and infinities: a missing value is null.
 */
export function topicMeans(
  rows: readonly TopicValue[],
  where = 'topicMeans',
): { topics: TopicMean[]; missing: number } {
  const sums = new Map<string, { sum: number; count: number }>();
  let missing = 0;
  for (const { topicId, value } of rows) {
    if (value === null) {
      missing++;
      continue;
    }
    if (!Number.isFinite(value))
      throw new DataError(
        `${where}: a value must be a finite number or null, got ${value} (topic ${topicId}). Write a missing value as null.`,
      );
    const entry = sums.get(topicId);
    if (entry) {
      entry.sum += value;
      entry.count++;
    } else sums.set(topicId, { sum: value, count: 1 });
  }
  const topics = [...sums]
    .map(([topicId, { sum, count }]) => ({ topicId, value: sum / count }))
    .sort((a, b) => (a.topicId < b.topicId ? -1 : 1));
  return { topics, missing };
}

/**
 * The mean over topics, each topic counting once however many rows it has, with a bootstrap interval that resamples
 * topics and so holds the variation within a topic too. The order of rows does not matter. float64.
 * No interval (null, with the reason) for fewer than `minTopics` topics or when all topics agree.
 * Throws ConfigError for options out of range, DataError for NaN and infinities.
 */
export function meanOverTopics(rows: readonly TopicValue[], options: BootstrapOptions): TopicEstimate {
  const { topics, missing } = topicMeans(rows, 'meanOverTopics');
  return { ...meanWithInterval(topics, options, 'meanOverTopics', missing), missing };
}

/** The options with their defaults, and the interval's name. Throws ConfigError, all faults in one message. */
export function bootstrapSettings(
  options: BootstrapOptions,
  where: string,
): Required<BootstrapOptions> & { readonly name: IntervalMethod } {
  const { random, level = 0.95, method = 'expanded-percentile', resamples = 10_000, minTopics = 8 } = options;
  const problems = [
    !(level > 0 && level < 1) && `level must lie between 0 and 1, got ${level}`,
    !(Number.isInteger(resamples) && resamples >= 100) &&
      `resamples must be a whole number from 100 up, got ${resamples}`,
    !(Number.isInteger(minTopics) && minTopics >= 2) && `minTopics must be a whole number from 2 up, got ${minTopics}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new ConfigError(`${where}: ${problems.join('; ')}. Correct the options.`);
  return { random, level, method, resamples, minTopics, name: names[method] };
}

/** The mean of one value per topic with its bootstrap interval; `missing` only words the reason. */
export function meanWithInterval(
  topics: readonly TopicMean[],
  options: BootstrapOptions,
  where: string,
  missing: number,
): Estimate {
  const { random, level, method, resamples, minTopics, name } = bootstrapSettings(options, where);
  const n = topics.length;
  if (n === 0)
    return missingEstimate(name, level, 0, missing > 0 ? `all ${missing} values are missing` : 'there are no rows');
  const values = topics.map(({ value }) => value);
  const estimate = values.reduce((sum, value) => sum + value, 0) / n;
  const bare = { estimate, low: null, high: null, level, method: name, n };
  if (n < minTopics) return { ...bare, reason: `${n} of the ${minTopics} topics that an interval needs` };
  if (values.every((value) => value === values[0])) return { ...bare, reason: `all ${n} topics have the same value` };
  const means = bootstrapMeans(values, resamples, random.fork('bootstrap over topics'));
  const interval =
    method === 'percentile'
      ? percentileInterval(means, level)
      : method === 'bca'
        ? bcaInterval(means, values, level)
        : expandedPercentileInterval(means, level, n);
  if (interval === null || !(interval.high > interval.low))
    return { ...bare, reason: `the resampled means of ${n} topics do not spread around their mean` };
  return { ...bare, ...interval, reason: null };
}
