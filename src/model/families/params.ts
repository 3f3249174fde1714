import { type DType, type Shape, type Value, variable } from '../../compute/graph';
import { InternalError } from '../../core';
import { expectedTensors, type ModelConfig } from '../weights';
import { dequantised, type Quantisation } from './nf4-weight';
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

/** Whether a base in 4 bits holds this tensor so: the projections of the layers; embedding, head and norms stay as they are. */
export function isQuantisable(name: string): boolean {
  return /\.layers\.\d+\.(self_attn|mlp)\.[a-z]+_proj\.weight$/.test(name);
}

/**
 * The base model's tensors as session variables under their Hugging Face names. With `quantisation` 'nf4' the projections
 * are computed from their 4-bit variables; the same name gives the same Value.
 */
export function paramVariables(
  config: ModelConfig,
  computeDtype: ComputeDType,
  quantisation: Quantisation = 'none',
): ParamLookup {
  const specs = new Map(paramSpecs(config, computeDtype).map((spec) => [spec.name, spec]));
  const known = new Map<string, Map<Value | undefined, Value>>();
  return (name, after) => {
    const spec = specs.get(name);
    if (!spec) throw new InternalError(`paramVariables: the ${config.family} model has no tensor "${name}".`);
    const packed = quantisation === 'nf4' && isQuantisable(name);
    const place = packed ? after : undefined;
    const made = known.get(name) ?? new Map<Value | undefined, Value>();
    const value =
      made.get(place) ??
      (packed ? dequantised(name, spec.shape, computeDtype, place) : variable(name, spec.shape, spec.dtype));
    known.set(name, made.set(place, value));
    return value;
  };
}
