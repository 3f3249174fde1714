import { ShapeError } from '../../core';

/** Number formats of the graph. bf16 is the upper half of an f32; bool is stored as one byte, 0 or 1. */
export type DType = 'f32' | 'bf16' | 'i32' | 'u8' | 'bool';

/** Dimensions from the slowest to the fastest axis; [] is a scalar. */
export type Shape = readonly number[];

/** How each dtype lies in host memory: bf16 as its 16 bits, bool as 0 or 1. */
export interface HostArray {
  f32: Float32Array;
  bf16: Uint16Array;
  i32: Int32Array;
  u8: Uint8Array;
  bool: Uint8Array;
}

export type HostData = HostArray[DType];

/** A tensor in host memory, row-major. */
export interface HostTensor<D extends DType = DType> {
  readonly shape: Shape;
  readonly dtype: D;
  readonly data: HostArray[D];
}

const ARRAY_TYPES: { readonly [D in DType]: new (length: number) => HostArray[D] } = {
  f32: Float32Array,
  bf16: Uint16Array,
  i32: Int32Array,
  u8: Uint8Array,
  bool: Uint8Array,
};

const BYTES: { readonly [D in DType]: number } = { f32: 4, bf16: 2, i32: 4, u8: 1, bool: 1 };

export function isFloat(dtype: DType): dtype is 'f32' | 'bf16' {
  return dtype === 'f32' || dtype === 'bf16';
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Bytes of a tensor of this shape and dtype. */
export function byteSize(shape: Shape, dtype: DType): number {
  return sizeOf(shape) * BYTES[dtype];
}

/** "f32[2,3]": how shapes stand in errors and printed programs. */
export function describe(of: { readonly shape: Shape; readonly dtype: DType }): string {
  return `${of.dtype}[${of.shape.join(',')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, axis) => n === b[axis]);
}

/** A zero-filled host array of a dtype. */
export function emptyData<D extends DType>(dtype: D, size: number): HostArray[D] {
  return new ARRAY_TYPES[dtype](size) as HostArray[D];
}

/** The bits of the bf16 nearest to an f32; ties go to the even mantissa, a NaN stays a NaN (quiet, its sign kept). */
export function f32ToBf16Bits(value: number): number {
  return roundBits(new Uint32Array(Float32Array.of(value).buffer)[0]);
}

/** The f32 that a bf16's bits stand for; exact. */
export function bf16BitsToF32(bits: number): number {
  return new Float32Array(Uint32Array.of((bits << 16) >>> 0).buffer)[0];
}

/** An f32 rounded to the nearest bf16, as an f32. */
export function roundToBf16(value: number): number {
  return bf16BitsToF32(f32ToBf16Bits(value));
}

/** Rounds a whole array to bf16 bits. */
export function toBf16Array(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = roundBits(bits[i]);
  return out;
}

/** Widens bf16 bits to f32; exact. */
export function fromBf16Array(values: Uint16Array): Float32Array {
  const bits = new Uint32Array(values.length);
  for (let i = 0; i < bits.length; i++) bits[i] = values[i] << 16;
  return new Float32Array(bits.buffer);
}

/**
 * A host tensor from numbers in row-major order, converted to the dtype (bf16 rounds to nearest even).
 * A typed array that already has the dtype's storage is taken as it is, not copied; a Uint16Array given for bf16 holds bits.
 * Throws ShapeError if the count is not the shape's size.
 */
export function hostTensor<D extends DType>(data: ArrayLike<number>, shape: Shape, dtype: D): HostTensor<D> {
  if (data.length !== sizeOf(shape))
    throw new ShapeError(
      `hostTensor: ${describe({ shape, dtype })} holds ${sizeOf(shape)} numbers, got ${data.length}. Pass the data of that shape, row-major.`,
    );
  const kept = data instanceof ARRAY_TYPES[dtype] ? (data as HostArray[D]) : convertNumbers(data, dtype);
  return { shape: [...shape], dtype, data: kept };
}

/** The numbers of a host tensor, bf16 widened: f32 for the float types, the stored integers otherwise. */
export function hostNumbers(tensor: HostTensor): Float32Array | Int32Array | Uint8Array {
  return tensor.dtype === 'bf16' ? fromBf16Array(tensor.data as Uint16Array) : (tensor.data as Float32Array);
}

/** A host tensor in another dtype; the same object when it already has it. */
export function convertHost<D extends DType>(tensor: HostTensor, dtype: D): HostTensor<D> {
  if (tensor.dtype === dtype) return tensor as HostTensor<D>;
  return hostTensor(hostNumbers(tensor), tensor.shape, dtype);
}

function convertNumbers<D extends DType>(data: ArrayLike<number>, dtype: D): HostArray[D] {
  if (dtype === 'bf16') return toBf16Array(Float32Array.from(data)) as HostArray[D];
  const out = emptyData(dtype, data.length);
  for (let i = 0; i < out.length; i++) out[i] = dtype === 'bool' ? Number(data[i] !== 0) : data[i];
  return out;
}

function roundBits(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x0040;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
