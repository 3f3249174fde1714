import type { DataFrame } from 'danfojs-node';
import { cellWriter } from './cell-text';
import type { Cell } from './frame-of';

/** A column as it is shown: its heading, its alignment, and the text of each row (null: missing). */
export interface ShownColumn {
  readonly heading: string;
  readonly isNumeric: boolean;
  readonly texts: readonly string[];
  readonly missing: readonly boolean[];
}

/** How columns of an estimate and its interval are shown: in one place, or as they lie in the frame. */
export type IntervalColumns = 'joined' | 'apart';

/**
 * The columns of a frame as a table shows them. An estimate that is followed by its interval, `x, x_low, x_high` or `x, low, high`,
 * takes one column, `x [low, high]`, with one count of decimals; the frame itself keeps three. `apart` shows every column.
 */
export function shownColumns(frame: DataFrame, intervals: IntervalColumns = 'joined'): ShownColumn[] {
  const names: string[] = frame.columns;
  const rows = frame.values as Cell[][];
  const cellsAt = (at: number): Cell[] => rows.map((cells) => cells[at]);
  const shown: ShownColumn[] = [];
  for (let at = 0; at < names.length; at++) {
    if (intervals === 'joined' && isInterval(names, at)) {
      shown.push(joined(names[at], cellsAt(at), cellsAt(at + 1), cellsAt(at + 2)));
      at += 2;
    } else shown.push(single(names[at], cellsAt(at)));
  }
  return shown;
}

function isInterval(names: readonly string[], at: number): boolean {
  const [name, low, high] = names.slice(at, at + 3);
  return (low === `${name}_low` && high === `${name}_high`) || (low === 'low' && high === 'high');
}

function single(heading: string, cells: readonly Cell[]): ShownColumn {
  const write = cellWriter(cells);
  return {
    heading,
    isNumeric: cells.some((cell) => typeof cell === 'number'),
    texts: cells.map(write),
    missing: cells.map((cell) => cell === null),
  };
}

function joined(name: string, estimates: readonly Cell[], lows: readonly Cell[], highs: readonly Cell[]): ShownColumn {
  const write = cellWriter([...estimates, ...lows, ...highs]);
  return {
    heading: `${name} [low, high]`,
    isNumeric: true,
    texts: estimates.map((estimate, row) =>
      estimate === null && lows[row] === null && highs[row] === null
        ? write(null)
        : `${write(estimate)} [${write(lows[row])}, ${write(highs[row])}]`,
    ),
    missing: estimates.map((estimate) => estimate === null),
  };
}
