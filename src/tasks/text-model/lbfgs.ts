import { NumericError } from '../../core';

export interface LbfgsOptions {
  /** Stop when no entry of the gradient is larger. */
  readonly tolerance: number;
  readonly maxSteps: number;
  /** Pairs of differences that are kept. */
  readonly memory?: number;
}

/**
 * Minimises a smooth convex function from `start` by limited-memory BFGS with a weak Wolfe line search (bisection).
 * `evaluate` writes the gradient at x into its second argument and returns the value.
 * Throws NumericError if the line search finds no step or the steps run out.
 * Source: Nocedal and Wright 2006, Numerical Optimization, algorithm 7.5; Lewis and Overton 2013 for the line search.
 */
export function minimizeLbfgs(
  start: Float64Array,
  evaluate: (x: Float64Array, gradient: Float64Array) => number,
  options: LbfgsOptions,
): { readonly x: Float64Array; readonly value: number; readonly steps: number } {
  const memory = options.memory ?? 10;
  const size = start.length;
  let x = start.slice();
  let gradient = new Float64Array(size);
  let value = evaluate(x, gradient);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let step = 0; step < options.maxSteps; step++) {
    if (largest(gradient) <= options.tolerance) return { x, value, steps: step };
    const direction = descentDirection(gradient, pairs);
    const slope = dot(gradient, direction);
    let low = 0;
    let high = Number.POSITIVE_INFINITY;
    let length = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    const nextX = new Float64Array(size);
    const nextGradient = new Float64Array(size);
    let nextValue = Number.NaN;
    // Near the minimum a true decrease is smaller than the rounding of the value itself.
    const rounding = 8 * Number.EPSILON * Math.abs(value);
    for (let tries = 0; ; tries++) {
      if (tries === 60)
        throw new NumericError(
          `minimizeLbfgs: the line search must find a lower point, got none from ${value} (gradient ${largest(gradient)}). Loosen the tolerance (got ${options.tolerance}).`,
        );
      for (let i = 0; i < size; i++) nextX[i] = x[i] + length * direction[i];
      nextValue = evaluate(nextX, nextGradient);
      if (!(nextValue <= value + 1e-4 * length * slope + rounding)) high = length;
      else if (dot(nextGradient, direction) < 0.9 * slope) low = length;
      else break;
      length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
    }
    const s = new Float64Array(size);
    const y = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      s[i] = nextX[i] - x[i];
      y[i] = nextGradient[i] - gradient[i];
    }
    const curvature = dot(s, y);
    if (curvature > 0) {
      pairs.push({ s, y, rho: 1 / curvature });
      if (pairs.length > memory) pairs.shift();
    }
    x = nextX;
    gradient = nextGradient;
    value = nextValue;
  }
  throw new NumericError(
    `minimizeLbfgs: the gradient must fall to ${options.tolerance} in ${options.maxSteps} steps, got ${largest(gradient)}. Allow more steps.`,
  );
}

/** −H·gradient by the two-loop recursion. */
function descentDirection(gradient: Float64Array, pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[]) {
  const q = gradient.map((g) => -g);
  const alphas = new Float64Array(pairs.length);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, rho } = pairs[k];
    alphas[k] = rho * dot(s, q);
    for (let i = 0; i < q.length; i++) q[i] -= alphas[k] * y[i];
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  }
  for (const [k, { s, y, rho }] of pairs.entries()) {
    const beta = rho * dot(y, q);
    for (let i = 0; i < q.length; i++) q[i] += (alphas[k] - beta) * s[i];
  }
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function largest(a: Float64Array): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]));
  return most;
}
