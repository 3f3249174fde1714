import { PROJECTIONS, projectionShape } from '../../src/model/families';
import type { ModelConfig } from '../../src/model/weights';

/** A training row by its sizes: places computed (one less than its tokens) and places predicted. */
export interface RowSize {
  readonly places: number;
  readonly supervised: number;
}

/**
 * Floating-point operations (a multiply and an add are two) that one LoRA step on these rows needs, padding, norms, softmax
 * and the optimiser left out. With n places a row, s of them supervised, R the rank, and W [out,in] the projections:
 *   projections   2·out·in·n forward, as much backward for the inputs (none for q, k, v of layer 0: nothing below is trained)
 *   adapters      4·R·(in+out)·n: x·Aᵀ and dy·B, then dA and dB; and 2·R·in·out a step to fold W + scale·B·A, which
 *                 spares the products x·Aᵀ·Bᵀ and their way back
 *   attention     12·n²·H·E: scores and values forward (the whole square, as a dense product computes it), twice that backward
 *   logits        2·s·D·V forward, as much backward
 */
export function stepFlops(model: ModelConfig, rank: number, rows: readonly RowSize[]): number {
  const places = rows.reduce((sum, row) => sum + row.places, 0);
  const squares = rows.reduce((sum, row) => sum + row.places ** 2, 0);
  const supervised = rows.reduce((sum, row) => sum + row.supervised, 0);
  let flops = 0;
  for (let layer = 0; layer < model.layers; layer++) {
    for (const projection of PROJECTIONS) {
      const [out, into] = projectionShape(model, projection);
      const noInputGradient = layer === 0 && ['q_proj', 'k_proj', 'v_proj'].includes(projection);
      flops += (noInputGradient ? 2 : 4) * out * into * places;
      flops += 4 * rank * (out + into) * places + 2 * rank * out * into;
    }
    flops += 12 * squares * model.heads * model.headDim;
  }
  return flops + 4 * supervised * model.hiddenSize * model.vocabSize;
}
