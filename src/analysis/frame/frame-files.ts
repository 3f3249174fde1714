import type { DataFrame } from 'danfojs-node';
import type { Cell } from './frame-of';
import { rowsOf } from './verbs';

/**
 * A frame as CSV by RFC 4180: a header, a line a row, CRLF between them; a cell with a comma, a quotation mark or a line break is
 * quoted, marks inside doubled. A missing cell is empty, an empty text is `""`. Numbers keep all their digits.
 */
export function frameCsv(frame: DataFrame): string {
  const lines = [frame.columns as string[], ...(frame.values as Cell[][])];
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/** A frame as JSON lines, an object a row; missing cells are null. */
export function frameJsonl(frame: DataFrame): string {
  return rowsOf(frame)
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');
}

function csvCell(cell: Cell): string {
  if (cell === null) return '';
  const text = String(cell);
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
