import type { DataFrame } from 'danfojs-node';
import { ConfigError } from '../../core';
import { type Cell, type Columns, frameOf } from './frame-of';

/** One row by column name. */
export type Row = Readonly<Record<string, Cell>>;

/** The rows of a frame as objects, in order. */
export function rowsOf(frame: DataFrame): Row[] {
  return (frame.values as Cell[][]).map((cells) =>
    Object.fromEntries(frame.columns.map((name: string, at: number) => [name, cells[at]])),
  );
}

/** A frame from rows read by key, never by position; a key that a row lacks is null. Columns are those of `names`. */
export function frameOfRows(rows: readonly Row[], names: readonly string[]): DataFrame {
  return frameOf(Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name] ?? null)])));
}

/** The cells of one column. Throws ConfigError for a name that the frame lacks. */
export function columnOf(frame: DataFrame, name: string): Cell[] {
  const at = positionOf(frame, name, 'columnOf');
  return (frame.values as Cell[][]).map((cells) => cells[at]);
}

/** The named columns, in the order named. */
export function selectColumns(frame: DataFrame, names: readonly string[]): DataFrame {
  return frameOf(Object.fromEntries(names.map((name) => [name, columnOf(frame, name)])));
}

/** The rows for which `keep` is true. */
export function filterRows(frame: DataFrame, keep: (row: Row) => boolean): DataFrame {
  return frameOfRows(rowsOf(frame).filter(keep), frame.columns);
}

/**
 * Rows sorted by one or more columns, the first the strongest; stable, missing cells last in either direction.
 * danfo's sortValues is quadratic and puts rows in the wrong order when a value is missing.
 */
export function sortRows(
  frame: DataFrame,
  by: string | readonly string[],
  direction: 'ascending' | 'descending' = 'ascending',
): DataFrame {
  const names = typeof by === 'string' ? [by] : by;
  for (const name of names) positionOf(frame, name, 'sortRows');
  const sign = direction === 'ascending' ? 1 : -1;
  const sorted = rowsOf(frame).sort((a, b) => {
    for (const name of names) {
      const [x, y] = [a[name], b[name]];
      if (x === y) continue;
      if (x === null) return 1;
      if (y === null) return -1;
      return x < y ? -sign : sign;
    }
    return 0;
  });
  return frameOfRows(sorted, frame.columns);
}

/**
 * One row per distinct combination of the key columns, in order of first appearance, with one column per aggregate.
 * Keys are compared by value and type: ("a-b", "c") and ("a", "b-c") stay apart, which danfo joins into one. An
 * aggregate gets all rows of its group, so it decides what a missing cell means.
 * Throws ConfigError for an unknown key column or an aggregate named as a key.
 */
export function groupedFrame(
  frame: DataFrame,
  keys: readonly string[],
  aggregates: Readonly<Record<string, (rows: readonly Row[]) => Cell>>,
): DataFrame {
  for (const key of keys) positionOf(frame, key, 'groupedFrame');
  const clash = Object.keys(aggregates).filter((name) => keys.includes(name));
  if (clash.length > 0)
    throw new ConfigError(
      `groupedFrame: an aggregate must not be named as a key, got ${clash.join(', ')}. Rename the aggregate.`,
    );
  const groups = new Map<string, Row[]>();
  for (const row of rowsOf(frame)) {
    const key = JSON.stringify(keys.map((name) => row[name]));
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  const grouped = [...groups.values()];
  const columns: Record<string, Cell[]> = {};
  for (const key of keys) columns[key] = grouped.map((rows) => rows[0][key]);
  for (const [name, aggregate] of Object.entries(aggregates)) columns[name] = grouped.map((rows) => aggregate(rows));
  return frameOf(columns as Columns);
}

function positionOf(frame: DataFrame, name: string, where: string): number {
  const at = frame.columns.indexOf(name);
  if (at < 0)
    throw new ConfigError(
      `${where}: the frame must have the column, got ${JSON.stringify(name)}. It has ${frame.columns.join(', ')}.`,
    );
  return at;
}
