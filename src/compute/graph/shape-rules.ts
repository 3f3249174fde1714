import { ShapeError } from '../../core';
import { type DType, describe, type Shape, sameShape, sizeOf } from './tensor';
import type { OpAttrs, OpName, Value } from './value';

export interface Typed {
  readonly shape: Shape;
  readonly dtype: DType;
}

type Rule<Op extends OpName> = (inputs: readonly Value[], attrs: OpAttrs[Op], op: Op) => Typed;
type ShapeRules = { readonly [Op in OpName]: Rule<Op> };

const ARITHMETIC: readonly DType[] = ['f32', 'bf16', 'i32'];
const FLOATS: readonly DType[] = ['f32', 'bf16'];

/** The shape and dtype of each op's output from its inputs and attributes; each rule throws ShapeError. */
export const SHAPE_RULES: ShapeRules = {
  input: declared,
  variable: declared,
  constant(inputs, attrs, op) {
    const typed = declared(inputs, attrs, op);
    if (attrs.data.length !== sizeOf(attrs.shape))
      fail(op, `${describe(attrs)} holds ${sizeOf(attrs.shape)} numbers`, `${attrs.data.length}`, 'Pass that many.');
    return typed;
  },
  fill: declared,

  add: arithmetic,
  sub: arithmetic,
  mul: arithmetic,
  div(inputs, _attrs, op) {
    needDType(op, inputs[0], FLOATS, 'the dividend', 'Cast to a float first.');
    return arithmetic(inputs, _attrs, op);
  },
  maximum: arithmetic,
  minimum: arithmetic,
  neg: unaryOf(ARITHMETIC),
  exp: unaryOf(FLOATS),
  log: unaryOf(FLOATS),
  sqrt: unaryOf(FLOATS),
  rsqrt: unaryOf(FLOATS),
  square: unaryOf(FLOATS),
  sigmoid: unaryOf(FLOATS),
  tanh: unaryOf(FLOATS),
  abs: unaryOf(FLOATS),
  cast: ([x], attrs) => ({ shape: x.shape, dtype: attrs.dtype }),
  where([condition, a, b], _attrs, op) {
    needDType(op, condition, ['bool'], 'the condition', 'Make it with a comparison.');
    needSameDType(op, a, b);
    return { shape: broadcastShapes(op, condition, broadcastTyped(op, a, b)), dtype: a.dtype };
  },
  equal: comparison,
  less: comparison,
  lessEqual: comparison,
  greater: comparison,
  greaterEqual: comparison,
  logicalAnd: logical,
  logicalOr: logical,
  logicalNot: unaryOf(['bool']),

  sum([x], attrs, op) {
    needDType(op, x, ARITHMETIC, 'x', 'Cast it first.');
    return { shape: reduced(x, attrs), dtype: x.dtype };
  },
  mean([x], attrs, op) {
    needDType(op, x, FLOATS, 'x', 'Cast it first.');
    return { shape: reduced(x, attrs), dtype: x.dtype };
  },
  max([x], attrs, op) {
    needDType(op, x, ARITHMETIC, 'x', 'Cast it first.');
    return { shape: reduced(x, attrs), dtype: x.dtype };
  },
  argMax([x], attrs, op) {
    needDType(op, x, FLOATS, 'x', 'Cast it first.');
    return { shape: x.shape.filter((_, axis) => axis !== attrs.axis), dtype: 'i32' };
  },
  topKValues: ([x], attrs) => ({ shape: topKShape('topK', x, attrs.k), dtype: x.dtype }),
  topKIndices: ([x], attrs) => ({ shape: topKShape('topK', x, attrs.k), dtype: 'i32' }),

  reshape([x], attrs, op) {
    if (sizeOf(attrs.shape) !== sizeOf(x.shape) || !attrs.shape.every(isDimension))
      fail(op, 'the element count must stay', `${describe(x)} to [${attrs.shape}]`, 'Check the dimensions.');
    return { shape: attrs.shape, dtype: x.dtype };
  },
  transpose([x], { perm }, op) {
    const seen = [...perm].sort((a, b) => a - b);
    if (perm.length !== x.shape.length || seen.some((axis, i) => axis !== i))
      fail(op, 'perm must name each axis once', `[${perm}] for ${describe(x)}`, `Permute 0 to ${x.shape.length - 1}.`);
    return { shape: perm.map((axis) => x.shape[axis]), dtype: x.dtype };
  },
  slice([x], { begin, size }, op) {
    const fits = x.shape.every((n, axis) => begin[axis] >= 0 && size[axis] >= 0 && begin[axis] + size[axis] <= n);
    if (begin.length !== x.shape.length || size.length !== x.shape.length || !fits)
      fail(op, 'begin and size must lie inside x', `begin [${begin}] size [${size}] of ${describe(x)}`, 'Clip them.');
    return { shape: size, dtype: x.dtype };
  },
  concat(inputs, { axis }, op) {
    const [first, ...rest] = inputs;
    for (const other of rest) {
      needSameDType(op, first, other);
      const agree = first.shape.every((n, i) => i === axis || n === other.shape[i]);
      if (other.shape.length !== first.shape.length || !agree)
        fail(op, `all axes but ${axis} must agree`, `${describe(first)} and ${describe(other)}`, 'Pad or slice one.');
    }
    const total = inputs.reduce((sum, x) => sum + x.shape[axis], 0);
    return { shape: first.shape.map((n, i) => (i === axis ? total : n)), dtype: first.dtype };
  },
  broadcastTo([x], { shape }, op) {
    const offset = shape.length - x.shape.length;
    if (offset < 0 || x.shape.some((n, axis) => n !== 1 && n !== shape[axis + offset]))
      fail(op, 'each axis of x must be 1 or that of the target', `${describe(x)} to [${shape}]`, 'Reshape x first.');
    return { shape, dtype: x.dtype };
  },
  pad([x], { paddings }, op) {
    if (paddings.length !== x.shape.length || paddings.some(([low, high]) => low < 0 || high < 0))
      fail(
        op,
        'one [before, after] ≥ 0 per axis',
        `${JSON.stringify(paddings)} for ${describe(x)}`,
        'Add the missing.',
      );
    return { shape: x.shape.map((n, axis) => n + paddings[axis][0] + paddings[axis][1]), dtype: x.dtype };
  },

  matmul([a, b], { transposeA, transposeB, constantB }, op) {
    needDType(op, a, FLOATS, 'a', 'Cast it first.');
    needSameDType(op, a, b);
    const got = `${describe(a)}${transposeA ? 'ᵀ' : ''} · ${describe(b)}${transposeB ? 'ᵀ' : ''}`;
    if (a.shape.length < 2 || b.shape.length < 2) fail(op, 'both ranks must be 2 or more', got, 'Reshape first.');
    const shared = b.shape.length === 2 && a.shape.length > 2;
    if (constantB && (b.op !== 'variable' || a.shape.length > 2 || b.shape.length > 2 || transposeA))
      fail(op, 'constantB asks for a matrix a and a variable b of rank 2', `${b.op} ${got}`, 'Leave it off.');
    if (shared && transposeA)
      fail(op, 'a batched a cannot be transposed against a rank-2 b', got, 'Swap the operands.');
    if (!shared && !sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2)))
      fail(op, 'leading dimensions must be equal, or b of rank 2', got, 'Broadcast or fold the batch axes first.');
    const [rows, inner] = lastTwo(a, transposeA);
    const [innerB, columns] = lastTwo(b, transposeB);
    if (inner !== innerB) fail(op, 'inner dimensions must agree', got, 'Check the transposes.');
    return { shape: [...a.shape.slice(0, -2), rows, columns], dtype: a.dtype };
  },
  gather([x, indices], _attrs, op) {
    needDType(op, indices, ['i32'], 'indices', 'Cast them to i32.');
    if (x.shape.length < 1) fail(op, 'x must have an axis 0', describe(x), 'Reshape it.');
    return { shape: [...indices.shape, ...x.shape.slice(1)], dtype: x.dtype };
  },
  unsortedSegmentSum([data, ids], { segments }, op) {
    needDType(op, data, ARITHMETIC, 'data', 'Cast it first.');
    needDType(op, ids, ['i32'], 'ids', 'Cast them to i32.');
    if (!sameShape(data.shape.slice(0, ids.shape.length), ids.shape))
      fail(op, "data's leading axes must be those of ids", `${describe(data)} and ${describe(ids)}`, 'Reshape one.');
    return { shape: [segments, ...data.shape.slice(ids.shape.length)], dtype: data.dtype };
  },

  softmax([x], _attrs, op) {
    needDType(op, x, FLOATS, 'x', 'Cast it first.');
    if (x.shape.length < 1) fail(op, 'x must have a last axis', describe(x), 'Reshape it.');
    return x;
  },
  silu: unaryOf(FLOATS),
  rmsNorm([x, gain], _attrs, op) {
    needDType(op, x, FLOATS, 'x', 'Cast it first.');
    needSameDType(op, x, gain);
    if (gain.shape.length !== 1 || x.shape.at(-1) !== gain.shape[0])
      fail(op, 'gain must be [D] with D the last axis of x', `${describe(x)} and ${describe(gain)}`, 'Check the gain.');
    return x;
  },
  crossEntropy([logits, targets], _attrs, op) {
    needLogits(op, logits, targets);
    return { shape: targets.shape, dtype: 'f32' };
  },
  crossEntropyGrad([logits, targets], _attrs, op) {
    needLogits(op, logits, targets);
    return logits;
  },

  randomUniform([seed], { shape }, op) {
    if (seed.dtype !== 'i32' || !sameShape(seed.shape, [2]))
      fail(op, 'the seed must be i32[2]', describe(seed), 'Feed two integers.');
    return declared([], { shape, dtype: 'f32' }, op);
  },
  stopGradient: ([x]) => x,
  barrier: ([x]) => x,
  custom: ([forward]) => forward,
  updateRows([variable, index, rows], _attrs, op) {
    if (variable.op !== 'variable') fail(op, 'the target must be a variable', variable.op, 'Pass variable(...).');
    needSameDType(op, variable, rows);
    const fits = rows.shape.length === variable.shape.length && sameShape(rows.shape.slice(1), variable.shape.slice(1));
    if (index.dtype !== 'i32' || index.shape.length !== 1 || index.shape[0] !== rows.shape[0] || !fits)
      fail(
        op,
        'index must be i32[n] and rows [n, ...] like the variable after axis 0',
        `${describe(variable)}, index ${describe(index)}, rows ${describe(rows)}`,
        'Reshape the rows.',
      );
    return variable;
  },

  loop(inputs, attrs, op) {
    const { condition, entries, next, captures, maxIterations } = attrs;
    if (inputs.length !== entries.length + captures.length)
      fail(op, `inputs must be ${entries.length} + ${captures.length}`, `${inputs.length}`, 'Make it with loop(...).');
    if (condition.dtype !== 'bool' || condition.shape.length > 0)
      fail(op, 'the condition must be bool[]', describe(condition), 'Reduce a comparison to a scalar.');
    if (maxIterations !== null && !isDimension(maxIterations))
      fail(op, 'maxIterations must be an integer ≥ 0', `${maxIterations}`, 'Leave it out or give a count.');
    entries.forEach((entry, i) => {
      const must = `the state "${entry.attrs.name}" must be ${describe(entry)}`;
      for (const [what, value] of [
        ['before the first pass', inputs[i]],
        ['after a pass', next[i]],
      ] as const)
        if (value.dtype !== entry.dtype || !sameShape(value.shape, entry.shape))
          fail(op, `${must} ${what}`, describe(value), 'Cast or reshape it.');
    });
    return { shape: [], dtype: 'i32' };
  },
  loopEntry: declared,
  loopResult([of], { name }, op) {
    const found = of.op === 'loop' && (of as Value<'loop'>).attrs.entries.find((entry) => entry.attrs.name === name);
    if (!found) return fail(op, `the input must be a loop with the state "${name}"`, of.op, 'Make it with loop(...).');
    return found;
  },
};

