import { add, cast, constant, custom, greaterEqual, matmul, mul, randomUniform, type Value } from '../../compute/graph';
import type { LoraPair } from './types';

/**
 * A frozen projection as Hugging Face stores it: y = x·Wᵀ. x [N,Din], w [Dout,Din] → [N,Dout], in the dtype of x.
 */
export function project(x: Value, w: Value): Value {
  return matmul(x, w, { transposeB: true });
}

/**
 * A frozen projection with a low-rank update, in one product: y = x·(W + scale·B·A)ᵀ.
 * x [N,Din], w [Dout,Din], a [R,Din], b [Dout,R] → [N,Dout], in the dtype of x.
 * Backward by hand, so that no [N,Dout] temporary is made: dx = dy·(W + scale·B·A), dB = scale·dyᵀ·(x·Aᵀ),
 * dA = scale·(dy·B)ᵀ·x. The sum of the weights costs 2·R·|W| operations, under 1% of the product.
 * Source: Hu et al. 2021, arXiv:2106.09685, section 4.1 (merged weights); valid only without dropout, and meant for
 * f32: in bf16 an update below half a unit in the last place of W is rounded away (SmolLM2-135M, five steps: the loss
 * fell 0.74 where f32 fell 0.95; 0.95 with the two paths below, for 9% more time).
 */
export function foldedProjection(x: Value, w: Value, pair: LoraPair, scale: number): Value {
  const { a, b } = pair;
  const scaledB = mul(b, scale);
  const folded = add(w, matmul(scaledB, a));
  return custom('foldedLora', [x, w, a, b], project(x, folded), (dy) => [
    matmul(dy, folded),
    null,
    matmul(matmul(dy, scaledB), x, { transposeA: true }),
    matmul(dy, mul(project(x, a), scale), { transposeA: true }),
  ]);
}

/**
 * The same update along its own path, y = x·Wᵀ + scale·(dropped·Aᵀ)·Bᵀ → f32 [N,Dout]: with dropout, where the
 * frozen path keeps the whole x, and in bf16. The two products are summed in f32: x·Wᵀ in bf16 lies on bf16's grid,
 * and a small update added to it there would be rounded away. Shapes as in `foldedProjection`.
 */
export function twoPathProjection(x: Value, w: Value, pair: LoraPair, scale: number, dropped: Value): Value {
  const low = mul(project(dropped, pair.a), scale);
  return add(cast(project(x, w), 'f32'), cast(project(low, pair.b), 'f32'));
}

/**
 * Zeroes each element with probability `rate` and scales the rest by 1/(1 - rate); the mask is a function of
 * `seed` i32 [2] and `site` alone, so that recomputing it gives the same mask.
 */
export function dropout(x: Value, rate: number, seed: Value, site: number): Value {
  const siteSeed = add(seed, constant(Int32Array.of(0, site), [2], 'i32'));
  const keep = greaterEqual(randomUniform(siteSeed, x.shape), rate);
  return mul(x, mul(cast(keep, x.dtype), 1 / (1 - rate)));
}
