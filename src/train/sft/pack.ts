/** Examples (by index) that share a row, one behind the other. */
export type PackedRow = readonly number[];

/**
 * Lays examples into as few rows of `capacity` places as first-fit finds, the longest first; `places(i)` is what example i
 * takes, at most `capacity`. Ties keep the given order, so the layout is a function of the examples alone.
 * Source: Johnson et al. 1974, first-fit decreasing: at most 11/9 of the least number of rows, plus one.
 */
export function packRows(
  examples: readonly number[],
  places: (index: number) => number,
  capacity: number,
): PackedRow[] {
  const rows: { examples: number[]; left: number }[] = [];
  const longestFirst = examples
    .map((index, order) => ({ index, order, size: places(index) }))
    .sort((a, b) => b.size - a.size || a.order - b.order);
  for (const { index, size } of longestFirst) {
    const row = rows.find(({ left }) => left >= size);
    if (row) {
      row.examples.push(index);
      row.left -= size;
    } else rows.push({ examples: [index], left: capacity - size });
  }
  return rows.map((row) => row.examples);
}

/** Attention's share of a place's cost is about T / (T + this): 4·H·E·T operations beside 2 a weight, softmax on top. */
const ATTENTION_EVEN_TOKENS = 2000;
const CANDIDATES = 24;

/** What rows cost, in places of short rows: attention looks at the whole row from each of its places. */
export function placesCost(rows: number, tokens: number): number {
  return rows * tokens * (1 + tokens / ATTENTION_EVEN_TOKENS);
}

/** Row lengths worth trying: from the longest example to `most` places or the fullest batch, in steps of 8 or more. */
export function candidateLengths(
  batches: readonly (readonly number[])[],
  places: (index: number) => number,
  most: number,
): number[] {
  const roundUp = (tokens: number): number => Math.ceil(tokens / 8) * 8;
  const longest = roundUp(batches.flat().reduce((sofar, index) => Math.max(sofar, places(index)), 0));
  const fullest = batches
    .map((batch) => batch.reduce((total, index) => total + places(index), 0))
    .reduce((sofar, total) => Math.max(sofar, total), 0);
  const last = Math.max(longest, Math.min(roundUp(most), roundUp(fullest)));
  const step = Math.max(8, roundUp((last - longest) / CANDIDATES));
  return Array.from({ length: Math.floor((last - longest) / step) + 1 }, (_, i) => longest + i * step);
}
