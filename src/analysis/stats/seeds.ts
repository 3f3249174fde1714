import { ConfigError, DataError } from '../../core';
import { studentCdf, studentQuantile } from './distributions';
import { type Estimate, missingEstimate, type TopicValue } from './estimate';
import type { TopicMean } from './topic-mean';

/** One measured row of a model trained with a seed. A cell is a seed and a topic; several rows may share one. */
export interface SeedTopicValue extends TopicValue {
  readonly seed: number;
}

export interface CrossedOptions {
  /** Coverage aimed at. Default 0.95. */
  readonly level?: number;
  /** Fewer seeds than this get no interval. Default 3; never under 2, where t has one degree of freedom. */
  readonly minSeeds?: number;
  /** Fewer topics than this get no interval. Default 8; never under 2. */
  readonly minTopics?: number;
  /** Least and greatest value that the mean can have; the interval is cut there. Default none. */
  readonly range?: readonly [number, number];
}

/** n counts topics; `seeds` counts seeds. */
export interface CrossedMean extends Estimate {
  readonly seeds: number;
  /** Mean over topics of each seed's model, by seed: with few seeds the list says more than its interval. */
  readonly seedMeans: readonly { readonly seed: number; readonly value: number }[];
  /** Mean over seeds of each topic that entered, by topic id. */
  readonly topicMeans: readonly TopicMean[];
  /** Standard error of the estimate, and the degrees of freedom of its t; null without an interval. */
  readonly standardError: number | null;
  readonly degrees: number | null;
  /** Standard deviations between seeds, between topics, and of what is left; null without an interval. */
  readonly spread: { readonly seeds: number; readonly topics: number; readonly rest: number } | null;
  /** Topics that lack a value for some seed; they enter nothing. */
  readonly topicsLeftOut: number;
  /** Seeds without any value; they enter nothing. */
  readonly seedsLeftOut: readonly number[];
  /** Rows without a value. */
  readonly missing: number;
}

export interface CrossedDifference extends CrossedMean {
  /** Two-sided p of the t test that the difference is 0 over seeds and topics; null without an interval. */
  readonly p: number | null;
  /** Cells on one side only; they enter nothing. */
  readonly onlyLeft: number;
  readonly onlyRight: number;
}

const method = 't over seeds and topics';

/**
 * The mean over seeds and topics, with an interval for further seeds and further topics: mean ± t·√((A + B)/(S·T)),
 * A = T·Σ(seed mean − mean)²/(S − 1), B = S·Σ(topic mean − mean)²/(T − 1), t of Satterthwaite's
 * (A + B)²/(A²/(S − 1) + B²/(T − 1)) degrees. For y = μ + seed + topic + rest, (A + B)/(S·T) estimates the variance of
 * the mean plus one share of the rest too much; taking that off (A + B − C) gains nothing at few seeds, where its degrees
 * are fewer. By simulation (test/analysis/stats/crossed.slow.test.ts) it covers 93 to 97% at 3 seeds for normal values
 * and 88 to 94% for shares skewed to 0; where 3 seeds differ as topics do, Owen's crossed percentile bootstrap covers 81%
 * and topics alone 55%. No method covers when 3 seeds happen to agree and others would not.
 * Each cell counts once; only topics with a value for every seed enter. float64.
 * Null with a reason: too few seeds or topics, or all cells alike.
 * Throws ConfigError for options out of range, DataError for NaN and infinities.
 * Source: Satterthwaite 1946, Biometrics Bulletin 2; Owen 2007, Annals of Applied Statistics 1, sections 3 and 4.
 */
export function seedsAndTopics(rows: readonly SeedTopicValue[], options: CrossedOptions = {}): CrossedMean {
  return crossedMean(crossedCells(rows, 'seedsAndTopics'), options, 'seedsAndTopics');
}

