import type { DataFrame } from 'danfojs-node';
import { escapeHtml } from './escape-html';
import { type IntervalColumns, shownColumns } from './shown-columns';

export interface FrameHtmlOptions {
  /** Rows shown; the rest is counted in a last line. Default 20. */
  readonly maxRows?: number;
  /** A line above the table, escaped. */
  readonly caption?: string;
  /** Whether an estimate and its interval take one column. Default joined. */
  readonly intervals?: IntervalColumns;
}

/**
 * A frame as an HTML table that is safe for any text: every name and cell is escaped, numbers stand right with one
 * count of decimals per column, and rows past `maxRows` become "… n more rows".
 */
export function frameHtml(frame: DataFrame, { maxRows = 20, caption, intervals }: FrameHtmlOptions = {}): string {
  const columns = shownColumns(frame, intervals);
  const rows = frame.values.length;
  const align = ({ isNumeric }: (typeof columns)[number]) => (isNumeric ? 'right' : 'left');
  const head = columns
    .map((column) => `<th scope="col" style="text-align:${align(column)}">${escapeHtml(column.heading)}</th>`)
    .join('');
  const body = Array.from({ length: Math.min(rows, maxRows) }, (_, row) => {
    const line = columns.map((column) => {
      const missing = column.missing[row] ? ' title="missing"' : '';
      return `<td style="text-align:${align(column)};white-space:pre-wrap"${missing}>${escapeHtml(column.texts[row])}</td>`;
    });
    return `<tr>${line.join('')}</tr>`;
  });
  if (rows > maxRows) {
    const more = rows - maxRows;
    body.push(
      `<tr><td colspan="${columns.length}" style="text-align:left">… ${more} more ${more === 1 ? 'row' : 'rows'}</td></tr>`,
    );
  }
  const title = caption === undefined ? '' : `<caption style="text-align:left">${escapeHtml(caption)}</caption>`;
  return `<table class="mstlab-frame">${title}<thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}
