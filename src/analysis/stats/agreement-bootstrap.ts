import { ConfigError, DataError, type RandomStream } from '../../core';
import { bcaIntervalOf, percentileInterval } from './bootstrap';
import { normalCdf, studentQuantile } from './distributions';
import type { Estimate, IntervalMethod } from './estimate';

export interface AgreementOptions {
  /** The interval does not depend on how far the stream was read: a fork of it is used. */
  readonly random: RandomStream;
  /** Which items stay together when they are drawn, such as the topic of each; as many as items. Default: each item by itself. */
  readonly clusters?: readonly string[];
  /** Coverage aimed at. Default 0.95. */
  readonly level?: number;
  /**
   * Default expanded-bca: BCa at the level that makes up for few items, as the expanded percentile interval does. See
   * test/analysis/stats/agreement-coverage.slow.test.ts for what they cover.
   */
  readonly method?: 'expanded-bca' | 'bca' | 'percentile';
  /** Resamples. Default 4,000. */
  readonly resamples?: number;
  /** Fewer items (or clusters) than this get no interval. Default 8; never under 2. */
  readonly minItems?: number;
}

/** A measure of agreement. `n` counts what was drawn: items, or clusters of items. */
export interface AgreementEstimate extends Estimate {
  /** Items that entered. */
  readonly items: number;
  /** Items left out because a rating is missing. */
  readonly missing: number;
}

/** The items that enter, by cluster. */
export interface ItemClusters {
  /** The cluster of each item, as a number from 0. */
  readonly of: Int32Array;
  readonly count: number;
  readonly areGiven: boolean;
}

const kinds = { 'expanded-bca': 'expanded BCa', bca: 'BCa', percentile: 'percentile' } as const;

// More than this share of resamples without a value, and the interval would speak of other data.
const undefinedShare = 0.01;

