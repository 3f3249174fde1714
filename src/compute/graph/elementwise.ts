import { node } from './node';
import { fail } from './shape-rules';
import { fill } from './sources';
import type { DType } from './tensor';
import type { Operand, Value } from './value';

// Binary ops broadcast as numpy does and want equal dtypes; a plain number takes the other operand's dtype.

/** a + b, in f32, bf16 or i32. */
export const add = (a: Operand, b: Operand) => node('add', pair('add', a, b), {});
/** a − b, in f32, bf16 or i32. */
export const sub = (a: Operand, b: Operand) => node('sub', pair('sub', a, b), {});
/** a · b element by element, in f32, bf16 or i32. */
export const mul = (a: Operand, b: Operand) => node('mul', pair('mul', a, b), {});
/** a / b, in f32 or bf16. */
export const div = (a: Operand, b: Operand) => node('div', pair('div', a, b), {});
/** The larger of a and b; where they are equal the gradient goes to a. */
export const maximum = (a: Operand, b: Operand) => node('maximum', pair('maximum', a, b), {});
/** The smaller of a and b; where they are equal the gradient goes to a. */
export const minimum = (a: Operand, b: Operand) => node('minimum', pair('minimum', a, b), {});

export const neg = (x: Value) => node('neg', [x], {});
export const exp = (x: Value) => node('exp', [x], {});
/** Natural logarithm. */
export const log = (x: Value) => node('log', [x], {});
export const sqrt = (x: Value) => node('sqrt', [x], {});
/** 1 / √x. */
export const rsqrt = (x: Value) => node('rsqrt', [x], {});
export const square = (x: Value) => node('square', [x], {});
/** 1 / (1 + e^−x). */
export const sigmoid = (x: Value) => node('sigmoid', [x], {});
export const tanh = (x: Value) => node('tanh', [x], {});
/** |x|; its gradient at 0 is 0. */
export const abs = (x: Value) => node('abs', [x], {});

/** x in another dtype: f32 to bf16 rounds to nearest even, floats to integers truncate, bool is x ≠ 0. x itself if it has it. */
export const cast = (x: Value, dtype: DType): Value => (x.dtype === dtype ? x : node('cast', [x], { dtype }));

/** a where the condition holds, else b; all three broadcast. condition bool, a and b of one dtype. */
export function where(condition: Value, a: Operand, b: Operand): Value<'where'> {
  return node('where', [condition, ...pair('where', a, b)], {});
}

/** a = b → bool, on any dtype. */
export const equal = (a: Operand, b: Operand) => node('equal', pair('equal', a, b), {});
/** a < b → bool. */
export const less = (a: Operand, b: Operand) => node('less', pair('less', a, b), {});
/** a ≤ b → bool. */
export const lessEqual = (a: Operand, b: Operand) => node('lessEqual', pair('lessEqual', a, b), {});
/** a > b → bool. */
export const greater = (a: Operand, b: Operand) => node('greater', pair('greater', a, b), {});
/** a ≥ b → bool. */
export const greaterEqual = (a: Operand, b: Operand) => node('greaterEqual', pair('greaterEqual', a, b), {});

export const logicalAnd = (a: Value, b: Value) => node('logicalAnd', [a, b], {});
export const logicalOr = (a: Value, b: Value) => node('logicalOr', [a, b], {});
export const logicalNot = (x: Value) => node('logicalNot', [x], {});

function pair(op: string, a: Operand, b: Operand): readonly [Value, Value] {
  if (typeof a !== 'number') return [a, typeof b === 'number' ? fill(b, [], a.dtype) : b];
  if (typeof b === 'number')
    return fail(op, 'one operand must be a value', `${a} and ${b}`, 'Compute it in TypeScript.');
  return [fill(a, [], b.dtype), b];
}