/**
 * The mean of left − right over the cells that both have, with an interval for further seeds and topics as
 * `seedsAndTopics` on the differences: what a seed or a topic does to both sides drops out. Swapping the sides negates
 * estimate and interval. Give a seed the same number on both sides where the trainings share it (start, data order).
 * `range` is that of the difference. Throws as `seedsAndTopics`.
 */
export function seedsAndTopicsDifference(
  left: readonly SeedTopicValue[],
  right: readonly SeedTopicValue[],
  options: CrossedOptions = {},
): CrossedDifference {
  const where = 'seedsAndTopicsDifference';
  const [a, b] = [crossedCells(left, where), crossedCells(right, where)];
  const values = new Map<string, Cell>();
  for (const [key, cell] of a.values) {
    const other = b.values.get(key);
    if (other) values.set(key, { ...cell, value: cell.value - other.value });
  }
  const seeds = [...new Set([...a.seeds, ...b.seeds])];
  const mean = crossedMean({ values, seeds, missing: a.missing + b.missing }, options, where);
  const onlyLeft = a.values.size - values.size;
  const onlyRight = b.values.size - values.size;
  return { ...mean, p: pOfZero(mean), onlyLeft, onlyRight };
}

/** Two-sided p of the t test that the mean is 0; null where it has no interval. */
export function pOfZero({ estimate, standardError, degrees }: CrossedMean): number | null {
  if (estimate === null || standardError === null || degrees === null) return null;
  return 2 * studentCdf(-Math.abs(estimate) / standardError, degrees);
}

interface Cell extends SeedTopicValue {
  readonly value: number;
}

/** One value per seed and topic, the seeds that were named, and rows without a value. */
export interface CrossedCells {
  readonly values: ReadonlyMap<string, Cell>;
  readonly seeds: readonly number[];
  readonly missing: number;
}

export function crossedCells(rows: readonly SeedTopicValue[], where: string): CrossedCells {
  const sums = new Map<string, { seed: number; topicId: string; sum: number; count: number }>();
  let missing = 0;
  for (const { seed, topicId, value } of rows) {
    if (value === null) {
      missing++;
      continue;
    }
    if (!Number.isFinite(value))
      throw new DataError(
        `${where}: a value must be a finite number or null, got ${value} (seed ${seed}, topic ${topicId}). Write a missing value as null.`,
      );
    const key = `${seed}/${topicId}`;
    const entry = sums.get(key);
    if (entry) {
      entry.sum += value;
      entry.count++;
    } else sums.set(key, { seed, topicId, sum: value, count: 1 });
  }
  const values = new Map(
    [...sums].map(([key, { seed, topicId, sum, count }]) => [key, { seed, topicId, value: sum / count }]),
  );
  return { values, seeds: [...new Set(rows.map(({ seed }) => seed))], missing };
}

