import { node } from './node';
import { fail, normalAxis } from './shape-rules';
import { type Shape, sameShape, sizeOf } from './tensor';
import type { Value } from './value';

/** The same elements, row-major, under another shape; one dimension may be −1 and is filled in. x itself if the shape is its own. */
export function reshape(x: Value, shape: Shape): Value {
  const known = shape.reduce((product, n) => (n === -1 ? product : product * n), 1);
  const full = shape.map((n) => (n === -1 ? sizeOf(x.shape) / known : n));
  return sameShape(full, x.shape) ? x : node('reshape', [x], { shape: full });
}

/** Axes in another order: output axis i is input axis perm[i]; by default the last two are swapped. */
export function transpose(x: Value, perm?: readonly number[]): Value<'transpose'> {
  const rank = x.shape.length;
  const swapLastTwo = [...x.shape.keys()].map((axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return node('transpose', [x], { perm: perm ?? swapLastTwo });
}

/** The block of x from `begin` with `size`; −1 in size reaches to the end of that axis. */
export function slice(x: Value, begin: readonly number[], size: readonly number[]): Value<'slice'> {
  const full = size.map((n, axis) => (n === -1 ? x.shape[axis] - begin[axis] : n));
  return node('slice', [x], { begin, size: full });
}

/** Values one after the other along an axis; all other axes and the dtype agree. Throws ShapeError on an empty list. */
export function concat(xs: readonly Value[], axis: number): Value {
  if (xs.length === 0) return fail('concat', 'there must be at least one value', 'none', 'Skip the concat.');
  return xs.length === 1 ? xs[0] : node('concat', xs, { axis: normalAxis('concat', xs[0], axis) });
}

/** x repeated along its axes of size 1 and new leading axes. x itself if the shape is its own. */
export function broadcastTo(x: Value, shape: Shape): Value {
  return sameShape(shape, x.shape) ? x : node('broadcastTo', [x], { shape });
}

/** x with [before, after] elements of `value` added on each axis. */
export function pad(x: Value, paddings: readonly (readonly [number, number])[], value = 0): Value<'pad'> {
  return node('pad', [x], { paddings, value });
}
