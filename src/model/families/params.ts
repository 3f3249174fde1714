import { type DType, type Shape, type Value, variable } from '../../compute/graph';
import { InternalError } from '../../core';
import { expectedTensors, type ModelConfig } from '../weights';
import type { ComputeDType, ParamLookup, Projection } from './types';

/** One tensor of the base model: its Hugging Face name, and how it lies on the device. */
export interface ParamSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** [Dout, Din] of a projection of every layer. */
export function projectionShape(config: ModelConfig, projection: Projection): readonly [number, number] {
  const { hiddenSize: D, mlpSize: F, heads, kvHeads, headDim: E } = config;
  switch (projection) {
    case 'q_proj':
      return [heads * E, D];
    case 'k_proj':
    case 'v_proj':
      return [kvHeads * E, D];
    case 'o_proj':
      return [D, heads * E];
    case 'gate_proj':
    case 'up_proj':
      return [F, D];
    case 'down_proj':
      return [D, F];
  }
}

/**
 * Every tensor that a forward pass of this model reads, in the order in which it reads them. Products' weights and
 * the embedding are in the compute dtype; norms and biases stay f32.
 */
export function paramSpecs(config: ModelConfig, computeDtype: ComputeDType): ParamSpec[] {
  return Object.entries(expectedTensors(config)).map(([name, shape]) => ({
    name,
    shape,
    dtype: name.endsWith('.bias') || name.endsWith('norm.weight') ? 'f32' : computeDtype,
  }));
}

/** The base model's tensors as session variables under their Hugging Face names. */
export function paramVariables(config: ModelConfig, computeDtype: ComputeDType): ParamLookup {
  const values = new Map<string, Value>(
    paramSpecs(config, computeDtype).map((spec) => [spec.name, variable(spec.name, spec.shape, spec.dtype)]),
  );
  return (name) => {
    const value = values.get(name);
    if (!value) throw new InternalError(`paramVariables: the ${config.family} model has no tensor "${name}".`);
    return value;
  };
}
