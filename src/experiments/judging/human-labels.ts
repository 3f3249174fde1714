import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, DataError, sha256 } from '../../core';
import { csvCell, csvRecords } from './csv-records';

/** What one person says of one text. */
export interface HumanLabel {
  /** `textIdOf` the text. */
  readonly textId: string;
  readonly rater: string;
  /** 0 takes no side, 10 is as slanted as texts get; null where the rater gave none. */
  readonly magnitude0to10: number | null;
  readonly verdict: 'PASS' | 'PARTIAL' | 'FAIL' | null;
  /** −1 left to +1 right; null where the rater gave none. */
  readonly direction?: number | null;
  /** The rater's own words, such as why something is missing. */
  readonly note?: string | null;
  /** ISO 8601; null where it was not written down. */
  readonly labelledAt?: string | null;
}

/** Columns of the file, in the order in which they are written; the first four must be there. */
export const HUMAN_LABEL_COLUMNS = [
  'text_id',
  'rater',
  'magnitude_0_to_10',
  'verdict',
  'direction',
  'note',
  'labelled_at',
] as const;
const required = HUMAN_LABEL_COLUMNS.slice(0, 4);

const numberCell = (low: number, high: number, name: string) =>
  z.string().transform((cell, context) => {
    const trimmed = cell.trim();
    if (trimmed === '') return null;
    const value = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(trimmed) ? Number(trimmed) : Number.NaN;
    if (value >= low && value <= high) return value;
    context.addIssue({ code: 'custom', message: `${name} must be a number from ${low} to ${high} or empty` });
    return z.NEVER;
  });

const rowSchema = z.strictObject({
  text_id: z.string().regex(/^[0-9a-f]{16}$/, 'text_id must be 16 hex digits, the first of the SHA-256 of the text'),
  rater: z.string().trim().min(1, 'rater must be named').max(80, 'rater must have at most 80 characters'),
  magnitude_0_to_10: numberCell(0, 10, 'magnitude_0_to_10'),
  verdict: z.string().transform((cell, context) => {
    const word = cell.trim();
    if (word === '') return null;
    if (word === 'PASS' || word === 'PARTIAL' || word === 'FAIL') return word;
    context.addIssue({ code: 'custom', message: 'verdict must be PASS, PARTIAL, FAIL or empty' });
    return z.NEVER;
  }),
  direction: numberCell(-1, 1, 'direction').optional(),
  note: z.string().optional(),
  labelled_at: z
    .string()
    .refine((cell) => cell === '' || Number.isFinite(Date.parse(cell)), 'labelled_at must be a time or empty')
    .optional(),
});

/** The id of a text: the first 16 hex digits of the SHA-256 of its UTF-8. */
export function textIdOf(text: string): string {
  return sha256(text).slice(0, 16);
}

/**
 * Reads human labels from a CSV file (RFC 4180, UTF-8) with a header: text_id, rater, magnitude_0_to_10 and verdict, and
 * if wanted direction, note and labelled_at, in any order. An empty cell is a missing value. A later line of the same
 * text and rater replaces the earlier one; the order is that of first lines.
 * Throws ConfigError if the file is not there, DataError that names every line that breaks a rule and the rule.
 */
export function readHumanLabels(path: string): HumanLabel[] {
  if (!existsSync(path))
    throw new ConfigError(
      `readHumanLabels: the file must be there, got ${path}. Label some texts first, or correct the path.`,
    );
  const [header, ...records] = csvRecords(readFileSync(path, 'utf8'));
  const names = header?.cells.map((cell) => cell.trim()) ?? [];
  const known: readonly string[] = HUMAN_LABEL_COLUMNS;
  const problems = [
    ...required.filter((name) => !names.includes(name)).map((name) => `the header lacks ${name}`),
    ...names.filter((name) => !known.includes(name)).map((name) => `the header has ${JSON.stringify(name)}`),
    ...names.filter((name, at) => names.indexOf(name) !== at).map((name) => `the header repeats ${name}`),
  ];
  if (problems.length > 0)
    throw new DataError(
      `readHumanLabels: the header must name ${required.join(', ')}, and may name ${known.slice(4).join(', ')}: ${problems.join('; ')} (${path}). Correct the header.`,
    );
  const faults: string[] = [];
  const labels = new Map<string, HumanLabel>();
  for (const { line, cells, fault } of records) {
    const found =
      fault ?? (cells.length === names.length ? null : `${cells.length} cells under ${names.length} columns`);
    if (found !== null) {
      faults.push(`line ${line}: ${found}`);
      continue;
    }
    const row = rowSchema.safeParse(Object.fromEntries(names.map((name, at) => [name, cells[at]])));
    if (!row.success) {
      faults.push(
        ...row.error.issues.map(
          (one) => `line ${line}: ${one.message}, got ${JSON.stringify(cells[names.indexOf(String(one.path[0]))])}`,
        ),
      );
      continue;
    }
    const { text_id, rater, magnitude_0_to_10, verdict, direction, note, labelled_at } = row.data;
    labels.set(`${text_id} ${rater}`, {
      textId: text_id,
      rater,
      magnitude0to10: magnitude_0_to_10,
      verdict,
      direction: direction ?? null,
      note: note || null,
      labelledAt: labelled_at || null,
    });
  }
  if (faults.length > 0)
    throw new DataError(
      `readHumanLabels: every line must follow the format, ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'} (${path}): ${faults.join('; ')}. Correct these lines.`,
    );
  return [...labels.values()];
}

