import {
  abs,
  add,
  cast,
  constant,
  div,
  equal,
  exp,
  fill,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  matmul,
  mul,
  reshape,
  sub,
  sum,
  type Value,
  where,
} from '../../compute/graph';
import type { CandidateValues } from './candidates';

/** A sampling rule inside a graph; the same rule as `SamplingRule`. */
export interface DrawRule {
  /** f32 []; null takes the likeliest token. */
  readonly temperature: Value | null;
  /** i32 []: how many of the candidates can be drawn; null if any token of the vocabulary can. */
  readonly topK: Value | null;
  /** f32 []; null for no nucleus. */
  readonly topP: Value | null;
}

/** One token a row: token i32 [N], logprob f32 [N] at temperature 1, decided bool [N]; the first two count only where decided. */
export interface Draw {
  readonly token: Value;
  readonly logprob: Value;
  readonly decided: Value;
}

/**
 * How near to a token's edge, in probability, a draw in f32 is left to the host at temperature 1. Sums of 128 probabilities in f32
 * and f64 lay up to 2e-6 apart.
 */
const MARGIN = 2e-5;

/**
 * What `sampleToken` takes at quantile uniform f32 [N], by inverse of the running sum of the candidates' probabilities. A row is
 * not decided where the draw or its nucleus reaches past the candidates, or comes so near to an edge that f64 could say otherwise:
 * where it is decided, the token is the one that `sampleToken` takes.
 */
export function drawToken(candidates: CandidateValues, rule: DrawRule, uniform: Value): Draw {
  const { values, ids, logSum, logSumTempered } = candidates;
  const [N, K] = values.shape;
  const column = (x: Value): Value => reshape(x, [N, 1]);
  const place = constant(
    Int32Array.from({ length: K }, (_, i) => i),
    [1, K],
    'i32',
  );
  const picked = (x: Value, at: Value): Value => sum(where(equal(place, column(at)), x, 0), [1]);
  const take = (at: Value, decided: Value): Draw => ({
    token: picked(ids, at),
    logprob: sub(picked(values, at), logSum),
    decided,
  });
  const { temperature, topK, topP } = rule;
  if (!temperature) return take(fill(0, [N], 'i32'), less(fill(0, [N], 'i32'), 1));
  const held = exp(sub(div(values, temperature), column(logSumTempered)));
  const allowed = topK ? where(less(place, topK), held, 0) : held;
  const running = matmul(allowed, upperTriangle(K));
  const all = sum(allowed, [1]);
  const total = topK ? all : fill(1, [N], 'f32');
  const before = (target: Value, inclusive: boolean): Value =>
    sum(cast((inclusive ? lessEqual : less)(running, column(target)), 'i32'), [1]);
  const margin = div(fill(MARGIN, [], 'f32'), where(less(temperature, 1), temperature, 1));
  const clearOf = (target: Value): Value => {
    const near = cast(less(abs(sub(running, column(target))), margin), 'i32');
    return less(sum(near, [1]), 1);
  };
  if (!topP) {
    const target = mul(uniform, total);
    return take(before(target, true), logicalAnd(less(target, all), clearOf(target)));
  }
  const wanted = mul(topP, total);
  const nucleus = picked(running, before(wanted, false));
  const target = mul(uniform, nucleus);
  const reached = logicalAnd(less(wanted, all), clearOf(wanted));
  return take(before(target, true), logicalAnd(reached, logicalAnd(less(target, nucleus), clearOf(target))));
}

/** Whether a token i32 [N] is one of a few: bool [N]. */
export function isAnyOf(token: Value, ids: Iterable<number>): Value {
  let count: Value = fill(0, token.shape, 'i32');
  for (const id of ids) count = add(count, cast(equal(token, id), 'i32'));
  return logicalNot(less(count, 1));
}

/** f32 [K,K], 1 where row ≤ column: x · it is the running sum along the last axis of x. */
function upperTriangle(K: number): Value {
  return constant(
    Float32Array.from({ length: K * K }, (_, i) => (Math.floor(i / K) <= i % K ? 1 : 0)),
    [K, K],
    'f32',
  );
}
