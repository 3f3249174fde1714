import { cast, reshape, type Shape, slice, type Value, variable } from '../../compute/graph';
import { InternalError, ShapeError } from '../../core';
import {
  type ComputeDType,
  type LoraInput,
  type LoraPair,
  PROJECTIONS,
  type Projection,
  projectionModule,
  projectionShape,
} from '../families';
import type { ModelConfig } from '../weights';
import type { Adapter } from './adapter';
import { type LoraConfig, loraScale } from './lora-config';

/** One tensor of an adapter: its PEFT key, where it belongs, and where it lies in the flat vector. */
export interface AdapterEntry {
  readonly key: string;
  readonly layer: number;
  readonly projection: Projection;
  readonly part: 'A' | 'B';
  /** A [R,Din], B [Dout,R], as PEFT stores them. */
  readonly shape: Shape;
  readonly offset: number;
  readonly size: number;
}

/**
 * All tensors of an adapter laid end to end in one f32 vector [P]. One variable instead of hundreds makes clipping
 * and AdamW a dozen large operations a step.
 */
export interface AdapterLayout {
  readonly config: LoraConfig;
  readonly entries: readonly AdapterEntry[];
  readonly size: number;
}

/** The PEFT key of one tensor. */
export function peftKey(layer: number, projection: Projection, part: 'A' | 'B'): string {
  return `base_model.model.${projectionModule(layer, projection)}.lora_${part}.weight`;
}

/** The tensors that this adapter has on this model, layer by layer. */
export function adapterLayout(model: ModelConfig, config: LoraConfig): AdapterLayout {
  const entries: AdapterEntry[] = [];
  let offset = 0;
  for (let layer = 0; layer < model.layers; layer++)
    for (const projection of PROJECTIONS.filter((name) => config.targets.includes(name))) {
      const [out, into] = projectionShape(model, projection);
      for (const part of ['A', 'B'] as const) {
        const shape = part === 'A' ? [config.rank, into] : [out, config.rank];
        const size = shape[0] * shape[1];
        entries.push({ key: peftKey(layer, projection, part), layer, projection, part, shape, offset, size });
        offset += size;
      }
    }
  return { config, entries, size: offset };
}

/** The flat vector of an adapter's tensors. Throws ShapeError naming a tensor that is missing or of another shape. */
export function flattenAdapter(adapter: Adapter, layout: AdapterLayout): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const entry of layout.entries) {
    const tensor = adapter.tensors[entry.key];
    if (!tensor || tensor.shape.join() !== entry.shape.join())
      throw new ShapeError(
        `flattenAdapter: ${entry.key} must be [${entry.shape}], got ${tensor ? `[${tensor.shape}]` : 'none'} (adapter). ` +
          'The adapter belongs to another model or config.',
      );
    flat.set(tensor.data as Float32Array, entry.offset);
  }
  return flat;
}

/** The tensors in a flat vector [P], each a copy of its own. */
export function unflattenAdapter(flat: Float32Array, layout: AdapterLayout): Adapter {
  if (flat.length !== layout.size)
    throw new InternalError(`unflattenAdapter: ${layout.size} values needed, got ${flat.length}.`);
  const tensors: Record<string, { shape: Shape; dtype: 'f32'; data: Float32Array }> = {};
  for (const { key, shape, offset, size } of layout.entries)
    tensors[key] = { shape, dtype: 'f32', data: flat.slice(offset, offset + size) };
  return { config: layout.config, tensors };
}

/** The name of the flat vector among a session's variables. */
export const ADAPTER_VARIABLE = 'adapter';

/** An adapter inside a graph. */
export interface AdapterGraph {
  /** f32 [P]. */
  readonly flat: Value;
  /** What `forward` takes. */
  readonly lora: LoraInput;
  /** Each tensor in the compute dtype, in the order of the layout's entries: differentiate with respect to these. */
  readonly leaves: readonly Value[];
}

/**
 * Cuts the session variable `adapter` f32 [P] into the pairs that `forward` takes.
 * Gradients are taken of the pieces and joined again (`concat` of each flattened): through the cuts they would be
 * hundreds of vectors of the full length. `dropoutSeed` i32 [2] turns dropout on at the config's rate. `flat` f32 [P], where it
 * is given, stands for the variable: a part of a longer one, or an adapter that is not trained.
 */
export function adapterGraph(
  layout: AdapterLayout,
  computeDtype: ComputeDType,
  dropoutSeed: Value | null = null,
  flat: Value = variable(ADAPTER_VARIABLE, [layout.size], 'f32'),
): AdapterGraph {
  const typed = cast(flat, computeDtype);
  const leaves = layout.entries.map((entry) => reshape(slice(typed, [entry.offset], [entry.size]), entry.shape));
  const pairs = new Map<string, LoraPair>();
  for (let i = 0; i < leaves.length; i += 2) {
    const { layer, projection } = layout.entries[i];
    pairs.set(`${layer}/${projection}`, { a: leaves[i], b: leaves[i + 1] });
  }
  const { dropout } = layout.config;
  const lora: LoraInput = {
    scale: loraScale(layout.config),
    pair: (layer, projection) => pairs.get(`${layer}/${projection}`) ?? null,
    dropout: dropoutSeed && dropout > 0 ? { rate: dropout, seed: dropoutSeed } : null,
  };
  return { flat, lora, leaves };
}
