import {
  add,
  cast,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  mul,
  neg,
  rsqrt,
  sigmoid,
  square,
  sub,
  where,
} from './elementwise';
import { crossEntropyGrad, softmax } from './fused';
import { broadcastTo, pad, reshape, slice, transpose } from './layout';
import { gather, matmul, unsortedSegmentSum } from './linear';
import { mean, sum, topK } from './reductions';
import { constant } from './sources';
import { isFloat, type Shape, sizeOf } from './tensor';
import type { OpAttrs, OpName, Value } from './value';

/** What a gradient rule sees. `inputs` and `output` may be recomputed copies of the forward values. */
export interface VjpCall<Op extends OpName> {
  readonly grad: Value;
  readonly inputs: readonly Value[];
  readonly output: Value;
  readonly attrs: OpAttrs[Op];
}

/** The gradient of each input, in its shape and dtype; null where an input has none by its nature (integers, conditions). */
export type Vjp<Op extends OpName> = (call: VjpCall<Op>) => readonly (Value | null)[];

/** An op that ends the chain: `none` gives its inputs the gradient zero, `refused` is an error; both say why. */
export type NoVjp = { readonly none: string } | { readonly refused: string };

const LEAF = { none: 'it has no inputs' } as const;
const DISCRETE = { none: 'its output is not a real number' } as const;

/** One row per op: vector times Jacobian, or why there is none. */
export const VJPS: { readonly [Op in OpName]: Vjp<Op> | NoVjp } = {
  input: LEAF,
  variable: LEAF,
  constant: LEAF,
  fill: LEAF,

  add: ({ grad, inputs: [a, b] }) => [sumTo(grad, a.shape), sumTo(grad, b.shape)],
  sub: ({ grad, inputs: [a, b] }) => [sumTo(grad, a.shape), sumTo(neg(grad), b.shape)],
  mul: ({ grad, inputs: [a, b] }) => [sumTo(mul(grad, b), a.shape), sumTo(mul(grad, a), b.shape)],
  div({ grad, inputs: [a, b], output }) {
    const toA = div(grad, b);
    return [sumTo(toA, a.shape), sumTo(neg(mul(toA, output)), b.shape)];
  },
  maximum: ({ grad, inputs: [a, b] }) => chosen(greaterEqual(a, b), grad, a, b),
  minimum: ({ grad, inputs: [a, b] }) => chosen(lessEqual(a, b), grad, a, b),
  neg: ({ grad }) => [neg(grad)],
  exp: ({ grad, output }) => [mul(grad, output)],
  log: ({ grad, inputs: [x] }) => [div(grad, x)],
  sqrt: ({ grad, output }) => [div(mul(grad, 0.5), output)],
  rsqrt: ({ grad, output }) => [mul(mul(grad, -0.5), mul(output, square(output)))],
  square: ({ grad, inputs: [x] }) => [mul(grad, mul(x, 2))],
  sigmoid: ({ grad, output }) => [mul(grad, mul(output, sub(1, output)))],
  tanh: ({ grad, output }) => [mul(grad, sub(1, square(output)))],
  abs: ({ grad, inputs: [x] }) => [where(greater(x, 0), grad, where(less(x, 0), neg(grad), 0))],
  cast: ({ grad, inputs: [x] }) => [isFloat(x.dtype) ? cast(grad, x.dtype) : null],
  where: ({ grad, inputs: [condition, a, b] }) => [null, ...chosen(condition, grad, a, b)],
  equal: DISCRETE,
  less: DISCRETE,
  lessEqual: DISCRETE,
  greater: DISCRETE,
  greaterEqual: DISCRETE,
  logicalAnd: DISCRETE,
  logicalOr: DISCRETE,
  logicalNot: DISCRETE,

  sum: ({ grad, inputs: [x], attrs }) => [broadcastTo(reshape(grad, keptShape(x, attrs.axes)), x.shape)],
  mean({ grad, inputs: [x], attrs }) {
    const count = attrs.axes.reduce((product, axis) => product * x.shape[axis], 1);
    return [broadcastTo(reshape(mul(grad, 1 / count), keptShape(x, attrs.axes)), x.shape)];
  },
  max({ grad, inputs: [x], output, attrs }) {
    const kept = keptShape(x, attrs.axes);
    const isMax = cast(equal(x, reshape(output, kept)), x.dtype);
    return [mul(isMax, div(reshape(grad, kept), sum(isMax, attrs.axes, true)))];
  },
  argMax: DISCRETE,
  topKValues({ grad, inputs: [x], attrs: { k } }) {
    const last = x.shape[x.shape.length - 1];
    const rows = sizeOf(x.shape.slice(0, -1));
    const starts = constant(
      Int32Array.from({ length: rows }, (_, row) => row * last),
      [rows, 1],
      'i32',
    );
    const places = add(reshape(topK(x, k).indices, [rows, k]), starts);
    return [reshape(unsortedSegmentSum(reshape(grad, [rows, k]), places, rows * last), x.shape)];
  },
  topKIndices: DISCRETE,

  reshape: ({ grad, inputs: [x] }) => [reshape(grad, x.shape)],
  transpose({ grad, attrs: { perm } }) {
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    return [transpose(grad, inverse)];
  },
  slice({ grad, inputs: [x], attrs: { begin, size } }) {
    const paddings = x.shape.map((n, axis) => [begin[axis], n - begin[axis] - size[axis]] as const);
    return [pad(grad, paddings)];
  },
  concat({ grad, inputs, attrs: { axis } }) {
    let start = 0;
    return inputs.map((x) => {
      const begin = x.shape.map((_, i) => (i === axis ? start : 0));
      start += x.shape[axis];
      return slice(grad, begin, x.shape);
    });
  },
  broadcastTo: ({ grad, inputs: [x] }) => [sumTo(grad, x.shape)],
  pad({ grad, inputs: [x], attrs: { paddings } }) {
    const begin = paddings.map(([before]) => before);
    return [slice(grad, begin, x.shape)];
  },

  matmul({ grad, inputs: [a, b], attrs }) {
    return [matmulGradA(grad, b, attrs), matmulGradB(grad, a, b, attrs)];
  },
  gather: ({ grad, inputs: [x, indices] }) => [unsortedSegmentSum(grad, indices, x.shape[0]), null],
  unsortedSegmentSum({ grad, inputs: [data, ids] }) {
    const rows = gather(grad, maximum(ids, 0));
    const present = reshape(greaterEqual(ids, 0), [...ids.shape, ...data.shape.slice(ids.shape.length).map(() => 1)]);
    return [where(present, rows, 0), null];
  },

  softmax({ grad, inputs: [x], output }) {
    const [dy, y] = [cast(grad, 'f32'), cast(output, 'f32')];
    return [cast(softmaxGrad(dy, y), x.dtype)];
  },
  silu({ grad, inputs: [x] }) {
    const gate = sigmoid(x);
    return [mul(grad, mul(gate, add(1, mul(x, sub(1, gate)))))];
  },
  // With x̂ = x / rms: dx = (dx̂ − x̂ · mean(dx̂ · x̂)) / rms, where dx̂ = dy · gain.
  rmsNorm({ grad, inputs: [x, gain], attrs: { eps } }) {
    const [dy, x32] = [cast(grad, 'f32'), cast(x, 'f32')];
    const inverse = rsqrt(add(mean(square(x32), -1, true), eps));
    const unit = mul(x32, inverse);
    const toUnit = mul(dy, cast(gain, 'f32'));
    const toX = mul(inverse, sub(toUnit, mul(unit, mean(mul(toUnit, unit), -1, true))));
    return [cast(toX, x.dtype), cast(sumTo(mul(dy, unit), gain.shape), gain.dtype)];
  },
  crossEntropy({ grad, inputs: [logits, targets] }) {
    return [mul(crossEntropyGrad(logits, targets), reshape(grad, [grad.shape[0], 1])), null];
  },
  crossEntropyGrad: ({ grad, inputs: [logits] }) => [softmaxGrad(grad, softmax(logits)), null],

  randomUniform: { none: 'its input is a seed' },
  stopGradient: { none: 'that is its purpose' },
  barrier: ({ grad }) => [grad, null],
  custom: ({ grad, output, attrs }) => [null, ...attrs.backward(grad, output)],
  updateRows: { refused: 'it writes in place, so the value before is gone' },

  loop: { refused: 'the values of its passes are not kept' },
  loopEntry: LEAF,
  loopResult: { refused: 'the values of the passes of its loop are not kept' },
};

