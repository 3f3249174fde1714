import { normalCdf } from './distributions';
import { type LabelTopicValue, labelTable } from './label-table';
import { doubledMidranks, pOfTails, type TrendDirection } from './ranks';

export interface PageTrend {
  /** L = Σ over topics and labels of place × rank, and what no trend leads to expect. Null without data. */
  readonly statistic: number | null;
  readonly expected: number | null;
  /** Mean over topics of the rank correlation of value and label, −1 to 1 (Page's average r, without ties Spearman's). */
  readonly meanCorrelation: number | null;
  readonly p: number | null;
  readonly isExact: boolean;
  /** Topics and labels. */
  readonly n: number;
  readonly labels: number;
  readonly topicsLeftOut: number;
  readonly missing: number;
  readonly reason: string | null;
}

/** Up to so many labels a topic's orders are counted, and so many steps are spent on adding topics up. */
const exactLabels = 10;
const exactSteps = 5e7;

/**
 * Page's test of a trend over ordered labels within topics: each topic's values are ranked over the k labels
 * (mid-ranks for ties), L = Σⱼ j·Σᵢ Rᵢⱼ. p counts the orders of each topic's own ranks, exactly, ties and all, by
 * subsets of ranks and a convolution over topics; where that takes over 5·10⁷ steps or k > 10, z = (L − n·k(k +
 * 1)²/4)/√V with V = Σᵢ Σⱼ(j − j̄)²·Σⱼ(Rᵢⱼ − R̄)²/(k − 1). What a topic does to all its labels drops out. Only the
 * order of labels counts, not how far apart they stand. Seeds of a topic are averaged, so p speaks of these trained
 * models. Without a trend a topic's labels must be exchangeable: where topics lean up and down by themselves, so that
 * only their mean is flat, it rejects 8 to 9% at level 5% (test/analysis/stats/dose.slow.test.ts), and
 * `withinTopicSlope` is the test.
 * Null with a reason: fewer than 2 labels, no topic with all of them, or every topic flat. Throws as `labelTable`.
 * Source: Page 1963, JASA 58; Hollander and Wolfe 1999, section 7.2.
 */
export function pageTrend(
  rows: readonly LabelTopicValue[],
  { direction = 'either' }: { direction?: TrendDirection } = {},
): PageTrend {
  const { percents, values, topicsLeftOut, missing } = labelTable(rows, 'pageTrend');
  const [n, k] = [values.length, percents.length];
  const bare = { n, labels: k, topicsLeftOut, missing, isExact: false };
  const none = { statistic: null, expected: null, meanCorrelation: null, p: null };
  if (n === 0) return { ...bare, ...none, reason: 'no topic has a value under every label' };
  if (k < 2) return { ...bare, ...none, reason: `${k} of the 2 labels that a trend needs` };
  const ranks = values.map((row) => doubledMidranks(row));
  const unit = ranks.some((row) => row.some((rank) => rank % 2 === 1)) ? 1 : 2;
  const whole = ranks.map((row) => Array.from(row, (rank) => rank / unit));
  const sum = whole.reduce((all, row) => all + row.reduce((own, rank, at) => own + (at + 1) * rank, 0), 0);
  const scale = unit / 2;
  const expected = (n * k * (k + 1) ** 2) / 4;
  const places = (k * (k * k - 1)) / 12;
  const known = {
    statistic: sum * scale,
    expected,
    meanCorrelation: (sum * scale - expected) / (n * places),
  };
  const variance = ranks.reduce((all, row) => {
    const squares = row.reduce((own, rank) => own + (rank / 2 - (k + 1) / 2) ** 2, 0);
    return all + (places * squares) / (k - 1);
  }, 0);
  if (variance === 0) return { ...bare, ...known, p: null, reason: `all ${n} topics have one value under all labels` };
  const width = (2 * places) / scale + 1;
  const isExact = k <= exactLabels && (n * width) ** 2 / 2 <= exactSteps;
  if (!isExact) {
    const z = (sum * scale - expected) / Math.sqrt(variance);
    return { ...bare, ...known, p: pOfTails(normalCdf(-z), normalCdf(z), direction), reason: null };
  }
  const { chance, from } = sumOfTopics(whole);
  let [atLeast, atMost] = [0, 0];
  for (let at = 0; at < chance.length; at++) {
    if (from + at >= sum) atLeast += chance[at];
    if (from + at <= sum) atMost += chance[at];
  }
  return { ...bare, ...known, isExact, p: pOfTails(atLeast, atMost, direction), reason: null };
}

/** Chances of whole sums, the first of them `from`. */
interface SumChances {
  readonly chance: Float64Array;
  readonly from: number;
}

function sumOfTopics(ranks: readonly (readonly number[])[]): SumChances {
  const known = new Map<string, SumChances>();
  let all: SumChances = { chance: Float64Array.of(1), from: 0 };
  for (const row of ranks) {
    const sorted = [...row].sort((a, b) => a - b);
    const key = sorted.join(' ');
    const own = known.get(key) ?? sumOfOrders(sorted);
    known.set(key, own);
    all = convolved(all, own);
  }
  return all;
}

/** Σ place × rank over all orders of the ranks, by which ranks the first places took. */
function sumOfOrders(ranks: readonly number[]): SumChances {
  const k = ranks.length;
  const most = ranks.reduce((sum, rank, at) => sum + (at + 1) * rank, 0);
  const least = ranks.reduce((sum, rank, at) => sum + (k - at) * rank, 0);
  const byTaken: Float64Array[] = Array.from({ length: 2 ** k }, () => new Float64Array(0));
  byTaken[0] = new Float64Array(most + 1);
  byTaken[0][0] = 1;
  for (let taken = 0; taken < 2 ** k - 1; taken++) {
    const from = byTaken[taken];
    if (from.length === 0) continue;
    const place = bits(taken) + 1;
    for (let next = 0; next < k; next++) {
      if (taken & (1 << next)) continue;
      const to = taken | (1 << next);
      if (byTaken[to].length === 0) byTaken[to] = new Float64Array(most + 1);
      const step = place * ranks[next];
      const share = 1 / (k - place + 1);
      for (let sum = 0; sum + step <= most; sum++) byTaken[to][sum + step] += share * from[sum];
    }
    byTaken[taken] = new Float64Array(0);
  }
  return { chance: byTaken[2 ** k - 1].slice(least), from: least };
}

function bits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest > 0; rest &= rest - 1) count++;
  return count;
}

function convolved(a: SumChances, b: SumChances): SumChances {
  const chance = new Float64Array(a.chance.length + b.chance.length - 1);
  for (let i = 0; i < a.chance.length; i++)
    for (let j = 0; j < b.chance.length; j++) chance[i + j] += a.chance[i] * b.chance[j];
  return { chance, from: a.from + b.from };
}
