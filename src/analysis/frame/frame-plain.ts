import type { DataFrame } from 'danfojs-node';
import { visibleText } from './escape-html';
import { type IntervalColumns, shownColumns } from './shown-columns';

export interface FramePlainOptions {
  /** Rows shown; the rest is counted in a last line. Default 20. */
  readonly maxRows?: number;
  /** Characters shown of a cell; a longer one ends in "…". Default 40. */
  readonly maxCellWidth?: number;
  /** Whether an estimate and its interval take one column. Default joined. */
  readonly intervals?: IntervalColumns;
}

/**
 * A frame as lines for a terminal: a header, a rule, one line a row, numbers right and text left. Line feeds become
 * spaces and other control characters are written out, so that no cell can break the table or drive the terminal.
 */
export function framePlain(
  frame: DataFrame,
  { maxRows = 20, maxCellWidth = 40, intervals }: FramePlainOptions = {},
): string {
  const columns = shownColumns(frame, intervals);
  const names = columns.map(({ heading }) => heading);
  const rows = frame.values.length;
  const shorten = (text: string) => {
    const characters = [...visibleText(text.replace(/\s+/g, ' '))];
    return characters.length <= maxCellWidth
      ? characters.join('')
      : `${characters.slice(0, maxCellWidth - 1).join('')}…`;
  };
  const shown = Array.from({ length: Math.min(rows, maxRows) }, (_, row) =>
    columns.map(({ texts }) => shorten(texts[row])),
  );
  const widths = names.map((name, at) => Math.max(...[name, ...shown.map((cells) => cells[at])].map(lengthOf)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => {
        const gap = ' '.repeat(widths[at] - lengthOf(cell));
        return columns[at].isNumeric ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  const lines = [line(names), widths.map((width) => '─'.repeat(width)).join('  '), ...shown.map(line)];
  const more = rows - maxRows;
  if (more > 0) lines.push(`… ${more} more ${more === 1 ? 'row' : 'rows'}`);
  return lines.join('\n');
}

const lengthOf = (text: string) => [...text].length;