/** Sums a gradient over the axes along which an operand of `shape` was broadcast. */
export function sumTo(grad: Value, shape: Shape): Value {
  const added = grad.shape.length - shape.length;
  const axes = [...grad.shape.keys()].filter(
    (axis) => axis < added || (shape[axis - added] === 1 && grad.shape[axis] !== 1),
  );
  return axes.length === 0 ? reshape(grad, shape) : reshape(sum(grad, axes), shape);
}

function chosen(first: Value, grad: Value, a: Value, b: Value): [Value, Value] {
  return [sumTo(where(first, grad, 0), a.shape), sumTo(where(first, 0, grad), b.shape)];
}

function keptShape(x: Value, axes: readonly number[]): Shape {
  return x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
}

function softmaxGrad(dy: Value, y: Value): Value {
  return mul(y, sub(dy, sum(mul(dy, y), -1, true)));
}

// Each product reads its operands through transpose flags, so a backward pass moves no matrix.
function matmulGradA(grad: Value, b: Value, { transposeA, transposeB }: OpAttrs['matmul']): Value {
  if (transposeA) return matmul(b, grad, { transposeA: transposeB, transposeB: true });
  return matmul(grad, b, { transposeB: !transposeB });
}

function matmulGradB(grad: Value, a: Value, b: Value, { transposeA, transposeB }: OpAttrs['matmul']): Value {
  if (b.shape.length === 2 && a.shape.length > 2) {
    const rowsA = reshape(a, [-1, a.shape[a.shape.length - 1]]);
    const rowsGrad = reshape(grad, [-1, grad.shape[grad.shape.length - 1]]);
    return transposeB ? matmul(rowsGrad, rowsA, { transposeA: true }) : matmul(rowsA, rowsGrad, { transposeA: true });
  }
  if (transposeB) return matmul(grad, a, { transposeA: true, transposeB: transposeA });
  return matmul(a, grad, { transposeA: !transposeA });
}
