import { ConfigError, type RandomStream } from '../../core';
import { normalCdf } from './distributions';
import { doubledMidranks, pOfTails, type TrendDirection } from './ranks';

export interface JonckheereTerpstra {
  /** J: pairs from different groups that rise, ties counting half; and what no trend leads to expect. Null without pairs. */
  readonly statistic: number | null;
  readonly expected: number | null;
  /** (2J − pairs)/pairs, from −1 to 1: Somers' d of the value given the group. */
  readonly rising: number | null;
  readonly p: number | null;
  readonly how: 'exact' | 'permutation' | 'normal' | null;
  /** Values. */
  readonly n: number;
  readonly reason: string | null;
}

/** Up to so many untied values p is exact. */
const exactValues = 60;

/**
 * The Jonckheere–Terpstra test of a trend over ordered groups of independent values: J = Σ over groups g < h of
 * #(x_g < x_h) + ½·#(x_g = x_h). Without ties and up to 60 values p is exact: J is a sum of independent Mann–Whitney
 * counts of each group against all before it. With ties and a `random`, (1 + hits)/(1 + permutations) over groups
 * dealt anew; else normal with the variance for ties. For one sweep over the same topics the values are not
 * independent: `pageTrend`.
 * Null with a reason: fewer than 2 groups with values, or all values the same. Throws ConfigError for values that are not
 * finite. Source: Jonckheere 1954, Biometrika 41; Hollander and Wolfe 1999, section 6.2.
 */
export function jonckheereTerpstra(
  groups: readonly (readonly number[])[],
  {
    direction = 'either',
    random,
    permutations = 10_000,
  }: { direction?: TrendDirection; random?: RandomStream; permutations?: number } = {},
): JonckheereTerpstra {
  const values = groups.flat();
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined)
    throw new ConfigError(`jonckheereTerpstra: values must be finite, got ${bad}. Leave missing values out.`);
  const n = values.length;
  const sizes = groups.map((group) => group.length).filter((size) => size > 0);
  const none = { statistic: null, expected: null, rising: null, p: null, how: null, n };
  if (sizes.length < 2) return { ...none, reason: `${sizes.length} of the 2 groups with values that a trend needs` };
  const ranks = doubledMidranks(values);
  const pairs = (n * n - sizes.reduce((sum, size) => sum + size * size, 0)) / 2;
  const counted = doubledCount(ranks, sizes);
  const known = { statistic: counted / 2, expected: pairs / 2, rising: (counted - pairs) / pairs, n };
  if (ranks.every((rank) => rank === ranks[0]))
    return { ...known, p: null, how: null, reason: `all ${n} values are the same` };
  const ties = tieCounts(ranks);
  if (ties.length === 0 && n <= exactValues) {
    const chance = chances(sizes);
    let [atLeast, atMost] = [0, 0];
    for (let j = 0; j < chance.length; j++) {
      if (2 * j >= counted) atLeast += chance[j];
      if (2 * j <= counted) atMost += chance[j];
    }
    return { ...known, p: pOfTails(atLeast, atMost, direction), how: 'exact', reason: null };
  }
  if (ties.length > 0 && random) {
    const stream = random.fork('jonckheere permutation');
    const dealt = Int32Array.from(ranks);
    let [atLeast, atMost] = [0, 0];
    for (let b = 0; b < permutations; b++) {
      for (let i = n - 1; i > 0; i--) {
        const j = stream.below(i + 1);
        const held = dealt[i];
        dealt[i] = dealt[j];
        dealt[j] = held;
      }
      const count = doubledCount(dealt, sizes);
      if (count >= counted) atLeast++;
      if (count <= counted) atMost++;
    }
    const of = (hits: number) => (1 + hits) / (1 + permutations);
    return { ...known, p: pOfTails(of(atLeast), of(atMost), direction), how: 'permutation', reason: null };
  }
  const z = (counted - pairs) / 2 / Math.sqrt(tiedVariance(n, sizes, ties));
  return { ...known, p: pOfTails(normalCdf(-z), normalCdf(z), direction), how: 'normal', reason: null };
}

/** 2J of ranks that stand group after group. */
function doubledCount(ranks: Int32Array, sizes: readonly number[]): number {
  let count = 0;
  let start = 0;
  for (const size of sizes) {
    for (let i = start; i < start + size; i++)
      for (let before = 0; before < start; before++)
        count += ranks[before] < ranks[i] ? 2 : ranks[before] === ranks[i] ? 1 : 0;
    start += size;
  }
  return count;
}

function tieCounts(ranks: Int32Array): number[] {
  const counts = new Map<number, number>();
  for (const rank of ranks) counts.set(rank, (counts.get(rank) ?? 0) + 1);
  return [...counts.values()].filter((count) => count > 1);
}

function tiedVariance(n: number, sizes: readonly number[], ties: readonly number[]): number {
  const total = (counts: readonly number[], of: (count: number) => number) =>
    counts.reduce((sum, count) => sum + of(count), 0);
  const five = (count: number) => count * (count - 1) * (2 * count + 5);
  const three = (count: number) => count * (count - 1) * (count - 2);
  const two = (count: number) => count * (count - 1);
  return (
    (five(n) - total(sizes, five) - total(ties, five)) / 72 +
    (n > 2 ? (total(sizes, three) * total(ties, three)) / (36 * three(n)) : 0) +
    (total(sizes, two) * total(ties, two)) / (8 * two(n))
  );
}

/** P(J = j) without ties: each group's count against all values before it is independent of the earlier ones. */
function chances(sizes: readonly number[]): Float64Array {
  let all = Float64Array.of(1);
  let before = 0;
  for (const size of sizes) {
    const own = mannWhitney(before, size);
    const next = new Float64Array(all.length + own.length - 1);
    for (let i = 0; i < all.length; i++) for (let j = 0; j < own.length; j++) next[i + j] += all[i] * own[j];
    all = next;
    before += size;
  }
  return all;
}

/** P(U = u), u pairs that rise of m against n untied values: the largest value is one of m, or one of n and above all m. */
function mannWhitney(m: number, n: number): Float64Array {
  let rows = Array.from({ length: n + 1 }, () => Float64Array.of(1));
  for (let i = 1; i <= m; i++) {
    const next = [Float64Array.of(1)];
    for (let j = 1; j <= n; j++) {
      const own = new Float64Array(i * j + 1);
      for (let u = 0; u < rows[j].length; u++) own[u] += (i / (i + j)) * rows[j][u];
      for (let u = 0; u < next[j - 1].length; u++) own[u + i] += (j / (i + j)) * next[j - 1][u];
      next.push(own);
    }
    rows = next;
  }
  return rows[n];
}
