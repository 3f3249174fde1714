import {
  add,
  cast,
  constant,
  div,
  exp,
  gather,
  log,
  matmul,
  maximum,
  reshape,
  slice,
  sub,
  sum,
  topK,
  type Value,
} from '../../compute/graph';
import { type ComputeDType, logits, type ParamLookup } from '../families';
import type { ModelConfig } from '../weights';

/** The likeliest next tokens of N rows inside a graph; what `Candidates` is for one row on the host. */
export interface CandidateValues {
  /** f32 [N,V]. */
  readonly scores: Value;
  /** f32 [N,K], likeliest first. */
  readonly values: Value;
  /** i32 [N,K]. */
  readonly ids: Value;
  /** log Σ exp(score) f32 [N]. */
  readonly logSum: Value;
  /** log Σ exp(score / temperature) f32 [N]; `logSum` itself at temperature 1. */
  readonly logSumTempered: Value;
}

interface HeadOf {
  readonly config: ModelConfig;
  readonly params: ParamLookup;
  readonly computeDtype: ComputeDType;
}

/**
 * The K likeliest tokens after the final hidden rows f32 [N,D]. `temperature` f32 [] or null for 1; `constantHead` as `constantB` in matmul.
 * In bf16 the product gives logits on bf16's grid, 0.125 apart at a size of 16 to 32: exact ties among the likeliest. Those K are
 * therefore computed again in f32 from their rows of the head, and put in order by that; the other tokens keep the product's.
 */
export function candidateValues(
  { config, params, computeDtype }: HeadOf,
  rows: Value,
  candidates: number,
  temperature: Value | null,
  constantHead: boolean,
): CandidateValues {
  const [N] = rows.shape;
  const scores = logits(config, params, rows, computeDtype, constantHead);
  const rough = topK(scores, candidates);
  const peak = slice(rough.values, [0, 0], [N, 1]);
  const exact = computeDtype === 'f32' ? null : exactly(config, params, rows, rough.indices);
  const fromPeak = sub(scores, peak);
  const logSumAt = (divisor: Value | null): Value => {
    const scaled = (x: Value): Value => exp(divisor ? div(x, divisor) : x);
    const all = sum(scaled(fromPeak), [1]);
    const total = exact ? replaced(all, scaled(sub(rough.values, peak)), scaled(sub(exact.values, peak))) : all;
    return add(log(total), reshape(divisor ? div(peak, divisor) : peak, [N]));
  };
  const logSum = logSumAt(null);
  return {
    scores,
    values: exact?.values ?? rough.values,
    ids: exact?.ids ?? rough.indices,
    logSum,
    logSumTempered: temperature ? logSumAt(temperature) : logSum,
  };
}

/** Logits of the tokens ids i32 [N,K] in f32, likeliest first, of equals the smaller place in ids first. */
function exactly(config: ModelConfig, params: ParamLookup, rows: Value, ids: Value): { values: Value; ids: Value } {
  const [N, K] = ids.shape;
  const head = params(config.tieEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
  const weights = cast(gather(head, ids), 'f32');
  const scores = reshape(matmul(reshape(rows, [N, 1, config.hiddenSize]), weights, { transposeB: true }), [N, K]);
  const { values, indices } = topK(scores, K);
  const first = constant(
    Int32Array.from({ length: N }, (_, n) => n * K),
    [N, 1],
    'i32',
  );
  return { values, ids: reshape(gather(reshape(ids, [N * K]), reshape(add(indices, first), [N * K])), [N, K]) };
}

/** A sum f32 [N] with some of its terms [N,K] exchanged for others; what is left of the sum cannot be below 0. */
function replaced(total: Value, before: Value, after: Value): Value {
  return add(maximum(sub(total, sum(before, [1])), 0), sum(after, [1]));
}
