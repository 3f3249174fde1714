import type { SparseRows } from '../text-model';
import type { Example } from '../types';
import { LEAK_TARGETS, type Leak, type LeakTarget, measureLeak } from './leak-measure';

/** What of a text's outside is looked at, without reading a word of it. */
export type Surface = 'length' | 'punctuation';
export const SURFACES: readonly Surface[] = ['length', 'punctuation'];

export interface SurfaceLeak extends Leak {
  readonly surface: Surface;
}

const MARKS: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  { name: 'full stop', pattern: /\./g },
  { name: 'comma', pattern: /,/g },
  { name: 'semicolon', pattern: /;/g },
  { name: 'colon', pattern: /:/g },
  { name: 'question mark', pattern: /\?/g },
  { name: 'exclamation mark', pattern: /!/g },
  { name: 'hyphen', pattern: /-/g },
  { name: 'dash', pattern: /[–—]/g },
  { name: 'quotation mark', pattern: /["“”«»]/g },
  { name: 'apostrophe', pattern: /['’‘]/g },
  { name: 'bracket', pattern: /[()[\]]/g },
  { name: 'other mark', pattern: /[^\p{L}\p{N}\s.,;:?!\-–—"“”«»'’‘()[\]]/gu },
];

/**
 * Does the outside of the text tell its profile? `length`: words and sentences. `punctuation`: each mark per 100 characters, and whether
 * a quotation mark occurs. If it does, the prompt gives nothing away, but a judge, or a model that learns the label, can use the mark
 * in place of the slant. Features are scaled to mean 0 and variance 1 on the training rows of each fold. Two surfaces and three targets
 * are six questions: a leak is called at a sixth of the usual share, so that balanced texts raise any false alarm in 5 to 9% of
 * sets (250 simulated sets of 16 domains with 20 texts each: 7.2%).
 */
export function surfaceLeak(
  examples: readonly Pick<Example, 'completion' | 'labelValue' | 'group'>[],
  surfaces: readonly Surface[] = SURFACES,
  targets: readonly LeakTarget[] = LEAK_TARGETS,
): SurfaceLeak[] {
  return surfaces.flatMap((surface) => {
    const rows = examples.map(({ completion }) => surfaceFeatures(completion, surface));
    return measureLeak(
      examples.map(({ labelValue }) => labelValue),
      examples.map(({ group }) => group),
      (fitRows) => standardised(rows, fitRows),
      targets,
      `${surface}-leak-bootstrap`,
      0.025 / (SURFACES.length * LEAK_TARGETS.length),
    ).map((leak) => ({ surface, ...leak }));
  });
}

/** The figures of one text. */
export function surfaceFeatures(text: string, surface: Surface): number[] {
  if (surface === 'length') return [text.trim().split(/\s+/).length, sentenceCount(text)];
  const per100 = 100 / Math.max(1, text.length);
  const counts = MARKS.map(({ pattern }) => (text.match(pattern) ?? []).length);
  return [...counts.map((count) => count * per100), /["“”«»]/.test(text) ? 1 : 0];
}

/** Ends of sentences: a final mark, with or without a closing quotation mark, before white space or the end. */
export function sentenceCount(text: string): number {
  return (text.match(/[.?!]["”’')\]]*(?=\s|$)/g) ?? []).length;
}

export function standardised(rows: readonly (readonly number[])[], fitRows: readonly number[]): SparseRows {
  const cols = rows[0].length;
  const mean = new Float64Array(cols);
  const deviation = new Float64Array(cols);
  for (const row of fitRows) for (let j = 0; j < cols; j++) mean[j] += rows[row][j] / fitRows.length;
  for (const row of fitRows)
    for (let j = 0; j < cols; j++) deviation[j] += (rows[row][j] - mean[j]) ** 2 / fitRows.length;
  const values = new Float64Array(rows.length * cols);
  const indices = new Int32Array(rows.length * cols);
  for (const [i, row] of rows.entries())
    for (let j = 0; j < cols; j++) {
      const spread = Math.sqrt(deviation[j]);
      indices[i * cols + j] = j;
      // A figure that is the same in every training text tells nothing, whatever it is in another.
      values[i * cols + j] = spread > 1e-9 ? (row[j] - mean[j]) / spread : 0;
    }
  return {
    rows: rows.length,
    cols,
    indptr: Int32Array.from({ length: rows.length + 1 }, (_, i) => i * cols),
    indices,
    values,
  };
}
