import {
  add,
  cast,
  exp,
  fill,
  lessEqual,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  reshape,
  square,
  sub,
  sum,
  type Value,
} from '../../compute/graph';
import type { RlConfig } from './config';
import { klTerm, pick, policyLogProbabilities } from './rollout';

/** The policy as it is now on M prompts; gradients flow through it. */
export interface PolicyNow {
  /** f32 [M,A]. */
  readonly logits: Value;
  /** f32 [M], or null where no value head is trained. */
  readonly value: Value | null;
  /** f32 [M,A]: scores of the reference, for GRPO's KL; else null. */
  readonly reference: Value | null;
}

/** What was drawn from the old policy on these prompts; see `Rollout`. */
export interface Sampled {
  /** i32 [M,G]. */
  readonly actions: Value;
  /** f32 [M,G]: log-probabilities under the old policy. */
  readonly taken: Value;
  readonly advantages: Value;
  readonly returns: Value;
  /** f32 [M]: the old value; null without a value head. */
  readonly oldValue: Value | null;
  /** f32 [M,A]. */
  readonly shaped: Value;
}

/** What is minimised and its parts, f32 [] each but `taken`. */
export interface Objective {
  readonly loss: Value;
  readonly policyLoss: Value;
  readonly valueLoss: Value;
  readonly entropy: Value;
  /** f32 [M,G]: log-probabilities of the answers drawn under the policy now. */
  readonly taken: Value;
}

/**
 * The loss of one backward pass: policy + valueCoefficient · value - entropy · H, means over prompts and samples.
 * - exact: policy = -mean over prompts of Σ_a π(a)·shaped(a): the gradient of the expected reward itself, no sampling;
 * - the others, with ratio = π(a)/π_old(a): mean of max(-A·ratio, -A·clip(ratio, 1-clip, 1+clip)); GRPO adds kl.coefficient · k3;
 * - value (PPO) = ½·mean of max((V - R)², (V_old + clip(V - V_old, ±valueClip) - R)²).
 * H is the mean entropy of π at the sampling temperature, nats. A mean ratio above maxMeanRatio makes the loss 0.
 * Source: Schulman et al. 2017, arXiv:1707.06347, equations 7 and 9; TRL's PPO, RLOO and GRPO trainers.
 */
export function objective(
  config: RlConfig,
  now: PolicyNow,
  sampled: Sampled,
  { temperature, entropy: entropyCoefficient }: { readonly temperature: Value; readonly entropy: Value },
): Objective {
  const { estimator, clip, kl } = config;
  const logp = policyLogProbabilities(now.logits, temperature);
  const probabilities = exp(logp);
  const entropy = neg(mean(sum(mul(probabilities, logp), -1)));
  const taken = pick(logp, sampled.actions);
  const zero = fill(0, [], 'f32');
  let policyLoss: Value;
  let weight: Value | null = null;
  if (estimator === 'exact') policyLoss = neg(mean(sum(mul(probabilities, sampled.shaped), -1)));
  else {
    const ratio = exp(sub(taken, sampled.taken));
    const plain = neg(mul(sampled.advantages, ratio));
    const clipped = neg(mul(sampled.advantages, minimum(maximum(ratio, 1 - clip), 1 + clip)));
    policyLoss = mean(maximum(plain, clipped));
    if (estimator === 'grpo' && kl.coefficient > 0 && now.reference) {
      const reference = pick(policyLogProbabilities(now.reference, temperature), sampled.actions);
      policyLoss = add(policyLoss, mul(mean(klTerm('k3', taken, reference)), kl.coefficient));
    }
    if (config.maxMeanRatio !== null) weight = cast(lessEqual(mean(ratio), config.maxMeanRatio), 'f32');
  }
  const valueLoss =
    now.value && sampled.oldValue ? valueLossOf(config, now.value, sampled.oldValue, sampled.returns) : zero;
  const whole = sub(add(policyLoss, mul(valueLoss, config.valueCoefficient)), mul(entropyCoefficient, entropy));
  return { loss: weight ? mul(whole, weight) : whole, policyLoss, valueLoss, entropy, taken };
}

/** value, old [M], returns [M,G] → []. */
function valueLossOf({ valueClip }: RlConfig, value: Value, old: Value, returns: Value): Value {
  const column = (x: Value): Value => reshape(x, [x.shape[0], 1]);
  const error = square(sub(column(value), returns));
  if (valueClip === null) return mul(mean(error), 0.5);
  const moved = add(old, minimum(maximum(sub(value, old), -valueClip), valueClip));
  return mul(mean(maximum(error, square(sub(column(moved), returns)))), 0.5);
}
