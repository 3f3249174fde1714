import { byteSize, type DType, emptyData, type HostTensor, type Shape, sizeOf, type Value } from '../compute/graph';
import { type AdamWConfig, type AdamWStep, adamWState, adamWStep } from './adamw';
import { adamW8bitState, adamW8bitStep } from './adamw-8bit';

/** AdamW with f32 moments (8 bytes a parameter), or with 8-bit blocks (2.03 bytes). */
export const OPTIMISERS = ['adamw', 'adamw8bit'] as const;
export type OptimiserName = (typeof OPTIMISERS)[number];

/** A session variable of an optimiser and the number that fills it before the first step. */
export interface StateVariable {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly start: number;
}

/** What an optimiser keeps for tensors of these sizes, laid end to end in the flat parameter vector. */
export function optimiserState(name: OptimiserName, sizes: readonly number[]): StateVariable[] {
  return name === 'adamw' ? adamWState(sizes.reduce((total, size) => total + size, 0)) : adamW8bitState(sizes);
}

/** The state before the first step, by variable name. */
export function freshState(name: OptimiserName, sizes: readonly number[]): Record<string, HostTensor> {
  return Object.fromEntries(
    optimiserState(name, sizes).map(({ name: variable, shape, dtype, start }) => {
      const data = emptyData(dtype, sizeOf(shape)).fill(start);
      return [variable, { shape, dtype, data }];
    }),
  );
}

/** Bytes of the state. */
export function optimiserBytes(name: OptimiserName, sizes: readonly number[]): number {
  return optimiserState(name, sizes).reduce((total, { shape, dtype }) => total + byteSize(shape, dtype), 0);
}

/** One step of the named optimiser on `parameters` f32 [P], whose tensors have `sizes`; see `adamWStep`. */
export function optimiserStep(
  name: OptimiserName,
  parameters: Value,
  gradient: Value,
  config: AdamWConfig,
  sizes: readonly number[],
): AdamWStep {
  return name === 'adamw'
    ? adamWStep(parameters, gradient, config)
    : adamW8bitStep(parameters, gradient, config, sizes);
}
