import type { HostTensor } from '../../compute/graph';
import { DataError } from '../../core';
import type { Bucket, SftExample } from './plan';
import { supervisedCount } from './plan';

/** The inputs of one forward pass and what they hold. */
export interface BatchFeeds {
  readonly feeds: Record<string, HostTensor>;
  /** Tokens of the rows, padding left out. */
  readonly tokens: number;
  readonly supervised: number;
}

/**
 * Lays rows of examples into a bucket's static shape, right-padded: tokens, positions, segments i32 [B,T], rows and targets
 * i32 [N] and weights f32 [N] of the supervised places (weight 0 fills up). The examples of a row are segments 1, 2, ..., each
 * with positions from 0, so that none sees another; padding is segment -1.
 * An example of n tokens takes n - 1 places; the place before each completion token predicts it.
 * Throws DataError if no token of the batch is supervised.
 */
export function batchFeeds(packed: readonly (readonly SftExample[])[], bucket: Bucket): BatchFeeds {
  const { rows: B, tokens: T, supervised: N } = bucket;
  const examples = packed.flat();
  const tokens = new Int32Array(B * T);
  const positions = new Int32Array(B * T);
  const segments = new Int32Array(B * T).fill(-1);
  const rows = new Int32Array(N);
  const targets = new Int32Array(N);
  const weights = new Float32Array(N);
  let supervised = 0;
  packed.forEach((row, b) => {
    let at = b * T;
    row.forEach((example, segment) => {
      const { ids } = example;
      const places = ids.length - 1;
      for (let t = 0; t < places; t++) {
        tokens[at + t] = ids[t];
        positions[at + t] = t;
        segments[at + t] = segment + 1;
      }
      for (let t = places - supervisedCount(example); t < places; t++) {
        rows[supervised] = at + t;
        targets[supervised] = ids[t + 1];
        weights[supervised++] = 1;
      }
      at += places;
    });
  });
  if (supervised === 0)
    throw new DataError(
      `trainSft: a batch must have a supervised token, got none in rows ${examples.map((e) => e.id).join(', ')}. Check promptLength of these rows.`,
    );
  return {
    feeds: {
      tokens: { shape: [B, T], dtype: 'i32', data: tokens },
      positions: { shape: [B, T], dtype: 'i32', data: positions },
      segments: { shape: [B, T], dtype: 'i32', data: segments },
      rows: { shape: [N], dtype: 'i32', data: rows },
      targets: { shape: [N], dtype: 'i32', data: targets },
      weights: { shape: [N], dtype: 'f32', data: weights },
    },
    tokens: examples.reduce((total, example) => total + example.ids.length, 0),
    supervised,
  };
}

/** A scalar f32 input. */
export function scalarFeed(value: number): HostTensor {
  return { shape: [], dtype: 'f32', data: Float32Array.of(value) };
}
