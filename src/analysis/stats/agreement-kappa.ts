import { ConfigError, DataError } from '../../core';
import {
  type AgreementEstimate,
  type AgreementOptions,
  agreementSettings,
  bootstrapItems,
  clustersOf,
  pairsOf,
} from './agreement-bootstrap';

/** A category of a scale; numbers and words do as well. */
export type Category = string | number | boolean;

/** `none`: any two categories differ alike; `linear` and `quadratic`: by their distance on the scale, or its square. */
export type KappaWeights = 'none' | 'linear' | 'quadratic';

export interface TwoRaters<T extends Category> {
  /** The rating of each item by each rater; null where missing. */
  readonly left: readonly (T | null)[];
  readonly right: readonly (T | null)[];
  /** All categories of the scale, in order. */
  readonly categories: readonly T[];
}

/**
 * Cohen's weighted kappa: κ = 1 − Σ v·o / Σ v·e over cells (i, j), o the share of items there, e the product of the
 * shares of row and column, v = 1 for i ≠ j (none), |i − j| (linear) or (i − j)² (quadratic). 1 is full agreement, 0
 * what the raters' own shares give by chance. Items that lack a rating are left out and counted. Swapping the raters
 * changes nothing. Interval: bootstrap over items, or over clusters of them. float64.
 * Null with a reason: no item with both ratings, or both raters use one and the same category only.
 * Throws ConfigError for a scale of fewer than 2 or repeated categories and options out of range, DataError for ratings
 * off the scale and lists of unequal length.
 * Source: Cohen 1968, Psychological Bulletin 70; Fleiss and Cohen 1973 for quadratic weights.
 */
export function weightedKappa<T extends Category>(
  { left, right, categories }: TwoRaters<T>,
  options: AgreementOptions & { readonly weights: KappaWeights },
): AgreementEstimate {
  const where = 'weightedKappa';
  const settings = agreementSettings(options, left.length, where);
  const { kept, missing } = pairsOf(left, right, where);
  const [rows, columns] = [left, right].map((ratings) => places(ratings, kept, categories, where));
  const k = categories.length;
  const distance = Float64Array.from({ length: k * k }, (_, cell) =>
    weightOf(Math.floor(cell / k), cell % k, options.weights),
  );
  const table = new Float64Array(k * k);
  const [rowTotals, columnTotals] = [new Float64Array(k), new Float64Array(k)];
  const statistic = (weights: Float64Array): number => {
    for (const cells of [table, rowTotals, columnTotals]) cells.fill(0);
    let n = 0;
    for (let item = 0; item < kept.length; item++) {
      const weight = weights[item];
      table[rows[item] * k + columns[item]] += weight;
      rowTotals[rows[item]] += weight;
      columnTotals[columns[item]] += weight;
      n += weight;
    }
    let [observed, expected] = [0, 0];
    for (let i = 0; i < k; i++)
      for (let j = 0; j < k; j++) {
        observed += distance[i * k + j] * table[i * k + j];
        expected += distance[i * k + j] * rowTotals[i] * columnTotals[j];
      }
    return expected === 0 ? Number.NaN : 1 - (n * observed) / expected;
  };
  return bootstrapItems(statistic, clustersOf(options.clusters, kept), settings, {
    missing,
    noValue: 'both raters use one and the same category only',
  });
}

/** The place of each kept rating on the scale. Throws as `weightedKappa`. */
export function places<T extends Category>(
  ratings: readonly (T | null)[],
  kept: readonly number[],
  categories: readonly T[],
  where: string,
): Int32Array {
  if (categories.length < 2 || new Set(categories).size !== categories.length)
    throw new ConfigError(
      `${where}: categories must be at least 2, each once, got ${categories.join(', ') || 'none'}. Name the whole scale in order.`,
    );
  const place = new Map(categories.map((category, at) => [category, at]));
  const off = ratings.findIndex((rating) => rating !== null && !place.has(rating));
  if (off >= 0)
    throw new DataError(
      `${where}: a rating must be one of ${categories.join(', ')} or null, got ${ratings[off]} (item ${off}).`,
    );
  return Int32Array.from(kept, (item) => place.get(ratings[item]!)!);
}

function weightOf(i: number, j: number, weights: KappaWeights): number {
  if (weights === 'none') return i === j ? 0 : 1;
  return weights === 'linear' ? Math.abs(i - j) : (i - j) ** 2;
}
