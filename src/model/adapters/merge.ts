import { add, cast, matmul, mul, type Program, type Value } from '../../compute/graph';
import { type ComputeDType, isQuantisable, paramSpecs, paramVariables, projectionModule } from '../families';
import type { ModelConfig } from '../weights';
import { type AdapterLayout, adapterGraph } from './layout';

/**
 * A program that replaces, in its session, every adapted weight by W + s·B·A, from the variables of the base model
 * and `adapter`. Run it once after `assign`; the session's other programs then need no adapter. The sum is formed in
 * f32 and stored in the compute dtype; the shared base tensors of other sessions are not touched.
 * Source: Hu et al. 2021, arXiv:2106.09685, section 4.1.
 */
export function mergeProgram(model: ModelConfig, layout: AdapterLayout, computeDtype: ComputeDType): Program {
  const params = paramVariables(model, computeDtype);
  const { lora, flat } = adapterGraph(layout, 'f32');
  const updates = layout.entries
    .filter((entry) => entry.part === 'A')
    .map(({ layer, projection }) => {
      const pair = lora.pair(layer, projection);
      const weight = params(`${projectionModule(layer, projection)}.weight`);
      if (!pair) throw new Error('unreachable');
      const delta = mul(matmul(pair.b, pair.a), lora.scale);
      return { variable: weight, value: cast(add(cast(weight, 'f32'), delta), computeDtype) };
    });
  return { name: 'merge', outputs: { size: cast(flat, 'f32') }, updates };
}

/**
 * A program that unpacks every 4-bit weight into a variable of its own, in the compute dtype, under the weight's name. Run it
 * once after `assign`, and again to undo a merge; the session's other programs then read plain weights.
 */
export function unpackProgram(model: ModelConfig, computeDtype: ComputeDType): Program {
  const packed = paramVariables(model, computeDtype, 'nf4');
  const plain = paramVariables(model, computeDtype);
  // One after the other: nothing else would keep an executor from unpacking all of them at once, at 8 bytes a value.
  let previous: Value | undefined;
  const updates = paramSpecs(model, computeDtype)
    .filter(({ name }) => isQuantisable(name))
    .map(({ name }) => {
      previous = packed(name, previous);
      return { variable: plain(name), value: previous };
    });
  return { name: 'unpack', outputs: {}, updates };
}
