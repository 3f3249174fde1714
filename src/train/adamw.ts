import {
  add,
  div,
  fill,
  input,
  lessEqual,
  minimum,
  mul,
  type Shape,
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

/** The variables that hold the moments of P parameters, zero at the start. */
export function adamWState(size: number): { name: string; shape: Shape; dtype: 'f32'; start: number }[] {
  return [MOMENTS.first, MOMENTS.second].map((name) => ({ name, shape: [size], dtype: 'f32', start: 0 }));
}

/** What every form of the step computes first, all f32 [] but `finite`. */
export interface AdamWInputs {
  readonly learningRate: Value;
  /** 1 - β1^t and 1 - β2^t. */
  readonly c1: Value;
  readonly c2: Value;
  /** What the gradient is multiplied by, 1 where its norm is small enough. */
  readonly clip: Value;
  readonly gradNorm: Value;
  readonly finite: Value;
}

/** Reads the inputs `learningRate`, `correction1`, `correction2` (see `adamWFeeds`) and takes the norm of the gradient. */
export function adamWInputs(gradient: Value, { maxGradNorm }: AdamWConfig): AdamWInputs {
  const scalar = (name: string): Value => input(name, [], 'f32');
  const squared = sum(square(gradient));
  const gradNorm = sqrt(squared);
  return {
    learningRate: scalar('learningRate'),
    c1: scalar('correction1'),
    c2: scalar('correction2'),
    clip: maxGradNorm === null ? fill(1, [], 'f32') : minimum(div(maxGradNorm, add(gradNorm, 1e-6)), 1),
    gradNorm,
    finite: lessEqual(squared, 3.4e38),
  };
}

/** The parameters after decay and a move (learning rate included), as they were where the gradient is not finite. */
export function moved(parameters: Value, move: Value, inputs: AdamWInputs, { weightDecay }: AdamWConfig): Value {
  const decayed = weightDecay === 0 ? parameters : mul(parameters, sub(1, mul(inputs.learningRate, weightDecay)));
  return where(inputs.finite, sub(decayed, move), parameters);
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
  const { beta1, beta2, epsilon } = config;
  const inputs = adamWInputs(gradient, config);
  const { learningRate, c1, c2, clip, gradNorm, finite } = inputs;
  const m = variable(MOMENTS.first, parameters.shape, 'f32');
  const v = variable(MOMENTS.second, parameters.shape, 'f32');
  // Factors are multiplied as scalars first: each product saved is a pass over all parameters.
  const nextM = add(mul(m, beta1), mul(gradient, mul(clip, 1 - beta1)));
  const nextV = add(mul(v, beta2), square(mul(gradient, mul(clip, Math.sqrt(1 - beta2)))));
  const root2 = sqrt(c2);
  const direction = div(nextM, add(sqrt(nextV), mul(root2, epsilon)));
  const next = moved(parameters, mul(direction, div(mul(learningRate, root2), c1)), inputs, config);
  const guarded = (target: Value, value: Value): { variable: Value; value: Value } => ({
    variable: target,
    value: where(finite, value, target),
  });
  return { updates: [{ variable: parameters, value: next }, guarded(m, nextM), guarded(v, nextV)], gradNorm, finite };
}

/** The numbers that `adamWStep` reads at update number `updates` (1 is the first). */
export function adamWFeeds(config: AdamWConfig, learningRate: number, updates: number): Record<string, number> {
  return {
    learningRate,
    correction1: 1 - config.beta1 ** updates,
    correction2: 1 - config.beta2 ** updates,
  };
}
