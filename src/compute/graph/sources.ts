import { node } from './node';
import { type DType, hostTensor, type Shape } from './tensor';
import type { Value } from './value';

/** A tensor fed by name at each run. */
export function input(name: string, shape: Shape, dtype: DType): Value<'input'> {
  return node('input', [], { name, shape, dtype });
}

/** A tensor that lives in the session by name, shared by its programs, read as it is before the run's updates. */
export function variable(name: string, shape: Shape, dtype: DType): Value<'variable'> {
  return node('variable', [], { name, shape, dtype });
}

/**
 * A tensor written into the graph. Numbers are converted to the dtype (bf16 rounds to nearest even);
 * a Uint16Array given for bf16 holds bits. Throws ShapeError if the count is not the shape's size.
 */
export function constant(data: ArrayLike<number> | number, shape: Shape = [], dtype: DType = 'f32'): Value<'constant'> {
  const host = hostTensor(typeof data === 'number' ? [data] : data, shape, dtype);
  return node('constant', [], { data: host.data, shape, dtype });
}

/** A tensor of one repeated number; it takes no room in the graph. */
export function fill(value: number, shape: Shape = [], dtype: DType = 'f32'): Value<'fill'> {
  return node('fill', [], { value, shape, dtype });
}
