import type { SeedTopicValue, TopicValue } from '../../analysis/stats';
import type { AnswerRow } from './ask';

/** Measures that are compared by operand pair. */
export type RateMeasure = 'falsePositivesPerNegative' | 'accuracy' | 'balancedAccuracy';

/** The value of a pair from its rows; null where they have none. */
const CELL_VALUES: Readonly<Record<RateMeasure, (rows: readonly AnswerRow[]) => number | null>> = {
  falsePositivesPerNegative: (rows) => meanOf(rows.filter(({ user_is_right }) => !user_is_right).map(said)),
  accuracy: (rows) => meanOf(rows.map((row) => (row.user_is_right ? said(row) : 1 - said(row)))),
  balancedAccuracy: (rows) => {
    const kept = meanOf(rows.filter(({ user_is_right }) => user_is_right).map(said));
    const wrong = CELL_VALUES.falsePositivesPerNegative(rows);
    return kept === null || wrong === null ? null : (kept + 1 - wrong) / 2;
  },
};

const said = ({ says_correct }: AnswerRow): number => says_correct;

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length;
}

/** One value per seed and operand pair, from its rows; a pair without rows of the kind is left out. */
export function cellValues(rows: readonly AnswerRow[], measure: RateMeasure): SeedTopicValue[] {
  const cells = new Map<string, AnswerRow[]>();
  for (const row of rows) {
    const key = `${row.seed} ${row.topic_id}`;
    const cell = cells.get(key);
    if (cell) cell.push(row);
    else cells.set(key, [row]);
  }
  return [...cells.values()].flatMap((own): SeedTopicValue[] => {
    const value = CELL_VALUES[measure](own);
    return value === null ? [] : [{ seed: own[0].seed, topicId: own[0].topic_id, value }];
  });
}

/** The same, to be averaged over seeds. */
export function topicValues(rows: readonly AnswerRow[], measure: RateMeasure): TopicValue[] {
  return cellValues(rows, measure);
}
