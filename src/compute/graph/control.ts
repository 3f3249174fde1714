import { node } from './node';
import { fail } from './shape-rules';
import { describe, type Shape, sameShape } from './tensor';
import type { CustomBackward, Value } from './value';

/**
 * Uniform f32 numbers on [0, 1) that are a function of the seed (i32 [2]) and the shape alone.
 * Philox 4x32-10, with the seed scrambled as TensorFlow's StatelessRandomUniform does, so that lowerings agree bit for bit.
 */
export function randomUniform(seed: Value, shape: Shape): Value<'randomUniform'> {
  return node('randomUniform', [seed], { shape });
}

/** x, but no gradient passes. */
export function stopGradient(x: Value): Value<'stopGradient'> {
  return node('stopGradient', [x], {});
}

/** x, not available before `after` has been computed, and never merged with an equal expression outside the barrier. */
export function barrier(x: Value, after: Value): Value<'barrier'> {
  return node('barrier', [x, after], {});
}

/**
 * The value of `forward` with a hand-written gradient: `backward(grad, output)` gives the gradient of each of `inputs`,
 * and nothing flows back through the interior of `forward`. `grad` and each gradient have the shape and dtype of what they belong to.
 * Lowerings compute `forward` alone.
 */
export function custom(
  name: string,
  inputs: readonly Value[],
  forward: Value,
  backward: CustomBackward,
): Value<'custom'> {
  return node('custom', [forward, ...inputs], { name, backward });
}

/**
 * Writes rows of a variable in place along axis 0 and gives the variable after the write: variable [N, ...],
 * index i32 [n] (distinct, each in 0 to N−1), rows [n, ...] of its dtype → [N, ...].
 * A program, with the bodies of its loops, holds at most one updateRows per variable and reads that variable only through it.
 */
export function updateRows(variable: Value, index: Value, rows: Value): Value<'updateRows'> {
  return node('updateRows', [variable, index, rows], {});
}

/** Throws ShapeError unless a hand-written gradient has the shape and dtype of its input. */
export function checkGradient(where: string, input: Value, grad: Value): void {
  if (grad.dtype !== input.dtype || !sameShape(grad.shape, input.shape))
    fail(
      where,
      'a gradient must have the shape and dtype of its input',
      `${describe(grad)} for ${describe(input)}`,
      'Fix the backward.',
    );
}
