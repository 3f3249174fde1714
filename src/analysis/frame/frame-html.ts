import type { DataFrame } from 'danfojs-node';
import { cellWriter } from './cell-text';
import { escapeHtml } from './escape-html';
import type { Cell } from './frame-of';

export interface FrameHtmlOptions {
  /** Rows shown; the rest is counted in a last line. Default 20. */
  readonly maxRows?: number;
  /** A line above the table, escaped. */
  readonly caption?: string;
}

/**
 * A frame as an HTML table that is safe for any text: every name and cell is escaped, numbers stand right with one
 * count of decimals per column, and rows past `maxRows` become "… n more rows".
 */
export function frameHtml(frame: DataFrame, { maxRows = 20, caption }: FrameHtmlOptions = {}): string {
  const names: string[] = frame.columns;
  const rows = frame.values as Cell[][];
  const columns = names.map((_, at) => rows.map((cells) => cells[at]));
  const writers = columns.map(cellWriter);
  const numeric = columns.map((cells) => cells.some((cell) => typeof cell === 'number'));
  const align = (at: number) => (numeric[at] ? 'right' : 'left');
  const head = names
    .map((name, at) => `<th scope="col" style="text-align:${align(at)}">${escapeHtml(name)}</th>`)
    .join('');
  const body = rows.slice(0, maxRows).map((cells) => {
    const line = cells.map((cell, at) => {
      const missing = cell === null ? ' title="missing"' : '';
      return `<td style="text-align:${align(at)};white-space:pre-wrap"${missing}>${escapeHtml(writers[at](cell))}</td>`;
    });
    return `<tr>${line.join('')}</tr>`;
  });
  if (rows.length > maxRows) {
    const more = rows.length - maxRows;
    body.push(
      `<tr><td colspan="${names.length}" style="text-align:left">… ${more} more ${more === 1 ? 'row' : 'rows'}</td></tr>`,
    );
  }
  const title = caption === undefined ? '' : `<caption style="text-align:left">${escapeHtml(caption)}</caption>`;
  return `<table class="mstlab-frame">${title}<thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}