/** The numpy broadcast of two shapes. Throws ShapeError, naming the op, where they do not fit. */
export function broadcastShapes(op: string, a: Typed, b: Typed): Shape {
  const rank = Math.max(a.shape.length, b.shape.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a.shape[i - rank + a.shape.length] ?? 1;
    const n = b.shape[i - rank + b.shape.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      fail(op, 'shapes must broadcast (equal or 1 on each axis, aligned right)', `${describe(a)} and ${describe(b)}`);
    return m === 1 ? n : m;
  });
}

/** Throws the ShapeError of an op. */
export function fail(op: string, must: string, got: string, remedy = 'Reshape one of them.'): never {
  throw new ShapeError(`${op}: ${must}, got ${got}. ${remedy}`);
}

function broadcastTyped(op: string, a: Value, b: Value): Typed {
  return { shape: broadcastShapes(op, a, b), dtype: a.dtype };
}

function declared(_inputs: readonly Value[], attrs: Typed, op: string): Typed {
  if (!attrs.shape.every(isDimension))
    fail(op, 'dimensions must be integers ≥ 0, known when the graph is made', describe(attrs), 'Give static sizes.');
  return { shape: attrs.shape, dtype: attrs.dtype };
}

function isDimension(n: number): boolean {
  return Number.isInteger(n) && n >= 0;
}

