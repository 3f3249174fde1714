import { readFileSync } from 'node:fs';

/** TensorFlow writes these before any setting can reach it. */
export const TENSORFLOW_BANNER = [/absl::InitializeLog/, /oneDNN custom operations are on/];

/** A cell as it lies in a notebook file. */
export interface Cell {
  readonly cell_type: string;
  readonly source: string | string[];
  readonly execution_count?: number | null;
  readonly outputs?: { output_type: string; text?: string | string[]; data?: Record<string, unknown> }[];
}

export const cellsOf = (path: string): Cell[] => JSON.parse(readFileSync(path, 'utf8')).cells;
const joined = (text: string | string[] | undefined): string => (Array.isArray(text) ? text.join('') : (text ?? ''));
/** All that the cells printed, line by line. */
export const printed = (cells: readonly Cell[]): string =>
  cells.flatMap((cell) => (cell.outputs ?? []).map((output) => joined(output.text))).join('\n');
/** Outputs that hold a PNG. */
export const pictures = (cells: readonly Cell[]): number =>
  cells.flatMap((cell) => cell.outputs ?? []).filter((output) => output.data?.['image/png'] !== undefined).length;
