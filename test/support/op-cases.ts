import * as g from '../../src/compute/graph';
import { type DType, type OpName, roundToBf16, type Shape, type Value } from '../../src/compute/graph';
import { get, indicesOf, make, type Nd, product, reduce, rows, softmaxRow, zip } from './nd';

/** How one input of a case is drawn. */
export interface Drawn {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Numbers from a uniform on [0, 1). */
  readonly draw: (uniform: number, place: number) => number;
}

/** One use of an op: how to build it and the same thing in plain double arithmetic. */
export interface OpCase {
  readonly name: string;
  readonly inputs: readonly Drawn[];
  readonly build: (...inputs: Value[]) => Value;
  readonly reference: (...inputs: Nd[]) => Nd;
  /** Largest relative error of the gradient, where rounding to bf16 is part of the op. */
  readonly gradientTolerance?: number;
}

const normalish = (u: number) => (u - 0.5) * 4;
const positive = (u: number) => 0.3 + 2 * u;
const f32 = (...shape: number[]): Drawn => ({ shape, dtype: 'f32', draw: normalish });
const above0 = (...shape: number[]): Drawn => ({ shape, dtype: 'f32', draw: positive });
const ints = (n: number, ...shape: number[]): Drawn => ({ shape, dtype: 'i32', draw: (u) => Math.floor(u * n) });
const bools = (...shape: number[]): Drawn => ({ shape, dtype: 'bool', draw: (u) => Number(u < 0.5) });

function binary(build: (a: Value, b: Value) => Value, f: (a: number, b: number) => number, second = f32): OpCase[] {
  const reference = (a: Nd, b: Nd) => zip(f, a, b);
  return [
    { name: 'equal shapes', inputs: [f32(2, 3), second(2, 3)], build, reference },
    { name: 'b broadcast over a row', inputs: [f32(2, 3, 5), second(5)], build, reference },
    { name: 'both broadcast', inputs: [f32(2, 1, 5), second(3, 1)], build, reference },
    { name: 'scalar a', inputs: [f32(), second(3, 2)], build, reference },
  ];
}

function comparisons(build: (a: Value, b: Value) => Value, f: (a: number, b: number) => boolean): OpCase[] {
  const reference = (a: Nd, b: Nd) => zip((x, y) => Number(f(x, y)), a, b);
  return [
    { name: 'f32 broadcast', inputs: [f32(2, 1, 5), f32(3, 1)], build, reference },
    { name: 'i32 with ties', inputs: [ints(3, 4, 5), ints(3, 5)], build, reference },
  ];
}

function unary(build: (x: Value) => Value, f: (x: number) => number, input = f32): OpCase[] {
  return [{ name: 'each element', inputs: [input(2, 3, 5)], build, reference: (x) => zip(f, x) }];
}

function reductions(
  build: (x: Value, axes?: number | readonly number[], keep?: boolean) => Value,
  f: (group: number[]) => number,
): OpCase[] {
  const input = [f32(2, 3, 5)];
  return [
    { name: 'all axes', inputs: input, build: (x) => build(x), reference: (x) => reduce(x, [0, 1, 2], false, f) },
    {
      name: 'last axis kept',
      inputs: input,
      build: (x) => build(x, -1, true),
      reference: (x) => reduce(x, [2], true, f),
    },
    {
      name: 'outer axes',
      inputs: input,
      build: (x) => build(x, [0, 2]),
      reference: (x) => reduce(x, [0, 2], false, f),
    },
    { name: 'no axes', inputs: input, build: (x) => build(x, []), reference: (x) => x },
  ];
}