function arithmetic([a, b]: readonly Value[], _attrs: unknown, op: string): Typed {
  needDType(op, a, ARITHMETIC, 'operands', 'Cast them first.');
  needSameDType(op, a, b);
  return broadcastTyped(op, a, b);
}

function comparison([a, b]: readonly Value[], _attrs: unknown, op: string): Typed {
  if (op !== 'equal') needDType(op, a, ARITHMETIC, 'operands', 'Cast them first.');
  needSameDType(op, a, b);
  return { shape: broadcastShapes(op, a, b), dtype: 'bool' };
}

function logical([a, b]: readonly Value[], _attrs: unknown, op: string): Typed {
  needDType(op, a, ['bool'], 'operands', 'Make them with a comparison.');
  needSameDType(op, a, b);
  return broadcastTyped(op, a, b);
}

function unaryOf(dtypes: readonly DType[]) {
  return ([x]: readonly Value[], _attrs: unknown, op: string): Typed => {
    needDType(op, x, dtypes, 'x', 'Cast it first.');
    return x;
  };
}

function reduced(x: Value, { axes, keepDims }: OpAttrs['sum']): Shape {
  if (keepDims) return x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  return x.shape.filter((_, axis) => !axes.includes(axis));
}

function topKShape(op: string, x: Value, k: number): Shape {
  needDType(op, x, FLOATS, 'x', 'Cast it first.');
  const last = x.shape.at(-1);
  if (last === undefined || !Number.isInteger(k) || k < 1 || k > last)
    fail(op, 'k must be an integer from 1 to the last axis', `k = ${k} for ${describe(x)}`, 'Lower k.');
  return [...x.shape.slice(0, -1), k];
}

