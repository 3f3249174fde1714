import { type DType, type HostTensor, hostTensor, type OpName, type Value } from '../../graph';
import { controlOf, type Lowering, type LoweringContext, typed } from './lowering-context';
import { castNode, matmulNodes, reshapeNode, rmsNormNodes, siluNodes, updateRowsNodes } from './lowering-fused';
import { loopNodes, loopResultNode } from './lowering-loop';

/** Element-wise ops with one input, and those with two that broadcast as NumPy does. */
const unary =
  (op: string): Lowering<OpName> =>
  (value, ctx) =>
    ctx.add(op, [ctx.name(value.inputs[0])], typed(value.dtype), value);

const binary =
  (op: string): Lowering<OpName> =>
  (value, ctx) =>
    ctx.add(
      op,
      value.inputs.map((x) => ctx.name(x)),
      typed(value.inputs[0].dtype),
      value,
    );

const logical =
  (op: string): Lowering<OpName> =>
  (value, ctx) =>
    ctx.add(
      op,
      value.inputs.map((x) => ctx.name(x)),
      {},
      value,
    );

const reduction =
  (op: string): Lowering<'sum' | 'mean' | 'max'> =>
  (value, ctx) => {
    const { axes, keepDims } = value.attrs;
    const inputs = [ctx.name(value.inputs[0]), ctx.writer.ints(axes)];
    return ctx.add(op, inputs, { ...typed(value.dtype), Tidx: { dtype: 'i32' }, keep_dims: { bool: keepDims } }, value);
  };

/** Values that are another value seen under a different name: no node. */
const alias: Lowering<OpName> = (value, ctx) => ctx.name(value.inputs[0]);

/** Loss and gradient of the logits come out of one kernel; the two values share its node. */
const crossEntropyNode: Lowering<'crossEntropy' | 'crossEntropyGrad'> = (value, ctx) =>
  ctx.shared('SparseSoftmaxCrossEntropyWithLogits', value, () => {
    const inputs = value.inputs.slice(0, 2).map((x) => ctx.name(x));
    const attributes = { ...typed(value.inputs[0].dtype), Tlabels: { dtype: 'i32' } } as const;
    return ctx.add('SparseSoftmaxCrossEntropyWithLogits', inputs, attributes, value);
  });

const topKNode: Lowering<'topKValues' | 'topKIndices'> = (value, ctx) =>
  ctx.shared(`TopKV2/${value.attrs.k}`, value, () => {
    const inputs = [ctx.name(value.inputs[0]), ctx.writer.int(value.attrs.k)];
    const attributes = {
      ...typed(value.inputs[0].dtype),
      sorted: { bool: true },
      Tk: { dtype: 'i32' },
      index_type: { dtype: 'i32' },
    } as const;
    return ctx.add('TopKV2', inputs, attributes, value);
  });

