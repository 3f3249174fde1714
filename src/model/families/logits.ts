import { cast, crossEntropy, gather, matmul, mul, reshape, sum, type Value } from '../../compute/graph';
import type { ModelConfig } from '../weights';
import type { ComputeDType, ParamLookup } from './types';

/**
 * Scores of the next token: rows f32 [N,D] of the final hidden state → logits f32 [N,V].
 * The product runs in `computeDtype`, with the embedding as head where the model ties them.
 */
export function logits(config: ModelConfig, params: ParamLookup, rows: Value, computeDtype: ComputeDType): Value {
  const head = params(config.tieEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
  return cast(matmul(cast(rows, computeDtype), head, { transposeB: true }), 'f32');
}

/**
 * The sum over supervised tokens of weight · -log p(target): f32 [].
 * hidden f32 [B,T,D]; rows i32 [N] indexes hidden flattened to [B·T,D] at the token before each target; targets
 * i32 [N]; weights f32 [N], 0 for rows that only fill the shape. Logits exist at those N rows alone.
 */
export function supervisedLossSum(
  config: ModelConfig,
  params: ParamLookup,
  hidden: Value,
  supervised: { readonly rows: Value; readonly targets: Value; readonly weights: Value },
  computeDtype: ComputeDType,
): Value {
  const [B, T, D] = hidden.shape;
  const picked = gather(reshape(hidden, [B * T, D]), supervised.rows);
  const losses = crossEntropy(logits(config, params, picked, computeDtype), supervised.targets);
  return sum(mul(losses, supervised.weights));
}
