import { pairsOf } from './agreement-bootstrap';
import { type Category, places, type TwoRaters } from './agreement-kappa';
import type { Estimate } from './estimate';
import { wilsonProportion } from './proportion';

/** Which categories two raters gave to the same items. */
export interface ConfusionTable<T extends Category> {
  readonly categories: readonly T[];
  /** [left][right] in the order of `categories`. */
  readonly counts: readonly (readonly number[])[];
  readonly leftTotals: readonly number[];
  readonly rightTotals: readonly number[];
  /** Items with both ratings. */
  readonly n: number;
  /** Items that only the left or only the right rater rated, and that neither did. */
  readonly onlyLeft: number;
  readonly onlyRight: number;
  readonly neither: number;
  /** Share of the items in a category of the left rater that the right one puts in each category, [left][right]. */
  readonly rightPerLeft: readonly (readonly Estimate[])[];
  /** Share of the items in a category of the right rater that the left one puts in each category, [left][right]. */
  readonly leftPerRight: readonly (readonly Estimate[])[];
  /** Share of the items that both put in one category. */
  readonly agreementPerItem: Estimate;
}

/**
 * The table of two raters' categories, with totals and shares of rows, of columns and of agreement in Wilson intervals,
 * which take items as independent: for items that share a topic they are a little narrow. Items that lack a rating are
 * counted, never spread over the cells. Swapping the raters transposes the table. Throws as `weightedKappa`.
 */
export function confusionTable<T extends Category>(
  { left, right, categories }: TwoRaters<T>,
  { level = 0.95 }: { readonly level?: number } = {},
): ConfusionTable<T> {
  const where = 'confusionTable';
  const { kept } = pairsOf(left, right, where);
  const [rows, columns] = [left, right].map((ratings) => places(ratings, kept, categories, where));
  const counts = categories.map(() => categories.map(() => 0));
  for (let item = 0; item < kept.length; item++) counts[rows[item]][columns[item]]++;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const leftTotals = counts.map(sum);
  const rightTotals = categories.map((_, j) => sum(counts.map((row) => row[j])));
  const n = kept.length;
  const absent = (own: readonly unknown[], other: readonly unknown[]) =>
    own.filter((value, item) => value !== null && other[item] === null).length;
  const [onlyLeft, onlyRight] = [absent(left, right), absent(right, left)];
  return {
    categories,
    counts,
    leftTotals,
    rightTotals,
    n,
    onlyLeft,
    onlyRight,
    neither: left.length - n - onlyLeft - onlyRight,
    rightPerLeft: counts.map((row, i) => row.map((count) => wilsonProportion(count, leftTotals[i], level))),
    leftPerRight: counts.map((row) => row.map((count, j) => wilsonProportion(count, rightTotals[j], level))),
    agreementPerItem: wilsonProportion(sum(counts.map((row, i) => row[i])), n, level),
  };
}

/** The table as lines for a terminal: the left rater's categories down, the right one's across, totals at the edges. */
export function confusionText<T extends Category>(
  table: ConfusionTable<T>,
  names: { readonly left: string; readonly right: string },
): string {
  const header = [`${names.left} \\ ${names.right}`, ...table.categories.map(String), 'all'];
  const rows = table.counts.map((row, i) => [
    String(table.categories[i]),
    ...row.map(String),
    `${table.leftTotals[i]}`,
  ]);
  const last = ['all', ...table.rightTotals.map(String), `${table.n}`];
  const lines = [header, ...rows, last];
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  return lines
    .map((cells) =>
      cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  '),
    )
    .join('\n');
}
