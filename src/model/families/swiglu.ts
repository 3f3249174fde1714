import { add, cast, custom, mul, sigmoid, sub, type Value } from '../../compute/graph';
import type { ComputeDType } from './types';

/**
 * SwiGLU's gate: y = silu(gate)·up, computed in f32. gate, up [N,F], each f32 or bf16 → [N,F] in `dtype`.
 * Backward by hand from gate and up alone: dup = dy·silu(gate), dgate = dy·up·silu'(gate).
 * Source: Shazeer 2020, arXiv:2002.05202.
 */
export function swiglu(gate: Value, up: Value, dtype: ComputeDType): Value {
  const g = cast(gate, 'f32');
  const u = cast(up, 'f32');
  const sigma = sigmoid(g);
  const activated = mul(g, sigma);
  return custom('swiglu', [gate, up], cast(mul(activated, u), dtype), (grad) => {
    const dy = cast(grad, 'f32');
    // silu' = σ + silu·(1 - σ)
    const slope = add(sigma, mul(activated, sub(1, sigma)));
    return [cast(mul(mul(dy, u), slope), gate.dtype), cast(mul(dy, activated), up.dtype)];
  });
}