/** The options with their defaults. Throws ConfigError, all faults in one message. */
export function agreementSettings(
  options: AgreementOptions,
  items: number,
  where: string,
): Required<Omit<AgreementOptions, 'clusters'>> & { readonly name: IntervalMethod } {
  const { random, clusters, level = 0.95, method = 'expanded-bca', resamples = 4000, minItems = 8 } = options;
  const problems = [
    !(level > 0 && level < 1) && `level must lie between 0 and 1, got ${level}`,
    !(Number.isInteger(resamples) && resamples >= 100) &&
      `resamples must be a whole number from 100 up, got ${resamples}`,
    !(Number.isInteger(minItems) && minItems >= 2) && `minItems must be a whole number from 2 up, got ${minItems}`,
    clusters !== undefined &&
      clusters.length !== items &&
      `clusters must name one cluster for each of ${items} items, got ${clusters.length}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new ConfigError(`${where}: ${problems.join('; ')}. Correct the options.`);
  const kind = kinds[method];
  const over = clusters === undefined ? 'items' : 'clusters of items';
  return { random, level, method, resamples, minItems, name: `${kind} bootstrap over ${over}` };
}

/** Numbers the clusters of the items at `kept` in order of their names, so that the order of items does not matter. */
export function clustersOf(clusters: readonly string[] | undefined, kept: readonly number[]): ItemClusters {
  if (clusters === undefined) return { of: Int32Array.from(kept, (_, at) => at), count: kept.length, areGiven: false };
  const names = [...new Set(kept.map((item) => clusters[item]))].sort();
  const place = new Map(names.map((name, at) => [name, at]));
  return { of: Int32Array.from(kept, (item) => place.get(clusters[item])!), count: names.length, areGiven: true };
}

/**
 * A statistic of items with a bootstrap interval that draws whole clusters: `statistic` gets how often each item
 * entered, and gives NaN where that has no value. Null with a reason for too few clusters, for a statistic that has no
 * value, or that is the same in all resamples. Source: Efron and Tibshirani 1993, chapters 8 and 14.
 */
export function bootstrapItems(
  statistic: (weights: Float64Array) => number,
  { of, count, areGiven }: ItemClusters,
  settings: ReturnType<typeof agreementSettings>,
  words: { readonly missing: number; readonly noValue: string },
): AgreementEstimate {
  const { random, level, method, resamples, minItems, name } = settings;
  const items = of.length;
  const known = { level, method: name, n: count, items, missing: words.missing };
  const none = { estimate: null, low: null, high: null };
  if (items === 0)
    return {
      ...none,
      ...known,
      reason: words.missing > 0 ? `all ${words.missing} items lack a rating` : 'there are no items',
    };
  const weights = new Float64Array(items).fill(1);
  const estimate = statistic(weights);
  if (!Number.isFinite(estimate)) return { ...none, ...known, reason: words.noValue };
  const bare = { ...known, estimate, low: null, high: null };
  const unit = areGiven ? 'clusters of items' : 'items';
  if (count < minItems) return { ...bare, reason: `${count} of the ${minItems} ${unit} that an interval needs` };
  const drawn = new Float64Array(count);
  const spread = () => {
    for (let i = 0; i < items; i++) weights[i] = drawn[of[i]];
  };
  const stream = random.fork('bootstrap over items');
  const values = new Float64Array(resamples);
  let finite = 0;
  for (let b = 0; b < resamples; b++) {
    drawn.fill(0);
    for (let i = 0; i < count; i++) drawn[Math.floor((stream.uint32() / 4294967296) * count)]++;
    spread();
    const value = statistic(weights);
    if (Number.isFinite(value)) values[finite++] = value;
  }
  if (finite < (1 - undefinedShare) * resamples) {
    const lost = ((100 * (resamples - finite)) / resamples).toFixed(0);
    return { ...bare, reason: `${lost}% of the resamples have no value: ${words.noValue}` };
  }
  const sorted = values.subarray(0, finite).sort();
  // Sums taken in another order differ in the last bits; such values count as equal.
  if (!(sorted[finite - 1] - sorted[0] > 1e-12 * Math.max(1, Math.abs(estimate))))
    return { ...bare, reason: `the value is the same in all resamples of ${count} ${unit}` };
  const withoutEach = () => {
    const left: number[] = [];
    for (let cluster = 0; cluster < count; cluster++) {
      drawn.fill(1);
      drawn[cluster] = 0;
      spread();
      const value = statistic(weights);
      if (Number.isFinite(value)) left.push(value);
    }
    return left;
  };
  const aimed = method === 'expanded-bca' ? expandedLevel(level, count) : level;
  const interval =
    (method === 'percentile' ? null : bcaIntervalOf(sorted, estimate, withoutEach(), aimed)) ??
    percentileInterval(sorted, aimed);
  if (!(interval.high > interval.low))
    return { ...bare, reason: `the resampled values of ${count} ${unit} do not spread around the estimate` };
  return { ...bare, ...interval, reason: null };
}

/** The level 1 − 2·Φ(√(n/(n − 1))·t) at which n units cover as Student's t does. Hesterberg 2015, section 5.3. */
function expandedLevel(level: number, n: number): number {
  return 1 - 2 * normalCdf(Math.sqrt(n / (n - 1)) * studentQuantile((1 - level) / 2, n - 1));
}

/** Items where both sides have a value; throws DataError unless both lists are equally long. */
export function pairsOf<T>(
  left: readonly (T | null)[],
  right: readonly (T | null)[],
  where: string,
): { readonly kept: number[]; readonly missing: number } {
  if (left.length !== right.length)
    throw new DataError(
      `${where}: both raters must have a rating or null for every item, got ${left.length} and ${right.length}. Write a missing rating as null.`,
    );
  const kept = left.flatMap((value, item) => (value === null || right[item] === null ? [] : [item]));
  return { kept, missing: left.length - kept.length };
}

/** Throws DataError for NaN and infinities: a missing rating is null. */
export function finiteRatings(values: readonly (number | null)[], where: string): void {
  const bad = values.findIndex((value) => value !== null && !Number.isFinite(value));
  if (bad >= 0)
    throw new DataError(
      `${where}: a rating must be a finite number or null, got ${values[bad]} (item ${bad}). Write a missing rating as null.`,
    );
}
