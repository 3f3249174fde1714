import type { Tensor } from '@tensorflow/tfjs';
import { ShapeError } from '../../../core';
import { type DType, type HostData, hostNumbers, type OpAttrs, type OpName, sizeOf, type Value } from '../../graph';
import { statelessUniform } from './philox';

export type Tfjs = typeof import('@tensorflow/tfjs');

/** What a kernel gets: tfjs, the value to compute and the tensors of its inputs. */
export interface KernelCall<Op extends OpName> {
  readonly tf: Tfjs;
  readonly value: Value<Op>;
  readonly attrs: OpAttrs[Op];
  readonly inputs: readonly Tensor[];
}

export type Kernel<Op extends OpName> = (call: KernelCall<Op>) => Tensor;

/** Sources, writes and loops belong to the session, not to a kernel. */
export type SessionOp = 'input' | 'variable' | 'updateRows' | 'loop' | 'loopEntry' | 'loopResult';

export const TFJS_DTYPES = { f32: 'float32', bf16: 'float32', i32: 'int32', u8: 'int32', bool: 'bool' } as const;

/** One readable kernel per op. bf16 tensors are float32 here; the session rounds what a kernel returns. */
export const KERNELS: { readonly [Op in Exclude<OpName, SessionOp>]: Kernel<Op> } = {
  constant: ({ tf, attrs }) => toTensor(tf, attrs),
  fill: ({ tf, attrs: { value, shape, dtype } }) => tf.fill([...shape], value, TFJS_DTYPES[dtype]),

  add: ({ tf, inputs: [a, b] }) => tf.add(a, b),
  sub: ({ tf, inputs: [a, b] }) => tf.sub(a, b),
  mul: ({ tf, inputs: [a, b] }) => tf.mul(a, b),
  div: ({ tf, inputs: [a, b] }) => tf.div(a, b),
  maximum: ({ tf, inputs: [a, b] }) => tf.maximum(a, b),
  minimum: ({ tf, inputs: [a, b] }) => tf.minimum(a, b),
  neg: ({ tf, inputs: [x] }) => tf.neg(x),
  exp: ({ tf, inputs: [x] }) => tf.exp(x),
  log: ({ tf, inputs: [x] }) => tf.log(x),
  sqrt: ({ tf, inputs: [x] }) => tf.sqrt(x),
  rsqrt: ({ tf, inputs: [x] }) => tf.rsqrt(x),
  square: ({ tf, inputs: [x] }) => tf.square(x),
  sigmoid: ({ tf, inputs: [x] }) => tf.sigmoid(x),
  tanh: ({ tf, inputs: [x] }) => tf.tanh(x),
  abs: ({ tf, inputs: [x] }) => tf.abs(x),
  cast({ tf, inputs: [x], attrs: { dtype } }) {
    const converted = tf.cast(x, TFJS_DTYPES[dtype]);
    return dtype === 'u8' ? tf.mod(converted, tf.scalar(256, 'int32')) : converted;
  },
  where: ({ tf, inputs: [condition, a, b] }) => tf.where(condition, a, b),
  equal: ({ tf, inputs: [a, b] }) => tf.equal(a, b),
  less: ({ tf, inputs: [a, b] }) => tf.less(a, b),
  lessEqual: ({ tf, inputs: [a, b] }) => tf.lessEqual(a, b),
  greater: ({ tf, inputs: [a, b] }) => tf.greater(a, b),
  greaterEqual: ({ tf, inputs: [a, b] }) => tf.greaterEqual(a, b),
  logicalAnd: ({ tf, inputs: [a, b] }) => tf.logicalAnd(a, b),
  logicalOr: ({ tf, inputs: [a, b] }) => tf.logicalOr(a, b),
  logicalNot: ({ tf, inputs: [x] }) => tf.logicalNot(x),

  sum: ({ tf, inputs: [x], attrs }) => tf.sum(x, [...attrs.axes], attrs.keepDims),
  mean: ({ tf, inputs: [x], attrs }) => tf.mean(x, [...attrs.axes], attrs.keepDims),
  max: ({ tf, inputs: [x], attrs }) => tf.max(x, [...attrs.axes], attrs.keepDims),
  argMax: ({ tf, inputs: [x], attrs }) => tf.argMax(x, attrs.axis),
  topKValues: ({ tf, inputs: [x], attrs }) => tf.topk(x, attrs.k, true).values,
  topKIndices: ({ tf, inputs: [x], attrs }) => tf.topk(x, attrs.k, true).indices,

  reshape: ({ tf, inputs: [x], attrs }) => tf.reshape(x, [...attrs.shape]),
  transpose: ({ tf, inputs: [x], attrs }) => tf.transpose(x, [...attrs.perm]),
  // tfjs refuses to slice or pad a scalar, which here is the identity.
  slice: ({ tf, inputs: [x], attrs }) => (x.rank === 0 ? x.clone() : tf.slice(x, [...attrs.begin], [...attrs.size])),
  concat: ({ tf, inputs, attrs }) => tf.concat([...inputs], attrs.axis),
  broadcastTo: ({ tf, inputs: [x], attrs }) => tf.broadcastTo(x, [...attrs.shape]),
  pad({ tf, inputs: [x], attrs }) {
    const paddings = attrs.paddings.map(([before, after]): [number, number] => [before, after]);
    return x.rank === 0 ? x.clone() : tf.pad(x, paddings, attrs.value);
  },

  matmul({ tf, value, inputs: [a, b], attrs: { transposeA, transposeB } }) {
    if (b.rank !== 2 || a.rank === 2) return tf.matMul(a, b, transposeA, transposeB);
    const rows = tf.reshape(a, [-1, a.shape[a.rank - 1]]);
    return tf.reshape(tf.matMul(rows, b, false, transposeB), [...value.shape]);
  },
  gather: ({ tf, inputs: [x, indices] }) => tf.gather(x, indices as Tensor & { dtype: 'int32' }),
  // tfjs's own unsortedSegmentSum makes a mask of all rows for each segment; scatterND adds duplicates in one pass.
  unsortedSegmentSum({ tf, inputs: [data, ids], attrs: { segments } }) {
    const rest = data.shape.slice(ids.rank);
    const must = `unsortedSegmentSum: ids must lie below ${segments}`;
    checkedIds(ids, (id) => id < segments, must, 'Raise segments or drop the row by -1.');
    const spare = tf.where(tf.less(ids, 0), tf.scalar(segments, 'int32'), ids);
    const places = tf.reshape(spare, [ids.size, 1]);
    const summed = tf.scatterND(places, tf.reshape(data, [ids.size, ...rest]), [segments + 1, ...rest]);
    return tf.slice(summed, [0, ...rest.map(() => 0)], [segments, ...rest]);
  },

  softmax: ({ tf, inputs: [x] }) => tf.softmax(x),
  silu: ({ tf, inputs: [x] }) => tf.mul(x, tf.sigmoid(x)),
  rmsNorm({ tf, inputs: [x, gain], attrs: { eps } }) {
    const meanSquare = tf.mean(tf.square(x), -1, true);
    return tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, eps))), gain);
  },
  crossEntropy({ tf, inputs: [logits, targets] }) {
    const [rows, classes] = logits.shape;
    const places = checkedTargets(targets, classes).map((target, row) => row * classes + target);
    const chosen = tf.gather(tf.reshape(logits, [rows * classes]), tf.tensor1d(places, 'int32'));
    return tf.sub(tf.logSumExp(logits, -1), chosen);
  },
  crossEntropyGrad({ tf, value, inputs: [logits, targets] }) {
    const classes = value.shape[1];
    const chosen = tf.oneHot(tf.tensor1d(checkedTargets(targets, classes), 'int32'), classes);
    return tf.sub(tf.softmax(logits), chosen);
  },

  randomUniform({ tf, inputs: [seed], attrs: { shape } }) {
    return tf.tensor(statelessUniform(seed.dataSync(), sizeOf(shape)), [...shape]);
  },
  stopGradient: ({ inputs: [x] }) => x.clone(),
  barrier: ({ inputs: [x] }) => x.clone(),
  custom: ({ inputs: [forward] }) => forward.clone(),
};

/** A host tensor as a tfjs tensor; bf16 bits widened to float32. The data is copied, since tfjs would keep the caller's array. */
export function toTensor(tf: Tfjs, host: { shape: readonly number[]; dtype: DType; data: HostData }): Tensor {
  const numbers = hostNumbers(host);
  const data = host.dtype === 'u8' ? Int32Array.from(numbers) : numbers.slice();
  return tf.tensor(data, [...host.shape], TFJS_DTYPES[host.dtype]);
}

function checkedTargets(targets: Tensor, classes: number): Int32Array {
  const must = `crossEntropy: targets must lie in 0 to ${classes - 1}`;
  return checkedIds(targets, (id) => id >= 0 && id < classes, must, 'Gather the supervised rows first.');
}

function checkedIds(ids: Tensor, allowed: (id: number) => boolean, must: string, remedy: string): Int32Array {
  const numbers = ids.dataSync() as Int32Array;
  const place = numbers.findIndex((id) => !allowed(id));
  if (place >= 0) throw new ShapeError(`${must}, got ${numbers[place]} at place ${place}. ${remedy}`);
  return numbers;
}
