import {
  add,
  barrier,
  cast,
  concat,
  constant,
  custom,
  greaterEqual,
  matmul,
  mul,
  pad,
  randomUniform,
  slice,
  type Value,
} from '../../compute/graph';
import type { LoraPair } from './types';

/**
 * A frozen projection as Hugging Face stores it: y = x·Wᵀ. x [N,Din], w [Dout,Din] → [N,Dout], in the dtype of x.
 */
export function project(x: Value, w: Value, constantB = false): Value {
  return matmul(x, w, { transposeB: true, constantB });
}

/**
 * A frozen projection with a low-rank update, in one product: y = x·(W + scale·B·A)ᵀ.
 * x [N,Din], w [Dout,Din], a [R,Din], b [Dout,R] → [N,Dout], in the dtype of x.
 * Backward by hand, so that no [N,Dout] temporary is made: dx = dy·(W + scale·B·A), dB = scale·dyᵀ·(x·Aᵀ),
 * dA = scale·(dy·B)ᵀ·x. The sum of the weights costs 2·R·|W| operations, under 1% of the product; it is made behind x, else
 * the sums of all layers would be made before the first one.
 * Source: Hu et al. 2021, arXiv:2106.09685, section 4.1 (merged weights); valid only without dropout, and meant for
 * f32: in bf16 an update below half a unit in the last place of W is rounded away (SmolLM2-135M, five steps: the loss
 * fell 0.74 where f32 fell 0.95).
 */
export function foldedProjection(x: Value, w: Value, pair: LoraPair, scale: number): Value {
  const { a, b } = pair;
  const scaledB = mul(barrier(b, x), scale);
  const folded = add(w, matmul(scaledB, a));
  return custom('foldedLora', [x, w, a, b], project(x, folded), (dy) => [
    matmul(dy, folded),
    null,
    matmul(matmul(dy, scaledB), x, { transposeA: true }),
    matmul(dy, mul(project(x, a), scale), { transposeA: true }),
  ]);
}

/** What the adapters of projections that read one input x [N,Din] share. */
export interface LowRankInput {
  readonly x: Value;
  /** x and scale·(x·Aᵀ) of every adapter side by side: [N, Din + ΣR]. */
  readonly extended: Value;
  /** First column of each adapter's part among the ΣR, and how many they are together. */
  readonly starts: readonly number[];
  readonly ranks: number;
  readonly scale: number;
}

/**
 * The low-rank halves of all adapters on x [N,Din] in one product, beside x itself. `pairs` [R,Din] and [Dout,R].
 */
export function lowRankInput(x: Value, pairs: readonly LoraPair[], scale: number): LowRankInput {
  const widths = pairs.map(({ a }) => a.shape[0]);
  const starts = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width, 0));
  const ranks = widths.reduce((sum, width) => sum + width, 0);
  const low = mul(
    project(
      x,
      concat(
        pairs.map(({ a }) => a),
        0,
      ),
    ),
    scale,
  );
  return { x, extended: concat([x, low], 1), starts, ranks, scale };
}

/**
 * A frozen projection with its adapter, number `index` of `shared`, in one product over the longer axis:
 * y = [x | scale·x·Aᵀ]·[W | B]ᵀ. w [Dout,Din] → [N,Dout] in the dtype of x; sums are f32 and rounded once, so that a
 * small update is not lost against x·Wᵀ as it would be in W + scale·B·A or in a sum of two bf16 products.
 * Backward by hand: with d = scale·dy·B, dx = [dy | d]·[W ; A], dA = dᵀ·x, dB = dyᵀ·(scale·x·Aᵀ).
 * The longer weights are made where they are used, behind x and dy, so that one layer's exist at a time.
 */
export function extendedProjection(shared: LowRankInput, index: number, w: Value, { a, b }: LoraPair): Value {
  const { x, extended, starts, ranks, scale } = shared;
  const [N, Din] = x.shape;
  const rank = b.shape[1];
  const start = starts[index];
  const columns = pad(b, [
    [0, 0],
    [start, ranks - start - rank],
  ]);
  const y = matmul(extended, concat([barrier(w, extended), columns], 1), { transposeB: true });
  return custom('extendedLora', [x, w, a, b], y, (dy) => {
    const d = mul(matmul(dy, b), scale);
    const low = slice(extended, [0, Din + start], [N, rank]);
    return [
      matmul(concat([dy, d], 1), concat([barrier(w, dy), a], 0)),
      null,
      // Through the longer input, so that x itself is not kept for the backward pass.
      slice(matmul(d, extended, { transposeA: true }), [0, 0], [rank, Din]),
      matmul(dy, low, { transposeA: true }),
    ];
  });
}

/**
 * The same with the weight as it is, constant or too large beside the rows to be copied for them:
 * y = x·Wᵀ + (scale·x·Aᵀ)·Bᵀ, two products summed in f32 → f32 [N,Dout].
 */
export function apartProjection(
  shared: LowRankInput,
  index: number,
  w: Value,
  { a, b }: LoraPair,
  constantB: boolean,
): Value {
  const { x, extended, starts } = shared;
  const low = slice(extended, [0, x.shape[1] + starts[index]], [x.shape[0], a.shape[0]]);
  return add(cast(project(x, w, constantB), 'f32'), cast(project(low, b), 'f32'));
}

/**
 * The same with dropout, where the adapter reads `dropped` and the frozen weight the whole x:
 * y = x·Wᵀ + scale·(dropped·Aᵀ)·Bᵀ, again one product and one rounding.
 */
export function droppedProjection(x: Value, w: Value, { a, b }: LoraPair, scale: number, dropped: Value): Value {
  const low = mul(project(dropped, a), scale);
  const extended = concat([x, low], 1);
  const y = matmul(extended, concat([barrier(w, extended), b], 1), { transposeB: true });
  return custom('droppedLora', [x, dropped, w, a, b], y, (dy) => {
    const d = mul(matmul(dy, b), scale);
    return [
      matmul(dy, w),
      matmul(d, a),
      null,
      matmul(d, dropped, { transposeA: true }),
      matmul(dy, low, { transposeA: true }),
    ];
  });
}

/**
 * Zeroes each element with probability `rate` and scales the rest by 1/(1 - rate); the mask is a function of
 * `seed` i32 [2] and `site` alone, so that recomputing it gives the same mask. It is drawn behind x: a mask needs no more than
 * its seed, so that an executor would draw those of all layers before the first one.
 */
export function dropout(x: Value, rate: number, seed: Value, site: number): Value {
  const siteSeed = add(barrier(seed, x), constant(Int32Array.of(0, site), [2], 'i32'));
  const keep = greaterEqual(randomUniform(siteSeed, x.shape), rate);
  return mul(x, mul(cast(keep, x.dtype), 1 / (1 - rate)));
}
