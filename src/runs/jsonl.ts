import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { FileFormatError } from '../core';

/** Appends rows, one JSON object a line, and has the disk confirm them before it returns. */
export function appendJsonl(path: string, rows: readonly object[]): void {
  if (rows.length === 0) return;
  const file = openSync(path, 'a');
  try {
    writeSync(file, `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Reads a JSON-lines file; a missing file has no rows. A last line without its newline is what a kill in the middle of
 * a write leaves: it is cut off the file, so that the next append starts on a line of its own.
 * Throws FileFormatError on any other line that is not JSON.
 */
export function readJsonl<Row>(path: string): Row[] {
  if (!existsSync(path)) return [];
  let text = readFileSync(path, 'utf8');
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) {
    text = text.slice(0, end);
    truncateSync(path, Buffer.byteLength(text));
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      try {
        return JSON.parse(line) as Row;
      } catch (cause) {
        throw new FileFormatError(
          `readJsonl: each line must be JSON, line ${index + 1} is not (${path}). Delete that run's folder; it will be made again.`,
          { cause },
        );
      }
    });
}
