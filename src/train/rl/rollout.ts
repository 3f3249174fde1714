import {
  add,
  cast,
  constant,
  div,
  equal,
  exp,
  fill,
  greaterEqual,
  log,
  max,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  type Shape,
  slice,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Value,
} from '../../compute/graph';
import type { RlConfig } from './config';

/** What a step knows before any update; B prompts, A answers, G samples a prompt, all f32. */
export interface RolloutInput {
  /** [B,A]: scores of the answers. */
  readonly logits: Value;
  /** [B]: what the value head expects, for PPO; else null. */
  readonly value: Value | null;
  /** [B,A]: scores of the reference, where KL is charged; else null. */
  readonly reference: Value | null;
  /** [B,A]: the reward of each answer. */
  readonly rewards: Value;
  /** [B,G]: uniform numbers in 0 to 1 that draw the answers. */
  readonly uniforms: Value;
  /** []: divides all scores. */
  readonly temperature: Value;
  /** []: coefficient of the rarity bonus. */
  readonly rarity: Value;
}

/** What the update learns from; no gradient passes. f32 but for `actions`. */
export interface Rollout {
  /** [B,A]: log-probabilities of the policy that drew. */
  readonly logp: Value;
  /** i32 [B,G]. */
  readonly actions: Value;
  /** [B,G]: log-probabilities of the answers drawn. */
  readonly taken: Value;
  /** [B,A]: rewards with the rarity bonus and, unless the loss charges it, the KL penalty. */
  readonly shaped: Value;
  readonly advantages: Value;
  /** [B,G]: what the value head should have said. */
  readonly returns: Value;
}

/** log softmax over the last axis of scores divided by a temperature. */
export function policyLogProbabilities(logits: Value, temperature: Value): Value {
  const tempered = div(logits, temperature);
  const shifted = sub(tempered, stopGradient(max(tempered, -1, true)));
  return sub(shifted, log(sum(exp(shifted), -1, true)));
}

/** table [B,A] at actions i32 [B,G] → [B,G]. */
export function pick(table: Value, actions: Value): Value {
  const [B, A] = table.shape;
  const G = actions.shape[1];
  const numbers = constant(
    Int32Array.from({ length: A }, (_, a) => a),
    [1, 1, A],
    'i32',
  );
  const chosen = cast(equal(reshape(actions, [B, G, 1]), numbers), 'f32');
  return sum(mul(chosen, reshape(table, [B, 1, A])), -1);
}

/**
 * Draws answers and computes what each is worth.
 *
 * action = how many cumulative probabilities lie at or below the uniform number. Shaped reward = reward
 * + rarity · -log(mean over the batch of π(a)) - kl.coefficient · k(a), with k1 = log π - log ref or k3 = ref/π - 1 - log(ref/π);
 * for GRPO the loss charges KL instead. Advantages:
 * - rloo: r - mean of the group's other rewards (Ahmadian et al. 2024, arXiv:2402.14740);
 * - grpo: r - mean of the group, over (its standard deviation + 1e-4), Bessel (Shao et al. 2024, arXiv:2402.03300; TRL);
 * - ppo: r - V for a one-token answer, whitened over the step; with whitenRewards r is (r - mean)/√(var + 1e-8) + mean first
 *   (Schulman et al. 2017, arXiv:1707.06347; TRL's masked_whiten);
 * - exact: none (zeros), for the loss sums over all answers.
 */
export function rollout(config: RlConfig, given: RolloutInput): Rollout {
  const { estimator, kl } = config;
  const B = given.logits.shape[0];
  const G = given.uniforms.shape[1];
  const logp = stopGradient(policyLogProbabilities(given.logits, given.temperature));
  const probabilities = exp(logp);
  const actions = drawn(probabilities, given.uniforms);
  const taken = pick(logp, actions);
  const marginal = mean(probabilities, 0, true);
  let shaped: Value = add(given.rewards, mul(given.rarity, neg(log(maximum(marginal, 1e-30)))));
  if (kl.coefficient > 0 && estimator !== 'grpo' && given.reference) {
    const reference = policyLogProbabilities(given.reference, given.temperature);
    shaped = sub(shaped, mul(klTerm(kl.estimator, logp, reference), kl.coefficient));
  }
  shaped = stopGradient(shaped);
  let rewards: Value = pick(shaped, actions);
  const zeros = mul(rewards, 0);
  if (estimator === 'exact') return { logp, actions, taken, shaped, advantages: zeros, returns: zeros };
  if (estimator === 'rloo') {
    const others = div(sub(sum(rewards, -1, true), rewards), G - 1);
    return { logp, actions, taken, shaped, advantages: sub(rewards, others), returns: zeros };
  }
  if (estimator === 'grpo') {
    const centred = sub(rewards, mean(rewards, -1, true));
    const deviation = sqrt(div(sum(square(centred), -1, true), G - 1));
    const advantages = config.groupScaling ? div(centred, add(deviation, 1e-4)) : centred;
    return { logp, actions, taken, shaped, advantages, returns: zeros };
  }
  if (config.whitenRewards) rewards = add(whitened(rewards), mean(rewards));
  const value = given.value ? reshape(stopGradient(given.value), [B, 1]) : fill(0, [B, 1], 'f32');
  const raw = sub(rewards, value);
  return {
    logp,
    actions,
    taken,
    shaped,
    advantages: config.whitenAdvantages ? whitened(raw) : raw,
    returns: rewards,
  };
}

/** k1 = log π - log ref, k3 = ref/π - 1 - log(ref/π) ≥ 0; element by element. Source: Schulman 2020, "Approximating KL divergence". */
export function klTerm(estimator: 'k1' | 'k3', policy: Value, reference: Value): Value {
  const ratio = sub(reference, policy);
  return estimator === 'k1' ? neg(ratio) : sub(sub(exp(ratio), 1), ratio);
}

/** (x - mean)/√(var + 1e-8) over all elements, var with Bessel's correction. */
export function whitened(x: Value): Value {
  const count = size(x.shape);
  const centred = sub(x, mean(x));
  const variance = div(sum(square(centred)), Math.max(1, count - 1));
  return div(centred, sqrt(add(variance, 1e-8)));
}

/** probabilities [B,A], uniforms [B,G] → i32 [B,G]. */
function drawn(probabilities: Value, uniforms: Value): Value {
  const [B, A] = probabilities.shape;
  let action: Value = mul(uniforms, 0);
  for (let a = 0; a < A - 1; a++) {
    const upTo = sum(slice(probabilities, [0, 0], [B, a + 1]), -1, true);
    action = add(action, cast(greaterEqual(uniforms, upTo), 'f32'));
  }
  return cast(action, 'i32');
}

function size(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}
