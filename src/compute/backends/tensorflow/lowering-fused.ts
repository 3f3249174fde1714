import type { DType, Shape, Value } from '../../graph';
import { controlOf, type LoweringContext, typed } from './lowering-context';

export function castNode(ctx: LoweringContext, x: string, from: DType, to: DType, of: Value): string {
  return from === to ? x : ctx.add('Cast', [x], { SrcT: { dtype: from }, DstT: { dtype: to } }, of);
}

export function reshapeNode(ctx: LoweringContext, x: string, shape: Shape, of: Value): string {
  const attributes = { ...typed(of.dtype), Tshape: { dtype: 'i32' } } as const;
  return ctx.add('Reshape', [x, ctx.writer.ints(shape)], attributes, of);
}

/** A product of at most this many rows counts as bound by reading its second operand. */
const FEW_ROWS = 64;

/**
 * One MatMul where both operands are matrices or b is one (a's leading axes are then folded into its rows, which moves nothing),
 * BatchMatMulV2 where both are batched.
 */
export function matmulNodes(value: Value<'matmul'>, ctx: LoweringContext): string {
  const [a, b] = value.inputs;
  const { transposeA, transposeB } = value.attrs;
  const names = [ctx.name(a), ctx.name(b)];
  if (b.shape.length > 2) {
    const attributes = { ...typed(value.dtype), adj_x: { bool: transposeA }, adj_y: { bool: transposeB } };
    return ctx.add('BatchMatMulV2', names, attributes, value);
  }
  if (value.attrs.constantB && ctx.packs) return packedProduct(ctx, names, value);
  if (a.shape.length === 2) return matrixProduct(ctx, names, value, value.shape);
  const width = a.shape.at(-1)!;
  const rows = a.shape.slice(0, -1).reduce((product, n) => product * n, 1);
  const flat = reshapeNode(ctx, names[0], [rows, width], a);
  const product = matrixProduct(ctx, [flat, names[1]], value, [rows, value.shape.at(-1)!]);
  return reshapeNode(ctx, product, value.shape, value);
}

/**
 * a·b [M,N] as MatMul. On a CPU in f32, few rows against a transposed weight, as decoding has them, are computed as (b·aᵀ)ᵀ:
 * the library packs its second operand anew at every call, which then is the small one. Observed at M = 32, one call:
 * [49152,576] 40 ms of processor time against 23, [576,1536] 2.05 against 0.69; in bf16 no gain.
 */
function matrixProduct(ctx: LoweringContext, [a, b]: readonly string[], value: Value<'matmul'>, shape: Shape): string {
  const { transposeA, transposeB } = value.attrs;
  const flags = (transpose_a: boolean, transpose_b: boolean) => ({
    ...typed(value.dtype),
    transpose_a: { bool: transpose_a },
    transpose_b: { bool: transpose_b },
  });
  const [rows, columns] = shape;
  if (ctx.gpu || value.dtype !== 'f32' || !transposeB || rows > FEW_ROWS || columns <= FEW_ROWS)
    return ctx.add('MatMul', [a, b], flags(transposeA, transposeB), value);
  const swapped = ctx.add('MatMul', [b, a], flags(false, !transposeA), value);
  return ctx.add('Transpose', [swapped, ctx.writer.ints([1, 0])], { ...typed('f32'), Tperm: { dtype: 'i32' } }, value);
}

/**
 * a·b by oneDNN's inner product, which packs a constant b once and keeps it; MatMul packs b anew at every call. The kernel
 * wants a bias, here zeros. It is the one to which TensorFlow itself rewrites MatMul + BiasAdd; written out, because that
 * rewrite takes b for constant only where it is a Const node. Observed at 16 rows, two cores, weights out of cache, bf16:
 * [576,3072] 0.50 ms against 0.30, [576,49152] 7.0 against 3.4; f32: 1.09 against 0.42, 17.1 against 5.7.
 */
export function packedProduct(ctx: LoweringContext, [a, b]: readonly string[], value: Value<'matmul'>): string {
  const columns = value.shape[1];
  const data = value.dtype === 'bf16' ? new Uint16Array(columns) : new Float32Array(columns);
  const zeros = ctx.writer.constant({ shape: [columns], dtype: value.dtype, data });
  return ctx.add(PACKED_PRODUCT, [a, b, zeros], packedAttributes(value.dtype, value.attrs.transposeB), value);
}

export const PACKED_PRODUCT = '_MklNativeFusedMatMul';

/** Attributes of a packed product x·b + bias. */
export function packedAttributes(dtype: DType, transposeB: boolean) {
  return {
    ...typed(dtype),
    transpose_a: { bool: false },
    transpose_b: { bool: transposeB },
    is_filter_const: { bool: true },
    num_args: { int: 1 },
    fused_ops: { texts: ['BiasAdd'] },
    _kernel: { text: 'MklNameChangeOp' },
  } as const;
}

/** x · sigmoid(x); TensorFlow's optimiser joins the two into oneDNN's swish on a CPU. */
export function siluNodes(value: Value<'silu'>, ctx: LoweringContext): string {
  const x = ctx.name(value.inputs[0]);
  return ctx.add('Mul', [x, ctx.add('Sigmoid', [x], typed(value.dtype), value)], typed(value.dtype), value);
}

export function rmsNormNodes(value: Value<'rmsNorm'>, ctx: LoweringContext): string {
  const [x, gain] = value.inputs.map((input) => castNode(ctx, ctx.name(input), input.dtype, 'f32', value));
  const f32 = typed('f32');
  const axis = ctx.writer.ints([value.shape.length - 1]);
  const square = ctx.add('Square', [x], f32, value);
  const mean = ctx.add('Mean', [square, axis], { ...f32, Tidx: { dtype: 'i32' }, keep_dims: { bool: true } }, value);
  const eps = ctx.writer.constant({ shape: [], dtype: 'f32', data: Float32Array.of(value.attrs.eps) });
  const scale = ctx.add('Rsqrt', [ctx.add('AddV2', [mean, eps], f32, value)], f32, value);
  const normal = ctx.add('Mul', [x, scale], f32, value);
  return castNode(ctx, ctx.add('Mul', [normal, gain], f32, value), 'f32', value.dtype, value);
}

/**
 * On a CPU, InplaceUpdate on the variable's own buffer: ReadVariableOp hands out the buffer itself and InplaceUpdate writes into
 * what it is given, so only the rows move (0.6 ms on a 256 MB variable against 47 ms for ResourceScatterUpdate, after which
 * every read of the variable copies it). On a GPU, where a kernel for the variable's dtype is not certain and a fallback to the
 * host would write into a copy, ResourceScatterUpdate and a read behind it.
 */
export function updateRowsNodes(value: Value<'updateRows'>, ctx: LoweringContext): string {
  const variable = value.inputs[0] as Value<'variable'>;
  const [index, rows] = value.inputs.slice(1).map((input) => ctx.name(input));
  if (!ctx.gpu) return ctx.add('InplaceUpdate', [ctx.read(variable), index, rows], typed(value.dtype), value);
  const resource = ctx.resource(variable);
  const attributes = { dtype: { dtype: value.dtype }, Tindices: { dtype: 'i32' } } as const;
  const write = ctx.add('ResourceScatterUpdate', [resource, index, rows], attributes, value);
  return ctx.add('ReadVariableOp', [resource, controlOf(write)], { dtype: { dtype: value.dtype } }, value);
}
