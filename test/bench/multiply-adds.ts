import { topologicalOrder, type Value } from '../../src/compute/graph';
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

/** One matrix product of a program: [lead, m, k] · [lead, k, n]. */
export interface Product {
  readonly lead: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** How often it stands in the program. */
  readonly count: number;
}

/** Every matrix product that a program computes, padding and recomputation included. */
export function productsOf(roots: readonly Value[]): Product[] {
  const found = new Map<string, Product>();
  for (const value of topologicalOrder(roots)) {
    if (value.op !== 'matmul') continue;
    const { transposeA, transposeB } = (value as Value<'matmul'>).attrs;
    const [a, b] = value.inputs;
    const [rows, inner] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
    const lead = a.shape.slice(0, -2).reduce((product, size) => product * size, 1);
    // A right side of rank 2 is shared by all of the leading axes: one tall product.
    const shared = b.shape.length === 2;
    const sizes = {
      lead: shared ? 1 : lead,
      m: shared ? lead * rows : rows,
      k: inner,
      n: value.shape.at(-1)!,
    };
    const key = JSON.stringify([sizes, transposeA, transposeB]);
    const count = (found.get(key)?.count ?? 0) + 1;
    found.set(key, { ...sizes, transposeA, transposeB, count });
  }
  return [...found.values()];
}

export function productFlops(products: readonly Product[]): number {
  return products.reduce((sum, { lead, m, k, n, count }) => sum + 2 * count * lead * m * k * n, 0);
}
