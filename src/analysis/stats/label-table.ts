import { ConfigError, DataError } from '../../core';
import type { TopicValue } from './estimate';

/** One measured row of a label sweep; `percent` is where the label stands on its scale. */
export interface LabelTopicValue extends TopicValue {
  readonly percent: number;
}

/** Means of the rows of a topic under a label, topics and labels ascending. */
export interface LabelTable {
  readonly percents: readonly number[];
  readonly topicIds: readonly string[];
  /** [topics][labels]. */
  readonly values: readonly (readonly number[])[];
  /** Topics that lack a value under some label; they enter nothing. */
  readonly topicsLeftOut: number;
  /** Rows without a value. */
  readonly missing: number;
}

/**
 * The topics that have a value under every label, each cell the mean of its rows (seeds of one topic and label are
 * averaged, so that what follows speaks of these trained models). A label without any row is not known of.
 * Throws DataError for NaN and infinities, ConfigError for a percent that is not finite.
 */
export function labelTable(rows: readonly LabelTopicValue[], where: string): LabelTable {
  const cells = new Map<string, Map<number, { sum: number; count: number }>>();
  const percents = new Set<number>();
  let missing = 0;
  for (const { topicId, percent, value } of rows) {
    if (!Number.isFinite(percent))
      throw new ConfigError(`${where}: percent must be a finite number, got ${percent} (topic ${topicId}).`);
    percents.add(percent);
    const own = cells.get(topicId) ?? new Map<number, { sum: number; count: number }>();
    cells.set(topicId, own);
    if (value === null) {
      missing++;
      continue;
    }
    if (!Number.isFinite(value))
      throw new DataError(
        `${where}: a value must be a finite number or null, got ${value} (topic ${topicId}, label ${percent}). Write a missing value as null.`,
      );
    const cell = own.get(percent) ?? { sum: 0, count: 0 };
    own.set(percent, { sum: cell.sum + value, count: cell.count + 1 });
  }
  const labels = [...percents].sort((a, b) => a - b);
  const all = [...cells].sort(([a], [b]) => (a < b ? -1 : 1));
  const whole = all.filter(([, own]) => labels.every((percent) => own.has(percent)));
  return {
    percents: labels,
    topicIds: whole.map(([topicId]) => topicId),
    values: whole.map(([, own]) =>
      labels.map((percent) => {
        const { sum, count } = own.get(percent)!;
        return sum / count;
      }),
    ),
    topicsLeftOut: all.length - whole.length,
    missing,
  };
}

/** The mean of each column of [n][k]. */
export function columnMeans(table: readonly (readonly number[])[]): number[] {
  if (table.length === 0) return [];
  return table[0].map((_, at) => table.reduce((sum, row) => sum + row[at], 0) / table.length);
}
