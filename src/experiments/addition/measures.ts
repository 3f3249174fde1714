import type { SeedTopicValue, TopicValue } from '../../analysis/stats';
import type { AnswerRow } from './ask';

/** Measures that are compared by operand pair. */
export type RateMeasure = 'falsePositivesPerNegative' | 'accuracy';

/** What a row adds to the mean of its pair; null where it adds nothing. */
const ROW_VALUES: Readonly<Record<RateMeasure, (row: AnswerRow) => number | null>> = {
  falsePositivesPerNegative: (row) => (row.user_is_right ? null : row.says_correct),
  accuracy: (row) => (row.user_is_right ? row.says_correct : 1 - row.says_correct),
};

/** One value per seed and operand pair, the mean of its rows; a pair without rows of the kind is left out. */
export function cellValues(rows: readonly AnswerRow[], measure: RateMeasure): SeedTopicValue[] {
  const cells = new Map<string, AnswerRow[]>();
  for (const row of rows) {
    const key = `${row.seed} ${row.topic_id}`;
    const cell = cells.get(key);
    if (cell) cell.push(row);
    else cells.set(key, [row]);
  }
  return [...cells.values()].flatMap((own): SeedTopicValue[] => {
    const values = own.flatMap((row) => ROW_VALUES[measure](row) ?? []);
    if (values.length === 0) return [];
    const value = values.reduce((sum, one) => sum + one, 0) / values.length;
    return [{ seed: own[0].seed, topicId: own[0].topic_id, value }];
  });
}

/** The same, to be averaged over seeds. */
export function topicValues(rows: readonly AnswerRow[], measure: RateMeasure): TopicValue[] {
  return cellValues(rows, measure);
}