/** TensorFlow nodes for every op of the graph. The type makes a missing row a compile error. */
export const LOWERINGS: { readonly [Op in OpName]: Lowering<Op> } = {
  input: (value, ctx) => ctx.placeholder(value),
  variable: (value, ctx) => ctx.read(value),
  constant: (value, ctx) =>
    ctx.writer.constant({ shape: value.shape, dtype: value.dtype, data: value.attrs.data } as HostTensor),
  fill: (value, ctx) => {
    const scalar = scalarConstant(ctx, value.attrs.value, value.dtype);
    if (value.shape.length === 0) return scalar;
    const attributes = { ...typed(value.dtype), index_type: { dtype: 'i32' } } as const;
    return ctx.add('Fill', [ctx.writer.ints(value.shape), scalar], attributes, value);
  },

  add: binary('AddV2'),
  sub: binary('Sub'),
  mul: binary('Mul'),
  div: binary('RealDiv'),
  maximum: binary('Maximum'),
  minimum: binary('Minimum'),
  neg: unary('Neg'),
  exp: unary('Exp'),
  log: unary('Log'),
  sqrt: unary('Sqrt'),
  rsqrt: unary('Rsqrt'),
  square: unary('Square'),
  sigmoid: unary('Sigmoid'),
  tanh: unary('Tanh'),
  abs: unary('Abs'),
  cast: (value, ctx) => castNode(ctx, ctx.name(value.inputs[0]), value.inputs[0].dtype, value.dtype, value),
  where: (value, ctx) =>
    ctx.add(
      'SelectV2',
      value.inputs.map((x) => ctx.name(x)),
      typed(value.dtype),
      value,
    ),
  equal: binary('Equal'),
  less: binary('Less'),
  lessEqual: binary('LessEqual'),
  greater: binary('Greater'),
  greaterEqual: binary('GreaterEqual'),
  logicalAnd: logical('LogicalAnd'),
  logicalOr: logical('LogicalOr'),
  logicalNot: logical('LogicalNot'),

  sum: reduction('Sum'),
  mean: reduction('Mean'),
  max: reduction('Max'),
  argMax: (value, ctx) => {
    const attributes = {
      ...typed(value.inputs[0].dtype),
      Tidx: { dtype: 'i32' },
      output_type: { dtype: 'i32' },
    } as const;
    return ctx.add('ArgMax', [ctx.name(value.inputs[0]), ctx.writer.int(value.attrs.axis)], attributes, value);
  },
  topKValues: topKNode,
  topKIndices: (value, ctx) => `${topKNode(value, ctx)}:1`,

  reshape: (value, ctx) => reshapeNode(ctx, ctx.name(value.inputs[0]), value.shape, value),
  transpose: (value, ctx) =>
    ctx.add(
      'Transpose',
      [ctx.name(value.inputs[0]), ctx.writer.ints(value.attrs.perm)],
      { ...typed(value.dtype), Tperm: { dtype: 'i32' } },
      value,
    ),
  slice: (value, ctx) =>
    ctx.add(
      'Slice',
      [ctx.name(value.inputs[0]), ctx.writer.ints(value.attrs.begin), ctx.writer.ints(value.shape)],
      { ...typed(value.dtype), Index: { dtype: 'i32' } },
      value,
    ),
  concat: (value, ctx) =>
    value.inputs.length === 1
      ? ctx.name(value.inputs[0])
      : ctx.add(
          'ConcatV2',
          [...value.inputs.map((x) => ctx.name(x)), ctx.writer.int(value.attrs.axis)],
          { ...typed(value.dtype), Tidx: { dtype: 'i32' }, N: { int: value.inputs.length } },
          value,
        ),
  broadcastTo: (value, ctx) =>
    ctx.add(
      'BroadcastTo',
      [ctx.name(value.inputs[0]), ctx.writer.ints(value.shape)],
      { ...typed(value.dtype), Tidx: { dtype: 'i32' } },
      value,
    ),
  pad: (value, ctx) => {
    const flat = Int32Array.from(value.attrs.paddings.flat());
    const paddings = ctx.writer.constant({ shape: [value.attrs.paddings.length, 2], dtype: 'i32', data: flat });
    const filler = scalarConstant(ctx, value.attrs.value, value.dtype);
    const attributes = { ...typed(value.dtype), Tpaddings: { dtype: 'i32' } } as const;
    return ctx.add('PadV2', [ctx.name(value.inputs[0]), paddings, filler], attributes, value);
  },

  matmul: matmulNodes,
  gather: (value, ctx) =>
    ctx.add(
      'GatherV2',
      [...value.inputs.slice(0, 2).map((x) => ctx.name(x)), ctx.writer.int(0)],
      { Tparams: { dtype: value.dtype }, Tindices: { dtype: 'i32' }, Taxis: { dtype: 'i32' }, batch_dims: { int: 0 } },
      value,
    ),
  unsortedSegmentSum: (value, ctx) =>
    ctx.add(
      'UnsortedSegmentSum',
      [...value.inputs.slice(0, 2).map((x) => ctx.name(x)), ctx.writer.int(value.shape[0])],
      { ...typed(value.dtype), Tindices: { dtype: 'i32' }, Tnumsegments: { dtype: 'i32' } },
      value,
    ),

  softmax: unary('Softmax'),
  silu: siluNodes,
  rmsNorm: rmsNormNodes,
  crossEntropy: crossEntropyNode,
  crossEntropyGrad: (value, ctx) => `${crossEntropyNode(value, ctx)}:1`,

  randomUniform: (value, ctx) =>
    ctx.add(
      'StatelessRandomUniform',
      [ctx.writer.ints(value.shape), ctx.name(value.inputs[0])],
      { dtype: { dtype: value.dtype }, T: { dtype: 'i32' }, Tseed: { dtype: 'i32' } },
      value,
    ),
  stopGradient: alias,
  barrier: (value, ctx) => {
    const [x, ...after] = value.inputs.map((input) => ctx.name(input));
    return ctx.add('Identity', [x, ...after.map(controlOf)], typed(value.dtype), value);
  },
  custom: alias,
  updateRows: updateRowsNodes,

  loop: loopNodes,
  // Bound to a node of the loop before anything in its body is lowered.
  loopEntry: (value, ctx) => ctx.name(value),
  loopResult: loopResultNode,
};

/** Lowers one value whose inputs are lowered. */
export function lowerValue(value: Value, ctx: LoweringContext): string {
  return (LOWERINGS[value.op] as Lowering<OpName>)(value, ctx);
}

function scalarConstant(ctx: LoweringContext, value: number, dtype: DType): string {
  return ctx.writer.constant(hostTensor([value], [], dtype));
}
