import { node } from './node';
import type { Value } from './value';

/** e^x over its sum along the last axis, computed with the maximum taken off; a row of all −∞ gives NaN. In the dtype of x. */
export function softmax(x: Value): Value<'softmax'> {
  return node('softmax', [x], {});
}

/** x · sigmoid(x). Source: Elfwing et al. 2017, arXiv:1702.03118. */
export function silu(x: Value): Value<'silu'> {
  return node('silu', [x], {});
}

/**
 * y = x · gain / √(mean(x²) + eps), the mean over the last axis. x [...,D], gain [D], one float dtype; computed in f32.
 * Source: Zhang and Sennrich 2019, arXiv:1910.07467.
 */
export function rmsNorm(x: Value, gain: Value, eps: number): Value<'rmsNorm'> {
  return node('rmsNorm', [x, gain], { eps });
}

/**
 * −log softmax(logits)[target] per row, in nats. logits f32 [N,V], targets i32 [N], each in 0 to V−1 → f32 [N].
 * Its gradient is `crossEntropyGrad`, which a lowering can take from the same fused kernel.
 */
export function crossEntropy(logits: Value, targets: Value): Value<'crossEntropy'> {
  return node('crossEntropy', [logits, targets], {});
}

/** softmax(logits) − onehot(targets): the gradient of each row's cross-entropy. f32 [N,V], i32 [N] → f32 [N,V]. */
export function crossEntropyGrad(logits: Value, targets: Value): Value<'crossEntropyGrad'> {
  return node('crossEntropyGrad', [logits, targets], {});
}
