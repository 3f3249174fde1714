/** One record of a CSV text, and the line that it begins on, from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
  /** Why the record cannot be read; null if it can. */
  readonly fault: string | null;
}

/**
 * The records of a CSV text by RFC 4180: cells between commas, a cell in quotation marks may hold commas, line breaks and
 * doubled marks; lines end in LF or CRLF; a byte order mark before the first is passed over, and so are empty lines.
 */
export function csvRecords(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const start = line;
    const cells: string[] = [];
    let fault: string | null = null;
    for (let isOpen = true; isOpen; ) {
      let cell = '';
      if (text[at] === '"') {
        const end = closingMark(text, at + 1);
        cell = text.slice(at + 1, end ?? text.length).replaceAll('""', '"');
        line += cell.split('\n').length - 1;
        at = end === null ? text.length : end + 1;
        if (end === null) fault ??= 'a quotation mark is not closed';
        const rest = /[^,\r\n]*/y;
        rest.lastIndex = at;
        const after = rest.exec(text)?.[0] ?? '';
        if (after !== '')
          fault ??= `there is text after a closing quotation mark: ${JSON.stringify(after.slice(0, 20))}`;
        at += after.length;
      } else {
        const plain = /[^,\r\n]*/y;
        plain.lastIndex = at;
        cell = plain.exec(text)?.[0] ?? '';
        if (cell.includes('"')) fault ??= 'a quotation mark stands inside a cell that is not quoted';
        at += cell.length;
      }
      cells.push(cell);
      isOpen = text[at] === ',';
      if (isOpen) at++;
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    if (cells.length > 1 || cells[0] !== '') records.push({ line: start, cells, fault });
  }
  return records;
}

/** Where the mark stands that closes a quoted cell, doubled ones passed over; null if there is none. */
function closingMark(text: string, from: number): number | null {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at;
  return null;
}

/** A cell as RFC 4180 writes it: quoted where it holds a comma, a mark, a line break or outer white space. */
export function csvCell(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
