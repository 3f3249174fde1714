import type { HostTensor } from '../../compute/graph';
import { DataError, type RandomStream } from '../../core';
import type { EncodedExample } from '../../model/tokens';

/** Rows of a batch, places of a row, and what predicting a token of a prompt counts beside one behind it. */
export interface BatchShape {
  readonly rows: number;
  readonly tokens: number;
  readonly promptWeight: number;
}

/** The feeds of one step and how many tokens it predicts. */
export interface LineBatch {
  readonly feeds: Record<string, HostTensor>;
  readonly predicted: number;
}

/**
 * Batches without end: epochs over the lines, each in an order of its own, laid into rows of `tokens` places, each line into the
 * first row that has room for it; a batch ends before the first line for which none has. Every token of a line but its first is predicted, from those before it in the same line.
 * tokens, positions, segments, targets i32 [B,T], weights f32 [B,T] (0 where nothing is predicted; padding is segment -1).
 * Throws DataError if there is no line, or one has fewer than 2 tokens or more than `tokens` + 1.
 */
export function* lineBatches(
  lines: readonly EncodedExample[],
  shape: BatchShape,
  random: RandomStream,
): Generator<LineBatch, never> {
  checkLines(lines, shape.tokens);
  let batch = emptyBatch(shape);
  for (let epoch = 0; ; epoch++)
    for (const index of random.fork(epoch).shuffled([...lines.keys()])) {
      const line = lines[index];
      if (lay(batch, line)) continue;
      yield finished(batch);
      batch = emptyBatch(shape);
      lay(batch, line);
    }
}

function checkLines(lines: readonly EncodedExample[], tokens: number): void {
  if (lines.length === 0)
    throw new DataError('pretrain: there must be at least 1 line, got 0 (from the caller). Give the text to learn.');
  const wrong = lines.findIndex(({ ids: { length } }) => length < 2 || length > tokens + 1);
  if (wrong >= 0)
    throw new DataError(
      `pretrain: a line must have 2 to ${tokens + 1} tokens, got ${lines[wrong].ids.length} (line ${wrong + 1} of ${lines.length}). Cut it, or raise rowTokens.`,
    );
}

interface Filling {
  readonly shape: BatchShape;
  readonly tokens: Int32Array;
  readonly positions: Int32Array;
  readonly segments: Int32Array;
  readonly targets: Int32Array;
  readonly weights: Float32Array;
  /** By row: places that are taken, and lines in it. */
  readonly used: number[];
  readonly held: number[];
  predicted: number;
  weight: number;
}

function emptyBatch(shape: Filling['shape']): Filling {
  const places = shape.rows * shape.tokens;
  return {
    shape,
    tokens: new Int32Array(places),
    positions: new Int32Array(places),
    segments: new Int32Array(places).fill(-1),
    targets: new Int32Array(places),
    weights: new Float32Array(places),
    used: new Array<number>(shape.rows).fill(0),
    held: new Array<number>(shape.rows).fill(0),
    predicted: 0,
    weight: 0,
  };
}

/** Lays a line into the first row that has room; false where none has. */
function lay(batch: Filling, { ids, promptLength }: EncodedExample): boolean {
  const { used, held, shape } = batch;
  const places = ids.length - 1;
  const row = used.findIndex((taken) => taken + places <= shape.tokens);
  if (row < 0) return false;
  const start = row * shape.tokens + used[row];
  held[row]++;
  used[row] += places;
  for (let t = 0; t < places; t++) {
    const weight = t + 1 < promptLength ? shape.promptWeight : 1;
    batch.tokens[start + t] = ids[t];
    batch.positions[start + t] = t;
    batch.segments[start + t] = held[row];
    batch.targets[start + t] = ids[t + 1];
    batch.weights[start + t] = weight;
    batch.weight += weight;
  }
  batch.predicted += places;
  return true;
}

function finished({ shape: { rows, tokens: T }, predicted, weight, ...batch }: Filling): LineBatch {
  const shape = [rows, T];
  const i32 = (data: Int32Array): HostTensor => ({ shape, dtype: 'i32', data });
  return {
    feeds: {
      tokens: i32(batch.tokens),
      positions: i32(batch.positions),
      segments: i32(batch.segments),
      targets: i32(batch.targets),
      weights: { shape, dtype: 'f32', data: batch.weights },
      normaliser: { shape: [], dtype: 'f32', data: Float32Array.of(weight) },
    },
    predicted,
  };
}