function lastTwo(x: Value, transposed: boolean): readonly [number, number] {
  const [rows, columns] = x.shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

function needLogits(op: string, logits: Value, targets: Value): void {
  const fits = logits.shape.length === 2 && targets.shape.length === 1 && logits.shape[0] === targets.shape[0];
  if (logits.dtype !== 'f32' || targets.dtype !== 'i32' || !fits)
    fail(
      op,
      'logits must be f32[N,V] and targets i32[N]',
      `${describe(logits)} and ${describe(targets)}`,
      'Cast or reshape.',
    );
}

function needDType(op: string, x: Value, allowed: readonly DType[], what: string, remedy: string): void {
  if (!allowed.includes(x.dtype)) fail(op, `${what} must be ${allowed.join(' or ')}`, describe(x), remedy);
}

function needSameDType(op: string, a: Value, b: Value): void {
  if (a.dtype !== b.dtype) fail(op, 'dtypes must agree', `${describe(a)} and ${describe(b)}`, 'Cast one of them.');
}

/** Axes as ascending, distinct, non-negative numbers; all of them when none are given. Throws ShapeError. */
export function normalAxes(op: string, x: Value, axes: number | readonly number[] | undefined): readonly number[] {
  const rank = x.shape.length;
  if (axes === undefined) return x.shape.map((_, axis) => axis);
  const list = typeof axes === 'number' ? [axes] : axes;
  const normal = list.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  const bad = normal.some((axis, i) => !Number.isInteger(axis) || axis < 0 || axis >= rank || axis === normal[i - 1]);
  if (bad)
    fail(op, `axes must be distinct and within ${-rank} to ${rank - 1}`, `[${list}] for ${describe(x)}`, 'Check them.');
  return normal;
}

/** One axis, counted from the end if negative. Throws ShapeError. */
export function normalAxis(op: string, x: Value, axis: number): number {
  return normalAxes(op, x, axis)[0];
}
