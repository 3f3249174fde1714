import {
  add,
  barrier,
  cast,
  constant,
  type DType,
  gather,
  type HostTensor,
  mul,
  reshape,
  type Shape,
  sizeOf,
  slice,
  type Value,
  variable,
} from '../../compute/graph';
import { dynamicMap, NF4_BLOCK, NF4_NESTED_BLOCK, NF4_VALUES, type Nf4Tensor } from '../weights';
import type { ComputeDType } from './types';

/** How the frozen projections lie on the device. */
export type Quantisation = 'none' | 'nf4';

/** The session variables of one NF4 weight, padded to whole blocks. */
const PARTS = { codes: '.nf4.codes', absmax: '.nf4.absmax', nested: '.nf4.nested', offset: '.nf4.offset' } as const;

interface Sizes {
  readonly blocks: number;
  readonly nestedBlocks: number;
}

function sizesOf(shape: Shape): Sizes {
  const blocks = Math.ceil(sizeOf(shape) / NF4_BLOCK);
  return { blocks, nestedBlocks: Math.ceil(blocks / NF4_NESTED_BLOCK) };
}

/** The host tensors of an NF4 weight by variable name. */
export function nf4Parts(name: string, tensor: Nf4Tensor): Record<string, HostTensor> {
  const { blocks, nestedBlocks } = sizesOf(tensor.shape);
  const padded = (data: Uint8Array, length: number): Uint8Array => {
    if (data.length === length) return data;
    const whole = new Uint8Array(length);
    whole.set(data);
    return whole;
  };
  const half = NF4_BLOCK / 2;
  return {
    [name + PARTS.codes]: { shape: [blocks, half], dtype: 'u8', data: padded(tensor.codes, blocks * half) },
    [name + PARTS.absmax]: {
      shape: [nestedBlocks, NF4_NESTED_BLOCK],
      dtype: 'u8',
      data: padded(tensor.absmax, nestedBlocks * NF4_NESTED_BLOCK),
    },
    [name + PARTS.nested]: { shape: [nestedBlocks, 1], dtype: 'f32', data: tensor.nestedAbsmax },
    [name + PARTS.offset]: { shape: [], dtype: 'f32', data: Float32Array.of(tensor.offset) },
  };
}

/** The value of each byte's two codes, one after the other. */
function pairTable(): Float32Array {
  return Float32Array.from({ length: 512 }, (_, i) => NF4_VALUES[i % 2 === 0 ? i >> 5 : (i >> 1) & 15]);
}

/**
 * A weight [Dout,Din] from its NF4 variables, in `dtype`: value(code) · (map(absmax) · nested + offset), in f32, rounded once.
 * In f32 it is what the host's `dequantiseNf4` gives, bit for bit. Nothing is computed before `after`, where that is given.
 */
export function dequantised(name: string, shape: Shape, dtype: ComputeDType, after?: Value): Value {
  const { blocks, nestedBlocks } = sizesOf(shape);
  const behind = (value: Value): Value => (after ? barrier(value, after) : value);
  const part = (of: keyof typeof PARTS, partShape: Shape, partDtype: DType): Value =>
    behind(variable(name + PARTS[of], partShape, partDtype));
  const scaleCodes = cast(part('absmax', [nestedBlocks, NF4_NESTED_BLOCK], 'u8'), 'i32');
  const scales = add(
    mul(gather(constant(dynamicMap(true), [256], 'f32'), scaleCodes), part('nested', [nestedBlocks, 1], 'f32')),
    part('offset', [], 'f32'),
  );
  const perBlock = slice(reshape(scales, [nestedBlocks * NF4_NESTED_BLOCK]), [0], [blocks]);
  const codes = cast(part('codes', [blocks, NF4_BLOCK / 2], 'u8'), 'i32');
  const values = reshape(gather(constant(pairTable(), [256, 2], 'f32'), codes), [blocks, NF4_BLOCK]);
  const padded = reshape(cast(mul(values, reshape(perBlock, [blocks, 1])), dtype), [blocks * NF4_BLOCK]);
  const size = sizeOf(shape);
  return reshape(size === padded.shape[0] ? padded : slice(padded, [0], [size]), shape);
}

/**
 * Those of some values that are computed from quantised weights and nothing that a run feeds: a backward pass computes them
 * again instead of keeping a weight unpacked.
 */
export function unpackedWeights(values: readonly Value[]): Set<Value> {
  const fed = new Set<Value>();
  const quantised = new Set<Value>();
  const unpacked = new Set<Value>();
  for (const value of values) {
    const isPart = value.op === 'variable' && (value as Value<'variable'>).attrs.name.includes('.nf4.');
    const read = value.op === 'barrier' ? value.inputs.slice(0, 1) : value.inputs;
    if (value.op === 'input' || read.some((input) => fed.has(input))) fed.add(value);
    else if (isPart || read.some((input) => quantised.has(input))) quantised.add(value);
    if (quantised.has(value) && value.inputs.length > 0) unpacked.add(value);
  }
  return unpacked;
}
