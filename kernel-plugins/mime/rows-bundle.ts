import { escapeHtml } from '../../src/analysis/frame/escape-html';
import { type Displayable, displayable, type MimeBundle } from './mime-bundle';

export type Row = Readonly<Record<string, string | null>>;

/** A list of rows of text that shows itself as a table and stays a plain list to work with; null shows as nothing. */
export function shownRows<T extends Row>(
  columns: readonly (keyof T & string)[],
  rows: readonly T[],
): T[] & Displayable {
  return displayable([...rows], (shown) => rowsBundle(columns, shown));
}

/** Rows of text as an escaped HTML table, and in aligned columns. */
export function rowsBundle<T extends Row>(columns: readonly (keyof T & string)[], rows: readonly T[]): MimeBundle {
  const texts = rows.map((row) => columns.map((column) => row[column] ?? ''));
  const style = 'text-align:left;vertical-align:top;white-space:pre-wrap';
  const line = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((text) => `<${tag} style="${style}">${escapeHtml(text)}</${tag}>`).join('')}</tr>`;
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...texts.map((cells) => Math.max(...cells[at].split('\n').map((part) => part.length)))),
  );
  const plain = (cells: readonly string[]) =>
    cells
      .map((text, at) => (at === cells.length - 1 ? text : text.padEnd(widths[at])))
      .join('  ')
      .trimEnd();
  return {
    'text/html': `<table class="mstlab-rows"><thead>${line('th', columns)}</thead><tbody>${texts.map((cells) => line('td', cells)).join('')}</tbody></table>`,
    'text/plain': [columns, ...texts].map(plain).join('\n'),
  };
}