/**
 * Appends one label to the file and has the disk confirm it before it returns; the header is written if the file is new or
 * empty. A last line that was cut off, as a kill in the middle of a write leaves it, is taken off first. A file with
 * another header gets the cells in its own order. Throws DataError for a label that breaks a rule, or a header that
 * has no place for what the label says.
 */
export function appendHumanLabel(path: string, label: HumanLabel): void {
  const written = cellsOf(label);
  const checked = rowSchema.safeParse(written);
  if (!checked.success)
    throw new DataError(
      `appendHumanLabel: ${checked.error.issues.map((one) => one.message).join('; ')}, got ${JSON.stringify(label)}. Nothing was written.`,
    );
  const file = openSync(path, 'a+', 0o600);
  try {
    const text = readFileSync(path, 'utf8');
    const { names, keepBytes, lead } = placeToAppend(text, path);
    if (keepBytes < fstatSync(file).size) ftruncateSync(file, keepBytes);
    const homeless = HUMAN_LABEL_COLUMNS.filter((name) => written[name] !== '' && !names.includes(name));
    const lost = homeless.filter((name) => name !== 'labelled_at');
    if (lost.length > 0)
      throw new DataError(
        `appendHumanLabel: the header must have a column for all that a label says, got none for ${lost.join(', ')} (${path}). Add the column, or use another file.`,
      );
    const cells = names.map((name) => csvCell(written[name as keyof typeof written] ?? ''));
    writeSync(file, `${lead}${cells.join(',')}\r\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function cellsOf(label: HumanLabel): Record<(typeof HUMAN_LABEL_COLUMNS)[number], string> {
  const cell = (value: number | string | null | undefined) => (value === null || value === undefined ? '' : `${value}`);
  return {
    text_id: label.textId,
    rater: label.rater.trim(),
    magnitude_0_to_10: cell(label.magnitude0to10),
    verdict: cell(label.verdict),
    direction: cell(label.direction),
    note: cell(label.note),
    labelled_at: cell(label.labelledAt),
  };
}

/** The columns of the file, how much of it stays, and what must be written before the next line. */
function placeToAppend(
  text: string,
  path: string,
): { readonly names: readonly string[]; readonly keepBytes: number; readonly lead: string } {
  const records = csvRecords(text);
  if (records.length === 0)
    return { names: HUMAN_LABEL_COLUMNS, keepBytes: 0, lead: `${HUMAN_LABEL_COLUMNS.join(',')}\r\n` };
  const names = records[0].cells.map((cell) => cell.trim());
  if (required.some((name) => !names.includes(name)))
    throw new DataError(
      `appendHumanLabel: the file must be one of human labels with a header that names ${required.join(', ')}, got ${names.join(', ')} (${path}). Use another file.`,
    );
  const bytes = Buffer.byteLength(text);
  if (text.endsWith('\n')) return { names, keepBytes: bytes, lead: '' };
  const last = records[records.length - 1];
  // Tables written by hand often end without a line break; a line with all its cells is taken as whole.
  if (records.length === 1 || (last.fault === null && last.cells.length === names.length))
    return { names, keepBytes: bytes, lead: '\r\n' };
  const lines = text.split('\n').slice(0, last.line - 1);
  return { names, keepBytes: Buffer.byteLength(`${lines.join('\n')}\n`), lead: '' };
}