function matmuls(): OpCase[] {
  const flags = [false, true];
  const shapes = (lead: number[], m: number, n: number, swapped: boolean) =>
    f32(...lead, ...(swapped ? [n, m] : [m, n]));
  const square = flags.flatMap((transposeA) =>
    flags.flatMap((transposeB) =>
      [[], [3], [2, 3]].map(
        (lead): OpCase => ({
          name: `lead [${lead}] transposeA ${transposeA} transposeB ${transposeB}`,
          inputs: [shapes(lead, 2, 5, transposeA), shapes(lead, 5, 4, transposeB)],
          build: (a, b) => g.matmul(a, b, { transposeA, transposeB }),
          reference: (a, b) => product(a, b, transposeA, transposeB),
        }),
      ),
    ),
  );
  const shared = flags.map(
    (transposeB): OpCase => ({
      name: `b shared by a batch, transposeB ${transposeB}`,
      inputs: [f32(2, 3, 5), shapes([], 5, 4, transposeB)],
      build: (a, b) => g.matmul(a, b, { transposeB }),
      reference: (a, b) => product(a, b, false, transposeB),
    }),
  );
  return [...square, ...shared];
}

const sumOf = (group: readonly number[]) => group.reduce((total, x) => total + x, 0);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

function rmsNormReference(x: Nd, gain: Nd): Nd {
  return rows(x, (row) => {
    const rms = Math.sqrt(sumOf(row.map((v) => v * v)) / row.length + 1e-3);
    return row.map((v, i) => (v / rms) * gain.data[i]);
  });
}

function segmentSum(data: Nd, ids: Nd, segments: number): Nd {
  const rest = data.shape.slice(ids.shape.length);
  return make([segments, ...rest], ([segment, ...inner]) =>
    sumOf(indicesOf(ids.shape).map((outer) => (get(ids, outer) === segment ? get(data, [...outer, ...inner]) : 0))),
  );
}

function topKOf(row: number[], k: number): { value: number; place: number }[] {
  const ranked = row.map((value, place) => ({ value, place })).sort((a, b) => b.value - a.value || a.place - b.place);
  return ranked.slice(0, k);
}

const identity = (x: Nd) => x;

/**
 * Cases of every op, total over the op table. An op with a gradient row is differentiated in each of its cases;
 * sources, random numbers and in-place writes have no plain formula and stand in `OPS_TESTED_ELSEWHERE`.
 */
