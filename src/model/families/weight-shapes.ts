import { type DType, type Shape, sizeOf } from '../../compute/graph';
import { type ModelConfig, NF4_BLOCK, NF4_NESTED_BLOCK } from '../weights';
import type { Quantisation } from './nf4-weight';
import { isQuantisable, paramSpecs } from './params';
import type { ComputeDType } from './types';

/** How the weights of a model of these sizes would lie on a device, by variable name: for estimates before anything is loaded. */
export function weightShapes(
  config: ModelConfig,
  computeDtype: ComputeDType,
  quantisation: Quantisation,
): Record<string, { readonly shape: Shape; readonly dtype: DType }> {
  return Object.fromEntries(
    paramSpecs(config, computeDtype).map(({ name, shape, dtype }) => {
      if (quantisation !== 'nf4' || !isQuantisable(name)) return [name, { shape, dtype }];
      // Four bits a value, a byte a block, four bytes a block of blocks.
      const blocks = Math.ceil(sizeOf(shape) / NF4_BLOCK);
      const nested = Math.ceil(blocks / NF4_NESTED_BLOCK);
      const bytes = (blocks * NF4_BLOCK) / 2 + nested * NF4_NESTED_BLOCK + 4 * nested + 4;
      return [name, { shape: [bytes], dtype: 'u8' as const }];
    }),
  );
}
