import { cast, concat, type HostTensor, reshape, type Shape, slice, type Value, variable } from '../../compute/graph';
import { InternalError, type RandomStream } from '../../core';
import type { ParamLookup } from '../../model/families';
import { expectedTensors, type ModelConfig } from '../../model/weights';

/** One tensor of the model and where it lies in the flat vector. */
export interface ParameterEntry {
  /** Its Hugging Face name. */
  readonly name: string;
  readonly shape: Shape;
  readonly offset: number;
  readonly size: number;
}

/** All tensors of a model laid end to end in one f32 vector [P], in the order of the forward pass. */
export interface ParameterLayout {
  readonly entries: readonly ParameterEntry[];
  readonly size: number;
}

/** The name of the flat vector among a session's variables. */
export const PARAMETERS_VARIABLE = 'parameters';

/** Where each tensor of a model lies. */
export function parameterLayout(model: ModelConfig): ParameterLayout {
  let offset = 0;
  const entries = Object.entries(expectedTensors(model)).map(([name, shape]) => {
    const size = shape.reduce((product, axis) => product * axis, 1);
    offset += size;
    return { name, shape, offset: offset - size, size };
  });
  return { entries, size: offset };
}

/** A model's tensors inside a graph, each of them trainable. */
export interface ParameterGraph {
  /** f32 [P]. */
  readonly flat: Value;
  /** Each tensor, f32, in the order of the layout's entries: differentiate with respect to these. */
  readonly leaves: readonly Value[];
  /** What `forward` takes. */
  readonly params: ParamLookup;
}

/** Cuts the session variable `parameters` f32 [P] into the tensors that `forward` asks for. */
export function parameterGraph(layout: ParameterLayout): ParameterGraph {
  const flat = variable(PARAMETERS_VARIABLE, [layout.size], 'f32');
  const leaves = layout.entries.map(({ offset, size, shape }) => reshape(slice(flat, [offset], [size]), shape));
  const byName = new Map(layout.entries.map(({ name }, i) => [name, leaves[i]]));
  const params: ParamLookup = (name) => {
    const value = byName.get(name);
    if (!value) throw new InternalError(`parameterGraph: the model has no tensor "${name}".`);
    return value;
  };
  return { flat, leaves, params };
}

/** The gradients of the leaves as one vector f32 [P]. */
export function joinGradients(layout: ParameterLayout, pieces: readonly Value[]): Value {
  const flat = pieces.map((piece, i) => cast(reshape(piece, [layout.entries[i].size]), 'f32'));
  return concat(flat, 0);
}

/**
 * Numbers to begin with, f32 [P]: norms 1, biases 0, the embedding N(0, 0.1²), a projection N(0, 1/Din), and those that write
 * into the residual stream divided by √(2·layers), so that the stream's size does not grow with depth.
 * Every tensor draws from its own fork of `random`.
 * Source: Radford et al. 2019 (GPT-2), section 2.3, for the scale of the residual projections.
 */
export function initialParameters(model: ModelConfig, random: RandomStream): Float32Array {
  const layout = parameterLayout(model);
  const flat = new Float32Array(layout.size);
  for (const { name, shape, offset, size } of layout.entries) {
    const part = flat.subarray(offset, offset + size);
    if (name.endsWith('norm.weight')) part.fill(1);
    else if (!name.endsWith('.bias')) {
      const stream = random.fork(name);
      const deviation = deviationOf(name, shape, model.layers);
      for (let i = 0; i < size; i++) part[i] = deviation * stream.normal();
    }
  }
  return flat;
}

function deviationOf(name: string, shape: Shape, layers: number): number {
  if (name === 'model.embed_tokens.weight') return 0.1;
  const residual = /\.(o_proj|down_proj)\.weight$/.test(name) ? Math.sqrt(2 * layers) : 1;
  return 1 / (Math.sqrt(shape[1]) * residual);
}

/** The tensors in a flat vector [P] by their Hugging Face names, each a copy of its own. */
export function parameterTensors(layout: ParameterLayout, flat: Float32Array): Record<string, HostTensor> {
  if (flat.length !== layout.size)
    throw new InternalError(`parameterTensors: ${layout.size} values needed, got ${flat.length}.`);
  return Object.fromEntries(
    layout.entries.map(({ name, shape, offset, size }) => [
      name,
      { shape, dtype: 'f32' as const, data: flat.slice(offset, offset + size) },
    ]),
  );
}
