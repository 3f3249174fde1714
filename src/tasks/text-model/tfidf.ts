import { DataError } from '../../core';
import { type Analyzer, occurrences } from './analyzers';
import type { SparseRows } from './sparse';

export interface TfidfOptions {
  readonly analyzer: Analyzer;
  /** A term must occur in at least this many texts. */
  readonly minDocuments: number;
}

/** A fitted vocabulary; column i is the i-th term. */
export interface Tfidf {
  readonly analyzer: Analyzer;
  /** Column of a term. */
  readonly columns: ReadonlyMap<string, number>;
  /** [D] idf of each column: ln((1 + N) / (1 + n)) + 1, n the texts that hold the term of N. */
  readonly idf: Float64Array;
}

/**
 * Fits the vocabulary: terms in at least `minDocuments` of the texts, sorted.
 * Throws DataError if no term is left.
 * Source: scikit-learn, TfidfVectorizer with sublinear_tf, smooth_idf and norm='l2'.
 */
export function fitTfidf(texts: readonly string[], options: TfidfOptions): Tfidf {
  const documents = new Map<string, number>();
  for (const text of texts)
    for (const term of new Set(occurrences(text, options.analyzer).map((found) => found.term)))
      documents.set(term, (documents.get(term) ?? 0) + 1);
  const terms = [...documents.keys()].filter((term) => documents.get(term)! >= options.minDocuments).sort();
  if (terms.length === 0)
    throw new DataError(
      `fitTfidf: at least one term must stand in ${options.minDocuments} texts, got none (${texts.length} texts). Give more texts.`,
    );
  const idf = Float64Array.from(terms, (term) => Math.log((1 + texts.length) / (1 + documents.get(term)!)) + 1);
  return { analyzer: options.analyzer, columns: new Map(terms.map((term, column) => [term, column])), idf };
}

/** Texts → [N,D]: (1 + ln tf)·idf, each row of length 1 (a text without known terms is a row of zeros). */
export function transformTfidf(tfidf: Tfidf, texts: readonly string[]): SparseRows {
  const rows = texts.map((text) => tfidfRow(tfidf, text));
  const indptr = new Int32Array(texts.length + 1);
  for (const [i, row] of rows.entries()) indptr[i + 1] = indptr[i] + row.length;
  const indices = new Int32Array(indptr[texts.length]);
  const values = new Float64Array(indptr[texts.length]);
  for (const [i, row] of rows.entries())
    for (const [k, cell] of row.entries()) {
      indices[indptr[i] + k] = cell.column;
      values[indptr[i] + k] = cell.value;
    }
  return { rows: texts.length, cols: tfidf.idf.length, indptr, indices, values };
}

/** One row of transformTfidf, with the number of occurrences of each term. */
export function tfidfRow(tfidf: Tfidf, text: string): { column: number; value: number; count: number }[] {
  const counts = new Map<number, number>();
  for (const { term } of occurrences(text, tfidf.analyzer)) {
    const column = tfidf.columns.get(term);
    if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1);
  }
  const row = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([column, count]) => ({ column, count, value: (1 + Math.log(count)) * tfidf.idf[column] }));
  const norm = Math.sqrt(row.reduce((sum, cell) => sum + cell.value * cell.value, 0));
  return norm === 0 ? [] : row.map((cell) => ({ ...cell, value: cell.value / norm }));
}
