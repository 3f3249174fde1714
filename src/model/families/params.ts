import { type DType, type Shape, type Value, variable } from '../../compute/graph';
import { InternalError } from '../../core';
import type { ModelConfig } from '../weights';
import { projectionModule } from './decoder';
import { familyTraits } from './registry';
import { type ComputeDType, type ParamLookup, PROJECTIONS, type Projection } from './types';

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
  const { hiddenSize: D, vocabSize: V } = config;
  const { biases } = familyTraits(config.family);
  const specs: ParamSpec[] = [{ name: 'model.embed_tokens.weight', shape: [V, D], dtype: computeDtype }];
  for (let layer = 0; layer < config.layers; layer++) {
    const norm = (name: string): ParamSpec => ({
      name: `model.layers.${layer}.${name}.weight`,
      shape: [D],
      dtype: 'f32',
    });
    const projections = PROJECTIONS.flatMap((projection): ParamSpec[] => {
      const module = projectionModule(layer, projection);
      const shape = projectionShape(config, projection);
      const weight: ParamSpec = { name: `${module}.weight`, shape, dtype: computeDtype };
      return biases.includes(projection)
        ? [weight, { name: `${module}.bias`, shape: [shape[0]], dtype: 'f32' }]
        : [weight];
    });
    specs.push(norm('input_layernorm'), ...projections.slice(0), norm('post_attention_layernorm'));
  }
  specs.push({ name: 'model.norm.weight', shape: [D], dtype: 'f32' });
  if (!config.tieEmbeddings) specs.push({ name: 'lm_head.weight', shape: [V, D], dtype: computeDtype });
  return specs;
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
