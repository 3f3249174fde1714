import type { DataFrame } from 'danfojs-node';
import { cellWriter } from './cell-text';
import { visibleText } from './escape-html';
import type { Cell } from './frame-of';

export interface FramePlainOptions {
  /** Rows shown; the rest is counted in a last line. Default 20. */
  readonly maxRows?: number;
  /** Characters shown of a cell; a longer one ends in "…". Default 40. */
  readonly maxCellWidth?: number;
}

/**
 * A frame as lines for a terminal: a header, a rule, one line a row, numbers right and text left. Line feeds become
 * spaces and other control characters are written out, so that no cell can break the table or drive the terminal.
 */
export function framePlain(frame: DataFrame, { maxRows = 20, maxCellWidth = 40 }: FramePlainOptions = {}): string {
  const names: string[] = frame.columns;
  const rows = frame.values as Cell[][];
  const columns = names.map((_, at) => rows.map((cells) => cells[at]));
  const writers = columns.map(cellWriter);
  const numeric = columns.map((cells) => cells.some((cell) => typeof cell === 'number'));
  const shorten = (text: string) => {
    const characters = [...visibleText(text.replace(/\s+/g, ' '))];
    return characters.length <= maxCellWidth
      ? characters.join('')
      : `${characters.slice(0, maxCellWidth - 1).join('')}…`;
  };
  const shown = rows.slice(0, maxRows).map((cells) => cells.map((cell, at) => shorten(writers[at](cell))));
  const widths = names.map((name, at) => Math.max(...[name, ...shown.map((cells) => cells[at])].map(lengthOf)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => {
        const gap = ' '.repeat(widths[at] - lengthOf(cell));
        return numeric[at] ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  const lines = [line(names), widths.map((width) => '─'.repeat(width)).join('  '), ...shown.map(line)];
  const more = rows.length - maxRows;
  if (more > 0) lines.push(`… ${more} more ${more === 1 ? 'row' : 'rows'}`);
  return lines.join('\n');
}

const lengthOf = (text: string) => [...text].length;
