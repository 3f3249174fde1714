import {
  add,
  div,
  input,
  lessEqual,
  minimum,
  mul,
  sqrt,
  square,
  sub,
  sum,
  type Value,
  variable,
  where,
} from '../compute/graph';

/** Settings of AdamW that stay the same over a run. */
export interface AdamWConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Largest norm of the gradient, over all parameters; null leaves it as it is. */
  readonly maxGradNorm: number | null;
}

/** Names of the session variables that hold the moments. */
export const MOMENTS = { first: 'adamw.m', second: 'adamw.v' } as const;

/** What an optimiser step adds to a program. */
export interface AdamWStep {
  readonly updates: readonly { readonly variable: Value; readonly value: Value }[];
  /** Norm of the gradient before clipping, f32 []. */
  readonly gradNorm: Value;
  /** bool []: false if the gradient holds a NaN or an infinity, or its norm overflows f32; nothing moves then. */
  readonly finite: Value;
}

/**
 * One step of AdamW with decoupled decay on a flat parameter vector, f32 [P], after clipping by global norm:
 * g ← g · min(1, maxGradNorm/(‖g‖ + 1e-6)); m ← β1·m + (1-β1)·g; v ← β2·v + (1-β2)·g²;
 * p ← p - lr·decay·p - lr·(m/c1)/(√(v/c2) + ε).
 * Reads the inputs `learningRate`, `correction1` = 1-β1^t and `correction2` = 1-β2^t, f32 [] (see `adamWFeeds`), and
 * keeps the moments in variables. A gradient that is not finite changes nothing.
 * Source: Loshchilov and Hutter 2017, arXiv:1711.05101; the clip as torch.nn.utils.clip_grad_norm_.
 */
export function adamWStep(parameters: Value, gradient: Value, config: AdamWConfig): AdamWStep {
  const { beta1, beta2, epsilon, weightDecay, maxGradNorm } = config;
  const scalar = (name: string): Value => input(name, [], 'f32');
  const [learningRate, c1, c2] = [scalar('learningRate'), scalar('correction1'), scalar('correction2')];
  const squared = sum(square(gradient));
  const finite = lessEqual(squared, 3.4e38);
  const gradNorm = sqrt(squared);
  const clipped = maxGradNorm === null ? gradient : mul(gradient, minimum(div(maxGradNorm, add(gradNorm, 1e-6)), 1));
  const m = variable(MOMENTS.first, parameters.shape, 'f32');
  const v = variable(MOMENTS.second, parameters.shape, 'f32');
  const nextM = add(mul(m, beta1), mul(clipped, 1 - beta1));
  const nextV = add(mul(v, beta2), mul(square(clipped), 1 - beta2));
  const direction = div(div(nextM, c1), add(sqrt(div(nextV, c2)), epsilon));
  const decayed = weightDecay === 0 ? parameters : mul(parameters, sub(1, mul(learningRate, weightDecay)));
  const next = sub(decayed, mul(direction, learningRate));
  const guarded = (target: Value, value: Value): { variable: Value; value: Value } => ({
    variable: target,
    value: where(finite, value, target),
  });
  return { updates: [guarded(parameters, next), guarded(m, nextM), guarded(v, nextV)], gradNorm, finite };
}

/** The numbers that `adamWStep` reads at update number `updates` (1 is the first). */
export function adamWFeeds(config: AdamWConfig, learningRate: number, updates: number): Record<string, number> {
  return {
    learningRate,
    correction1: 1 - config.beta1 ** updates,
    correction2: 1 - config.beta2 ** updates,
  };
}
