import { add, barrier, cast, custom, mul, sigmoid, sub, type Value } from '../../compute/graph';
import type { ComputeDType } from './types';

/**
 * SwiGLU's gate: y = silu(gate)·up, computed in f32. gate, up [N,F], each f32 or bf16 → [N,F] in `dtype`.
 * Backward by hand: dup = dy·silu(gate), dgate = dy·up·silu'(gate). It computes the f32 values again from gate and up,
 * which alone are kept: at 2 bytes a value instead of 4 · 4.
 * Source: Shazeer 2020, arXiv:2002.05202.
 */
export function swiglu(gate: Value, up: Value, dtype: ComputeDType): Value {
  const g = cast(gate, 'f32');
  const forward = cast(mul(mul(g, sigmoid(g)), cast(up, 'f32')), dtype);
  return custom('swiglu', [gate, up], forward, (grad) => {
    const dy = cast(grad, 'f32');
    const again = cast(barrier(gate, grad), 'f32');
    const sigma = sigmoid(again);
    const activated = mul(again, sigma);
    // silu' = σ + silu·(1 - σ)
    const slope = add(sigma, mul(activated, sub(1, sigma)));
    return [cast(mul(mul(dy, cast(barrier(up, grad), 'f32')), slope), gate.dtype), cast(mul(dy, activated), up.dtype)];
  });
}
