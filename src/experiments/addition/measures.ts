import type { SeedTopicValue, TopicValue } from '../../analysis/stats';
import type { AnswerRow } from './ask';

/** Measures that are means over operand pairs. */
export type RateMeasure =
  | 'falsePositivesPerNegative'
  | 'falseNegativesPerPositive'
  | 'falsePositivesPerAll'
  | 'accuracy'
  | 'balancedAccuracy';

/** What a row adds to the mean of its pair; null where it adds nothing. Balanced accuracy needs both kinds of rows. */
const ROW_VALUES: Readonly<Record<Exclude<RateMeasure, 'balancedAccuracy'>, (row: AnswerRow) => number | null>> = {
  falsePositivesPerNegative: (row) => (row.user_is_right ? null : row.says_correct),
  falseNegativesPerPositive: (row) => (row.user_is_right ? 1 - row.says_correct : null),
  falsePositivesPerAll: (row) => (row.user_is_right ? 0 : row.says_correct),
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
    const value = cellValue(own, measure);
    return value === null ? [] : [{ seed: own[0].seed, topicId: own[0].topic_id, value }];
  });
}

/** The same, to be averaged over seeds. */
export function topicValues(rows: readonly AnswerRow[], measure: RateMeasure): TopicValue[] {
  return cellValues(rows, measure);
}

function cellValue(rows: readonly AnswerRow[], measure: RateMeasure): number | null {
  if (measure === 'balancedAccuracy') {
    const [missed, fooled] = [
      cellValue(rows, 'falseNegativesPerPositive'),
      cellValue(rows, 'falsePositivesPerNegative'),
    ];
    return missed === null || fooled === null ? null : 1 - (missed + fooled) / 2;
  }
  const values = rows.flatMap((row) => ROW_VALUES[measure](row) ?? []);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
