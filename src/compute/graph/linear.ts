import { node } from './node';
import { fail } from './shape-rules';
import type { Value } from './value';

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /**
   * b is a variable of rank 2 that is not set again once a program with this product has run; a is of rank 2. A backend may
   * then keep b in the order in which its kernel reads it, at the price of a second copy; a session refuses to set it again.
   */
  readonly constantB?: boolean;
}

/**
 * The matrix product over the last two axes: a [...,M,K] · b [...,K,N] → [...,M,N], in the common dtype (f32 or bf16).
 * A transpose option reads an operand with those two axes swapped, without moving it.
 * The leading dimensions are equal, or b has rank 2 and is used for each (a is then not transposed).
 */
export function matmul(a: Value, b: Value, options: MatmulOptions = {}): Value<'matmul'> {
  const { transposeA = false, transposeB = false, constantB = false } = options;
  return node('matmul', [a, b], { transposeA, transposeB, ...(constantB ? { constantB } : {}) });
}

/** Rows of x by number: x [N, ...], indices i32 of any shape, each in 0 to N−1 → [...indices, ...]. Its gradient is unsortedSegmentSum. */
export function gather(x: Value, indices: Value): Value<'gather'> {
  return node('gather', [x, indices], {});
}

/**
 * Adds rows that share an id: data [...ids, ...rest], ids i32 → [segments, ...rest].
 * A negative id drops its row; an id of `segments` or more is not allowed.
 */
export function unsortedSegmentSum(data: Value, ids: Value, segments: number): Value<'unsortedSegmentSum'> {
  if (!Number.isInteger(segments) || segments < 0)
    fail('unsortedSegmentSum', 'segments must be an integer ≥ 0', `${segments}`, 'Give a static count.');
  return node('unsortedSegmentSum', [data, ids], { segments });
}