function crossedMean(cells: CrossedCells, options: CrossedOptions, where: string): CrossedMean {
  const { level = 0.95, minSeeds = 3, minTopics = 8, range } = options;
  const problems = [
    !(level > 0 && level < 1) && `level must lie between 0 and 1, got ${level}`,
    !(Number.isInteger(minSeeds) && minSeeds >= 2) && `minSeeds must be a whole number from 2 up, got ${minSeeds}`,
    !(Number.isInteger(minTopics) && minTopics >= 2) && `minTopics must be a whole number from 2 up, got ${minTopics}`,
    range !== undefined && !(range[0] < range[1]) && `range must go from low to high, got ${range.join(' to ')}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new ConfigError(`${where}: ${problems.join('; ')}. Correct the options.`);
  const { missing } = cells;
  const { seeds, topics, table, topicsLeftOut } = completeTable(cells);
  const [S, T] = [seeds.length, topics.length];
  const seedMeans = T === 0 ? [] : table.map((row, at) => ({ seed: seeds[at], value: meanOf(row) }));
  const known = {
    seeds: S,
    seedMeans,
    topicMeans: topics.map((topicId, at) => ({ topicId, value: meanOf(table.map((row) => row[at])) })),
    topicsLeftOut,
    seedsLeftOut: cells.seeds.filter((seed) => !seeds.includes(seed)).sort((a, b) => a - b),
    missing,
  };
  const none = { standardError: null, degrees: null, spread: null };
  if (T === 0) {
    const reason =
      cells.values.size === 0
        ? missing > 0
          ? `all ${missing} values are missing`
          : 'there are no rows'
        : `no topic has a value for all ${S} seeds`;
    return { ...missingEstimate(method, level, 0, reason), ...known, ...none };
  }
  const estimate = meanOf(seedMeans.map(({ value }) => value));
  const bare = { estimate, low: null, high: null, level, method, n: T, ...known, ...none } as const;
  if (S < minSeeds) return { ...bare, reason: `${S} of the ${minSeeds} seeds that an interval over seeds needs` };
  if (T < minTopics) return { ...bare, reason: `${T} of the ${minTopics} topics that an interval needs` };
  const { A, B, C } = meanSquares(table, estimate);
  // Cells that are alike leave only the rounding of their means.
  const size = Math.max(...table.flat().map((value) => Math.abs(value)));
  if (!(A + B > (1e-12 * size) ** 2))
    return { ...bare, reason: `all ${S} seeds and ${T} topics have the same mean, up to rounding` };
  const { standardError, degrees } = crossedError(A, B, S, T);
  const half = studentQuantile((1 + level) / 2, degrees) * standardError;
  const [least, most] = range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return {
    ...bare,
    low: Math.max(least, estimate - half),
    high: Math.min(most, estimate + half),
    standardError,
    degrees,
    spread: {
      seeds: Math.sqrt(Math.max(0, (A - C) / T)),
      topics: Math.sqrt(Math.max(0, (B - C) / S)),
      rest: Math.sqrt(C),
    },
    reason: null,
  };
}

/** Standard error of the mean over S seeds and T topics, and its degrees of freedom, from their mean squares A and B. */
export function crossedError(A: number, B: number, S: number, T: number): { standardError: number; degrees: number } {
  return {
    standardError: Math.sqrt((A + B) / (S * T)),
    degrees: (A + B) ** 2 / (A ** 2 / (S - 1) + B ** 2 / (T - 1)),
  };
}

/** Values [S][T] of the topics that every seed has, both in ascending order, so that the order of rows does not matter. */
export function completeTable({ values }: CrossedCells): {
  seeds: number[];
  topics: string[];
  table: number[][];
  topicsLeftOut: number;
} {
  const cells = [...values.values()];
  const seeds = [...new Set(cells.map(({ seed }) => seed))].sort((a, b) => a - b);
  const all = [...new Set(cells.map(({ topicId }) => topicId))].sort();
  const topics = all.filter((topicId) => seeds.every((seed) => values.has(`${seed}/${topicId}`)));
  const table = seeds.map((seed) => topics.map((topicId) => values.get(`${seed}/${topicId}`)!.value));
  return { seeds, topics, table, topicsLeftOut: all.length - topics.length };
}

/** Mean squares of the two-way analysis of variance, one value a cell: A seeds, B topics, C what is left. */
function meanSquares(table: readonly (readonly number[])[], mean: number): { A: number; B: number; C: number } {
  const [S, T] = [table.length, table[0].length];
  const seedMeans = table.map(meanOf);
  const topicMeans = table[0].map((_, t) => meanOf(table.map((row) => row[t])));
  let rest = 0;
  for (let s = 0; s < S; s++)
    for (let t = 0; t < T; t++) rest += (table[s][t] - seedMeans[s] - topicMeans[t] + mean) ** 2;
  return {
    A: (T * sumOfSquares(seedMeans, mean)) / (S - 1),
    B: (S * sumOfSquares(topicMeans, mean)) / (T - 1),
    C: rest / ((S - 1) * (T - 1)),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sumOfSquares(values: readonly number[], centre: number): number {
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
}
