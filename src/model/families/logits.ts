import {
  add,
  barrier,
  cast,
  concat,
  constant,
  crossEntropy,
  crossEntropyGrad,
  custom,
  gather,
  matmul,
  mul,
  reshape,
  slice,
  sum,
  type Value,
} from '../../compute/graph';
import { ShapeError } from '../../core';
import type { ModelConfig } from '../weights';
import type { ComputeDType, ParamLookup } from './types';

/** Logits that exist at one time, in values: 160 MB with their gradient. Fewer rows a product would make it slower. */
const CHUNK_VALUES = 1 << 24;

/**
 * Scores of the next token: rows f32 [N,D] of the final hidden state → logits f32 [N,V].
 * The product runs in `computeDtype`, with the embedding as head where the model ties them; `constantB` as in matmul.
 */
export function logits(
  config: ModelConfig,
  params: ParamLookup,
  rows: Value,
  computeDtype: ComputeDType,
  constantB = false,
): Value {
  return cast(matmul(cast(rows, computeDtype), head(config, params), { transposeB: true, constantB }), 'f32');
}

/**
 * Scores of a few tokens only: rows f32 [N,D] of the final hidden state, tokens in the order asked for → f32 [N,tokens], in an f32
 * product with those rows of the head. Throws ShapeError for a token outside the vocabulary.
 */
export function logitsOf(config: ModelConfig, params: ParamLookup, rows: Value, tokens: readonly number[]): Value {
  const outside = tokens.filter((token) => !Number.isInteger(token) || token < 0 || token >= config.vocabSize);
  if (outside.length > 0)
    throw new ShapeError(
      `logitsOf: tokens must be 0 to ${config.vocabSize - 1}, got ${outside.join(', ')}. Take them from the model's tokenizer.`,
    );
  const chosen = gather(head(config, params), constant(Int32Array.from(tokens), [tokens.length], 'i32'));
  return matmul(rows, cast(chosen, 'f32'), { transposeB: true });
}

/** A loss and what its backward pass has already computed. */
export interface SupervisedLoss {
  /** f32 []. */
  readonly lossSum: Value;
  /** The gradient of the picked rows f32 [N,D] where `training`: keep it when recomputing. */
  readonly kept: readonly Value[];
}

/**
 * The sum over supervised tokens of weight · -log p(target).
 * hidden f32 [B,T,D]; rows i32 [N] indexes hidden flattened to [B·T,D] at the token before each target; targets
 * i32 [N]; weights f32 [N], 0 for rows that only fill the shape. Logits exist at those N rows alone, and for one chunk of
 * rows at a time: with `training` each chunk's gradient, (softmax - onehot)·weight·head, is made before the next chunk's
 * logits, so that nothing of the size N·V is kept or made twice.
 */
export function supervisedLoss(
  config: ModelConfig,
  params: ParamLookup,
  hidden: Value,
  supervised: { readonly rows: Value; readonly targets: Value; readonly weights: Value },
  computeDtype: ComputeDType,
  training: boolean,
  chunkValues = CHUNK_VALUES,
): SupervisedLoss {
  const [B, T, D] = hidden.shape;
  const N = supervised.rows.shape[0];
  const picked = gather(reshape(hidden, [B * T, D]), supervised.rows);
  const weight = head(config, params);
  const chunk = Math.max(16, Math.floor(chunkValues / config.vocabSize));
  const losses: Value[] = [];
  const slopes: Value[] = [];
  for (let start = 0; start < N; start += chunk) {
    const count = Math.min(chunk, N - start);
    const before = slopes.at(-1) ?? losses.at(-1);
    const rows = slice(before ? barrier(picked, before) : picked, [start, 0], [count, D]);
    const targets = slice(supervised.targets, [start], [count]);
    const weights = slice(supervised.weights, [start], [count]);
    const scores = cast(matmul(cast(rows, computeDtype), weight, { transposeB: true }), 'f32');
    losses.push(sum(mul(crossEntropy(scores, targets), weights)));
    if (!training) continue;
    const slope = mul(crossEntropyGrad(scores, targets), reshape(weights, [count, 1]));
    slopes.push(cast(matmul(cast(slope, computeDtype), weight), 'f32'));
  }
  const total = losses.reduce((sofar, loss) => add(sofar, loss));
  if (!training) return { lossSum: total, kept: [] };
  const slope = concat(slopes, 0);
  // The barrier makes the gradient part of the forward pass, where its logits are at hand.
  const lossSum = custom('supervisedLoss', [picked], barrier(total, slope), (grad) => [mul(slope, grad)]);
  return { lossSum, kept: [slope] };
}

function head(config: ModelConfig, params: ParamLookup): Value {
  return params(config.tieEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
}