export const OP_CASES: { readonly [Op in OpName]: readonly OpCase[] } = {
  input: [],
  variable: [],
  constant: [
    {
      name: 'written numbers',
      inputs: [],
      build: () => g.constant([1, -2, 3, 4, 5, 0.5], [2, 3]),
      reference: () => ({ shape: [2, 3], data: [1, -2, 3, 4, 5, 0.5] }),
    },
  ],
  fill: [
    { name: 'one number', inputs: [], build: () => g.fill(2.5, [2, 3]), reference: () => make([2, 3], () => 2.5) },
  ],

  add: binary(g.add, (a, b) => a + b),
  sub: binary(g.sub, (a, b) => a - b),
  mul: binary(g.mul, (a, b) => a * b),
  div: binary(g.div, (a, b) => a / b, above0),
  maximum: binary(g.maximum, Math.max),
  minimum: binary(g.minimum, Math.min),
  neg: unary(g.neg, (x) => -x),
  exp: unary(g.exp, Math.exp),
  log: unary(g.log, Math.log, above0),
  sqrt: unary(g.sqrt, Math.sqrt, above0),
  rsqrt: unary(g.rsqrt, (x) => 1 / Math.sqrt(x), above0),
  square: unary(g.square, (x) => x * x),
  sigmoid: unary(g.sigmoid, sigmoid),
  tanh: unary(g.tanh, Math.tanh),
  abs: unary(g.abs, Math.abs),
  cast: [
    {
      name: 'f32 to bf16 to f32',
      inputs: [{ shape: [2, 3], dtype: 'f32', draw: (u) => roundToBf16(normalish(u)) }],
      build: (x) => g.cast(g.cast(x, 'bf16'), 'f32'),
      reference: identity,
      gradientTolerance: 1 / 256,
    },
    {
      name: 'f32 to i32 truncates',
      inputs: [f32(3, 5)],
      build: (x) => g.cast(x, 'i32'),
      reference: (x) => zip(Math.trunc, x),
    },
    { name: 'i32 to f32', inputs: [ints(9, 4)], build: (x) => g.cast(x, 'f32'), reference: identity },
    { name: 'bool to f32', inputs: [bools(4)], build: (x) => g.cast(x, 'f32'), reference: identity },
    {
      name: 'i32 to bool',
      inputs: [ints(3, 7)],
      build: (x) => g.cast(x, 'bool'),
      reference: (x) => zip((v) => Number(v !== 0), x),
    },
    { name: 'i32 to u8', inputs: [ints(256, 7)], build: (x) => g.cast(x, 'u8'), reference: identity },
  ],
  where: [
    {
      name: 'equal shapes',
      inputs: [bools(2, 3), f32(2, 3), f32(2, 3)],
      build: g.where,
      reference: (c, a, b) => zip((p, x, y) => (p ? x : y), c, a, b),
    },
    {
      name: 'all broadcast',
      inputs: [bools(3, 1), f32(2, 1, 5), f32()],
      build: g.where,
      reference: (c, a, b) => zip((p, x, y) => (p ? x : y), c, a, b),
    },
  ],
  equal: comparisons(g.equal, (a, b) => a === b),
  less: comparisons(g.less, (a, b) => a < b),
  lessEqual: comparisons(g.lessEqual, (a, b) => a <= b),
  greater: comparisons(g.greater, (a, b) => a > b),
  greaterEqual: comparisons(g.greaterEqual, (a, b) => a >= b),
  logicalAnd: [
    {
      name: 'broadcast',
      inputs: [bools(2, 3), bools(3)],
      build: g.logicalAnd,
      reference: (a, b) => zip((x, y) => x & y, a, b),
    },
  ],
  logicalOr: [
    {
      name: 'broadcast',
      inputs: [bools(2, 3), bools(3)],
      build: g.logicalOr,
      reference: (a, b) => zip((x, y) => x | y, a, b),
    },
  ],
  logicalNot: [
    { name: 'each element', inputs: [bools(5)], build: g.logicalNot, reference: (x) => zip((v) => 1 - v, x) },
  ],

  sum: [
    ...reductions(g.sum, sumOf),
    { name: 'i32', inputs: [ints(9, 2, 3)], build: (x) => g.sum(x, 0), reference: (x) => reduce(x, [0], false, sumOf) },
  ],
  mean: reductions(g.mean, (group) => sumOf(group) / group.length),
  max: reductions(g.max, (group) => Math.max(...group)),
  argMax: [
    {
      name: 'last axis',
      inputs: [f32(2, 3, 5)],
      build: (x) => g.argMax(x),
      reference: (x) => reduce(x, [2], false, (group) => group.indexOf(Math.max(...group))),
    },
    {
      name: 'middle axis, with ties',
      inputs: [{ shape: [2, 4, 3], dtype: 'f32', draw: (u) => Math.floor(u * 3) }],
      build: (x) => g.argMax(x, 1),
      reference: (x) => reduce(x, [1], false, (group) => group.indexOf(Math.max(...group))),
    },
  ],
  topKValues: [
    {
      name: '2 of 5',
      inputs: [f32(2, 3, 5)],
      build: (x) => g.topK(x, 2).values,
      reference: (x) => rows(x, (row) => topKOf(row, 2).map(({ value }) => value)),
    },
    {
      name: 'all of one row',
      inputs: [f32(4)],
      build: (x) => g.topK(x, 4).values,
      reference: (x) => rows(x, (row) => topKOf(row, 4).map(({ value }) => value)),
    },
  ],
  topKIndices: [
    {
      name: '3 of 7 with ties',
      inputs: [{ shape: [3, 7], dtype: 'f32', draw: (u) => Math.floor(u * 3) }],
      build: (x) => g.topK(x, 3).indices,
      reference: (x) => rows(x, (row) => topKOf(row, 3).map(({ place }) => place)),
    },
  ],

  reshape: [
    {
      name: 'with −1',
      inputs: [f32(2, 3, 5)],
      build: (x) => g.reshape(x, [5, -1]),
      reference: (x) => ({ ...x, shape: [5, 6] }),
    },
  ],
  transpose: [
    {
      name: 'three axes',
      inputs: [f32(2, 3, 5)],
      build: (x) => g.transpose(x, [2, 0, 1]),
      reference: (x) => make([5, 2, 3], ([i, j, k]) => get(x, [j, k, i])),
    },
    {
      name: 'last two by default',
      inputs: [f32(2, 3, 5)],
      build: (x) => g.transpose(x),
      reference: (x) => make([2, 5, 3], ([i, j, k]) => get(x, [i, k, j])),
    },
  ],
  slice: [
    {
      name: 'inner block, −1 to the end',
      inputs: [f32(4, 3, 5)],
      build: (x) => g.slice(x, [1, 0, 2], [2, 3, -1]),
      reference: (x) => make([2, 3, 3], ([i, j, k]) => get(x, [i + 1, j, k + 2])),
    },
  ],
  concat: [
    {
      name: 'three along axis 1',
      inputs: [f32(2, 1, 3), f32(2, 4, 3), f32(2, 2, 3)],
      build: (...xs) => g.concat(xs, 1),
      reference: (a, b, c) =>
        make([2, 7, 3], ([i, j, k]) =>
          j < 1 ? get(a, [i, j, k]) : j < 5 ? get(b, [i, j - 1, k]) : get(c, [i, j - 5, k]),
        ),
    },
    {
      name: 'along the last axis',
      inputs: [f32(2, 3), f32(2, 5)],
      build: (...xs) => g.concat(xs, -1),
      reference: (a, b) => make([2, 8], ([i, j]) => (j < 3 ? get(a, [i, j]) : get(b, [i, j - 3]))),
    },
  ],
  broadcastTo: [
    {
      name: 'new and stretched axes',
      inputs: [f32(3, 1)],
      build: (x) => g.broadcastTo(x, [2, 3, 4]),
      reference: (x) => make([2, 3, 4], ([, i]) => get(x, [i, 0])),
    },
    {
      name: 'a scalar',
      inputs: [f32()],
      build: (x) => g.broadcastTo(x, [2, 3]),
      reference: (x) => make([2, 3], () => x.data[0]),
    },
  ],
  pad: [
    {
      name: 'uneven, with a value',
      inputs: [f32(2, 3)],
      build: (x) =>
        g.pad(
          x,
          [
            [1, 0],
            [2, 4],
          ],
          7,
        ),
      reference: (x) => make([3, 9], ([i, j]) => (i >= 1 && j >= 2 && j < 5 ? get(x, [i - 1, j - 2]) : 7)),
    },
  ],

  matmul: matmuls(),
  gather: [
    {
      name: 'rows of a table by a matrix of repeated indices',
      inputs: [f32(5, 3), ints(5, 2, 4)],
      build: g.gather,
      reference: (x, at) => make([2, 4, 3], ([i, j, k]) => get(x, [get(at, [i, j]), k])),
    },
    {
      name: 'elements of a vector',
      inputs: [f32(6), ints(6, 4)],
      build: g.gather,
      reference: (x, at) => make([4], ([i]) => x.data[at.data[i]]),
    },
  ],
  unsortedSegmentSum: [
    {
      name: 'repeated, missing and negative ids',
      inputs: [f32(2, 4, 3), { shape: [2, 4], dtype: 'i32', draw: (u) => Math.floor(u * 6) - 1 }],
      build: (data, ids) => g.unsortedSegmentSum(data, ids, 7),
      reference: (data, ids) => segmentSum(data, ids, 7),
    },
    {
      name: 'a vector',
      inputs: [f32(5), ints(3, 5)],
      build: (data, ids) => g.unsortedSegmentSum(data, ids, 3),
      reference: (data, ids) => segmentSum(data, ids, 3),
    },
  ],

  softmax: [
    { name: 'last axis', inputs: [f32(2, 3, 5)], build: g.softmax, reference: (x) => rows(x, softmaxRow) },
    {
      name: 'far from zero',
      inputs: [{ shape: [2, 4], dtype: 'f32', draw: (u) => 512 + Math.round(u * 64) / 16 }],
      build: g.softmax,
      reference: (x) => rows(x, softmaxRow),
    },
  ],
  silu: unary(g.silu, (x) => x * sigmoid(x)),
  rmsNorm: [
    {
      name: 'matrix',
      inputs: [f32(3, 5), f32(5)],
      build: (x, gain) => g.rmsNorm(x, gain, 1e-3),
      reference: rmsNormReference,
    },
    {
      name: 'batch',
      inputs: [f32(2, 3, 4), f32(4)],
      build: (x, gain) => g.rmsNorm(x, gain, 1e-3),
      reference: rmsNormReference,
    },
  ],
  crossEntropy: [
    {
      name: 'sparse targets',
      inputs: [f32(4, 5), ints(5, 4)],
      build: g.crossEntropy,
      reference: (logits, targets) => {
        const probabilities = rows(logits, softmaxRow);
        return make([4], ([i]) => -Math.log(get(probabilities, [i, targets.data[i]])));
      },
    },
  ],
  crossEntropyGrad: [
    {
      name: 'sparse targets',
      inputs: [f32(4, 5), ints(5, 4)],
      build: g.crossEntropyGrad,
      reference: (logits, targets) => {
        const probabilities = rows(logits, softmaxRow);
        return make([4, 5], ([i, j]) => get(probabilities, [i, j]) - Number(targets.data[i] === j));
      },
    },
  ],

  randomUniform: [],
  stopGradient: [{ name: 'the value', inputs: [f32(2, 3)], build: g.stopGradient, reference: identity }],
  barrier: [{ name: 'the value', inputs: [f32(2, 3), f32(5)], build: g.barrier, reference: identity }],
  custom: [
    {
      name: 'a product with its own rule',
      inputs: [f32(2, 3), f32(2, 3)],
      build: (a, b) => g.custom('product', [a, b], g.mul(a, b), (grad) => [g.mul(grad, b), g.mul(grad, a)]),
      reference: (a, b) => zip((x, y) => x * y, a, b),
    },
  ],
  updateRows: [],

  loop: [
    {
      name: 'passes until the sum reaches a bound',
      inputs: [above0(3)],
      build: (x) =>
        g.loop({
          state: { total: g.sum(x) },
          condition: ({ total }) => g.less(total, 10),
          body: ({ total }) => ({ total: g.add(total, g.sum(x)) }),
        }).iterations,
      reference: (x) => make([], () => Math.max(0, Math.ceil(10 / sumOf(x.data)) - 1)),
    },
  ],
  loopEntry: [],
  loopResult: [
    {
      name: 'a power by repeated products, another entry counts',
      inputs: [f32(2, 3)],
      // A loop passes no gradient on.
      build: (input) => {
        const x = g.stopGradient(input);
        return g.loop({
          state: { power: x, count: g.fill(1, [], 'i32') },
          condition: ({ count }) => g.less(count, 4),
          body: ({ power, count }) => ({ power: g.mul(power, x), count: g.add(count, 1) }),
        }).state.power;
      },
      reference: (x) => zip((v) => v ** 4, x),
    },
  ],
};

/** Ops without a formula of their inputs, and the test that holds each. */
export const OPS_TESTED_ELSEWHERE: Partial<Record<OpName, string>> = {
  input: 'feeds are read back',
  variable: 'assigned variables are read back',
  randomUniform: 'numbers of the seed',
  updateRows: 'in-place writes',
  loopEntry: 'the state of a pass, which stands only inside a loop',
};
