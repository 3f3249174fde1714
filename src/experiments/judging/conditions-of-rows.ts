import type { SampleRow } from '../news';

/** The rows of one condition at one temperature. */
export interface ConditionRows {
  /** As `conditionName` gives it: `mst/unbiased/plain`, `baseline/none`. */
  readonly name: string;
  readonly temperature: number;
  readonly rows: readonly SampleRow[];
}

/** The name of the condition that a row belongs to. */
export function conditionNameOf({ arm, label_id }: Pick<SampleRow, 'arm' | 'label_id'>): string {
  return `${arm}/${label_id ?? 'none'}`;
}

/** Rows by condition and temperature, in order of first appearance. */
export function rowsByCondition(rows: readonly SampleRow[]): ConditionRows[] {
  const groups = new Map<string, { name: string; temperature: number; rows: SampleRow[] }>();
  for (const row of rows) {
    const name = conditionNameOf(row);
    const key = `${name} ${row.temperature}`;
    const group = groups.get(key) ?? { name, temperature: row.temperature, rows: [] };
    groups.set(key, group);
    group.rows.push(row);
  }
  return [...groups.values()];
}
