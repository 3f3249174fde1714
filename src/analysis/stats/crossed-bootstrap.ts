import { quantile } from './bootstrap';
import { type Estimate, missingEstimate } from './estimate';
import { completeTable, crossedCells, type SeedTopicValue } from './seeds';
import { type BootstrapOptions, bootstrapSettings } from './topic-mean';
import { medianOfSorted } from './topic-median';

const method = 'crossed percentile bootstrap over seeds and topics';

/**
 * Mean or median over topics of each topic's mean over seeds, with Owen's pigeonhole bootstrap: seeds and topics are
 * drawn anew, apart from each other, and a cell enters as often as its seed times its topic was drawn. Percentile ends.
 * It is for statistics that `seedsAndTopics` has no formula for, and for many seeds: with 3 seeds that differ as
 * topics do it covers 81% where the t interval of `seedsAndTopics` covers 93%, because 3 drawn seeds are often the
 * same one. Under 5 seeds (the default of `minSeeds`) there is no interval; from 5 to 20 seeds it covers 92 to 94% of
 * a mean, 94 to 97% of a median (test/analysis/stats/rank-estimates.slow.test.ts). Only topics with a value for every
 * seed enter. float64.
 * Null with a reason: too few seeds or topics, or resamples that do not spread.
 * Throws ConfigError for options out of range, DataError for NaN and infinities.
 * Source: Owen 2007, Annals of Applied Statistics 1, section 3.
 */
export function crossedBootstrap(
  rows: readonly SeedTopicValue[],
  options: Omit<BootstrapOptions, 'method'> & {
    readonly statistic?: 'mean' | 'median';
    readonly minSeeds?: number;
  },
): Estimate {
  const { statistic = 'mean', minSeeds = 5 } = options;
  const { random, level, resamples, minTopics } = bootstrapSettings(options, 'crossedBootstrap');
  const { seeds, topics, table } = completeTable(crossedCells(rows, 'crossedBootstrap'));
  const [S, T] = [seeds.length, topics.length];
  if (S === 0 || T === 0)
    return missingEstimate(
      method,
      level,
      0,
      S === 0 ? 'there are no values' : `no topic has a value for all ${S} seeds`,
    );
  const cells = Float64Array.from(table.flat());
  const values = new Float64Array(T);
  const statisticOf = () => {
    if (statistic === 'median') return medianOfSorted(values.sort());
    let sum = 0;
    for (let t = 0; t < T; t++) sum += values[t];
    return sum / T;
  };
  for (let t = 0; t < T; t++) {
    let sum = 0;
    for (let s = 0; s < S; s++) sum += cells[s * T + t];
    values[t] = sum / S;
  }
  const estimate = statisticOf();
  const bare = { estimate, low: null, high: null, level, method, n: T, seeds: S } as const;
  if (S < minSeeds) return { ...bare, reason: `${S} of the ${minSeeds} seeds that a bootstrap over seeds needs` };
  if (T < minTopics) return { ...bare, reason: `${T} of the ${minTopics} topics that an interval needs` };
  const stream = random.fork('crossed bootstrap');
  const below = (n: number) => Math.floor((stream.uint32() / 4294967296) * n);
  const draws = new Float64Array(resamples);
  const times = new Int32Array(S);
  for (let b = 0; b < resamples; b++) {
    times.fill(0);
    for (let s = 0; s < S; s++) times[below(S)]++;
    for (let i = 0; i < T; i++) {
      const t = below(T);
      let sum = 0;
      for (let s = 0; s < S; s++) sum += times[s] * cells[s * T + t];
      values[i] = sum / S;
    }
    draws[b] = statisticOf();
  }
  draws.sort();
  const [low, high] = [quantile(draws, (1 - level) / 2), quantile(draws, (1 + level) / 2)];
  if (!(high > low)) return { ...bare, reason: `the resampled values of ${S} seeds and ${T} topics do not spread` };
  return { ...bare, low, high, reason: null };
}
