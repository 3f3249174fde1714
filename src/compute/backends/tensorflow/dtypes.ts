import { ShapeError } from '../../../core';
import { type DType, describe, type HostData, type HostTensor, type Shape, toBf16Array } from '../../graph';
import type { Addon } from './addon';

/** TensorFlow's numbers for the dtypes of the graph (tensorflow/core/framework/types.proto). */
const NUMBERS: { readonly [D in DType]: number } = { f32: 1, bf16: 14, i32: 3, u8: 4, bool: 10 };

export function tfDType(dtype: DType): number {
  return NUMBERS[dtype];
}

/**
 * Copies a host tensor into TensorFlow's own memory, in the dtype asked for, and returns the handle's id.
 * A bf16 tensor goes in as pairs of bytes and a Bitcast, because the addon takes no 16-bit arrays.
 * Throws ShapeError unless the data has the shape's size.
 */
export function uploadHandle(addon: Addon, tensor: HostTensor, dtype: DType = tensor.dtype): number {
  const size = tensor.shape.reduce((product, n) => product * n, 1);
  if (tensor.data.length !== size)
    throw new ShapeError(
      `upload: ${describe(tensor)} holds ${size} numbers, got ${tensor.data.length}. Pass the data of that shape, row-major.`,
    );
  if (tensor.dtype !== 'bf16')
    return castHandle(
      addon,
      addon.createTensor(tensor.shape, NUMBERS[tensor.dtype], unaligned(tensor)),
      tensor.dtype,
      dtype,
    );
  const bytes = addon.createTensor([...tensor.shape, 2], NUMBERS.u8, unaligned(tensor) as Uint8Array);
  return castHandle(addon, replace(addon, bytes, 'Bitcast', { T: 'u8', type: 'bf16' }), 'bf16', dtype);
}

/** What the addon can read of each dtype, and how it becomes the dtype's own storage again, without loss. */
const READABLE: {
  readonly [D in DType]?: { readonly as: DType; readonly restore: (data: ArrayLike<number>) => HostData };
} = {
  bf16: { as: 'f32', restore: (data) => toBf16Array(data as Float32Array) },
  u8: { as: 'i32', restore: (data) => Uint8Array.from(data) },
};

/** Copies a handle's tensor to host memory in the dtype it has. The handle stays. */
export function readHandle(addon: Addon, id: number, shape: Shape, dtype: DType): HostTensor {
  const readable = READABLE[dtype];
  if (!readable) return { shape: [...shape], dtype, data: addon.tensorDataSync(id) };
  const [cast] = addon.executeOp('Cast', typeAttributes(addon, { SrcT: dtype, DstT: readable.as }), [id], 1);
  try {
    return { shape: [...shape], dtype, data: readable.restore(addon.tensorDataSync(cast.id)) };
  } finally {
    addon.deleteTensor(cast.id);
  }
}

function castHandle(addon: Addon, id: number, from: DType, to: DType): number {
  return from === to ? id : replace(addon, id, 'Cast', { SrcT: from, DstT: to });
}

/** Runs a one-input op on a handle and deletes the handle. */
function replace(addon: Addon, id: number, op: string, types: Readonly<Record<string, DType>>): number {
  try {
    return addon.executeOp(op, typeAttributes(addon, types), [id], 1)[0].id;
  } finally {
    addon.deleteTensor(id);
  }
}

function typeAttributes(addon: Addon, types: Readonly<Record<string, DType>>) {
  return Object.entries(types).map(([name, dtype]) => ({ name, type: addon.TF_ATTR_TYPE, value: NUMBERS[dtype] }));
}

/**
 * The tensor's memory seen from an address that is no multiple of 8, copied there if need be.
 * createTensor keeps a JavaScript buffer whose address is a multiple of 64 and copies any other one. A kept buffer could be
 * changed by its owner, and is let go through N-API on whatever thread TensorFlow frees it, so it must always copy.
 */
function unaligned(tensor: HostTensor): Float32Array | Int32Array | Uint8Array {
  const { data } = tensor;
  const source = data instanceof Uint16Array ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data;
  if (source.byteOffset % 8 !== 0) return source;
  const padding = 4 / source.BYTES_PER_ELEMENT;
  const copy = new (source.constructor as new (n: number) => typeof source)(source.length + padding).subarray(padding);
  copy.set(source);
  return copy;
}
