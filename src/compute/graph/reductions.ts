import { node } from './node';
import { normalAxes, normalAxis } from './shape-rules';
import type { Value } from './value';

type Axes = number | readonly number[];

/** The sum over axes (all by default, negative ones from the end). bf16 is accumulated in f32 and rounded once. */
export function sum(x: Value, axes?: Axes, keepDims = false): Value<'sum'> {
  return node('sum', [x], { axes: normalAxes('sum', x, axes), keepDims });
}

/** The arithmetic mean over axes (all by default). bf16 is accumulated in f32 and rounded once. */
export function mean(x: Value, axes?: Axes, keepDims = false): Value<'mean'> {
  return node('mean', [x], { axes: normalAxes('mean', x, axes), keepDims });
}

/** The largest element over axes (all by default); equal maxima share the gradient in equal parts. */
export function max(x: Value, axes?: Axes, keepDims = false): Value<'max'> {
  return node('max', [x], { axes: normalAxes('max', x, axes), keepDims });
}

/** The index of the largest element along an axis, the first of equals → i32, without that axis. */
export function argMax(x: Value, axis = -1): Value<'argMax'> {
  return node('argMax', [x], { axis: normalAxis('argMax', x, axis) });
}

/** The k largest elements along the last axis, in descending order, and where they stood (i32); of equals the first comes first. */
export function topK(x: Value, k: number): { values: Value<'topKValues'>; indices: Value<'topKIndices'> } {
  return { values: node('topKValues', [x], { k }), indices: node('topKIndices', [x], { k }) };
}
