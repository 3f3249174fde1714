import {
  add,
  barrier,
  broadcastTo,
  cast,
  custom,
  gather,
  matmul,
  mul,
  reshape,
  softmax,
  sub,
  sum,
  transpose,
  updateRows,
  type Value,
  variable,
} from '../../compute/graph';
import type { ModelConfig } from '../weights';
import { applyRope, type RopeTables } from './rope';
import type { ComputeDType, KvCache } from './types';

/** The tables and biases that every layer of one forward pass shares. */
export interface AttentionContext {
  readonly config: ModelConfig;
  readonly computeDtype: ComputeDType;
  /** Tables scaled by 1/√E for queries, unscaled for keys. */
  readonly queryRope: RopeTables;
  readonly keyRope: RopeTables;
  /** f32 [B,1,T,S], S = T or the cache's slots. */
  readonly bias: Value;
  readonly cache: { readonly plan: KvCache; readonly rows: Value } | null;
}

/** Name, shape and dtype of each variable of a cache, for a session to fill with zeros. */
export function cacheVariables(
  config: ModelConfig,
  batch: number,
  maxTokens: number,
  dtype: ComputeDType,
): { name: string; shape: readonly number[]; dtype: ComputeDType }[] {
  const shape = [batch * config.kvHeads * maxTokens, config.headDim];
  const names = Array.from({ length: config.layers }, (_, layer) => [
    cacheName(layer, 'keys'),
    cacheName(layer, 'values'),
  ]);
  return names.flat().map((name) => ({ name, shape, dtype }));
}

export function cacheName(layer: number, what: 'keys' | 'values'): string {
  return `cache.layers.${layer}.${what}`;
}

/**
 * Grouped-query attention over q [B·T,H·E] and k, v [B·T,K·E] (f32, before the rotation) → [B·T,H·E] in the
 * compute dtype. Query heads that share a key head are laid along the rows of one product, so that keys and
 * values are never repeated. Scores and softmax are f32.
 * Source: Ainslie et al. 2023, arXiv:2305.13245.
 */
export function attention(context: AttentionContext, layer: number, q: Value, k: Value, v: Value): Value {
  const { config, computeDtype } = context;
  const { heads: H, kvHeads: K, headDim: E } = config;
  const [B, , T, S] = context.bias.shape;
  const G = H / K;
  // Cast before the transpose: in bf16 it then moves half the bytes.
  const headsFirst = (x: Value, count: number): Value =>
    transpose(reshape(cast(x, computeDtype), [B, T, count, E]), [0, 2, 1, 3]);
  const queries = reshape(headsFirst(applyRope(reshape(q, [B, T, H, E]), context.queryRope), H), [B * K, G * T, E]);
  const newKeys = headsFirst(applyRope(reshape(k, [B, T, K, E]), context.keyRope), K);
  const newValues = headsFirst(v, K);
  const { keys, values, after } = cached(context, layer, newKeys, newValues);
  const scores = matmul(queries, reshape(keys, [B * K, S, E]), { transposeB: true });
  const weights = attentionWeights(reshape(scores, [B, H, T, S]), context.bias);
  const mixed = matmul(reshape(weights, [B * K, G * T, S]), reshape(values, [B * K, S, E]));
  const out = reshape(transpose(reshape(mixed, [B, H, T, E]), [0, 2, 1, 3]), [B * T, H * E]);
  return after.reduce((result, write) => barrier(result, write), out);
}

/**
 * softmax(scores + bias) in f32, given in the dtype of the scores [B,H,T,S].
 * Backward by hand from that output alone, dscores = y·(dy - Σ dy·y): no f32 scores are kept between the passes.
 */
function attentionWeights(scores: Value, bias: Value): Value {
  const weights = cast(softmax(add(cast(scores, 'f32'), bias)), scores.dtype);
  return custom('attentionWeights', [scores], weights, (grad, output) => {
    const [dy, y] = [cast(grad, 'f32'), cast(barrier(output, grad), 'f32')];
    return [cast(mul(y, sub(dy, sum(mul(dy, y), -1, true))), scores.dtype)];
  });
}

/** Writes new keys and values [B,K,T,E] to the cache, if there is one, and says which ones attention reads. */
function cached(
  context: AttentionContext,
  layer: number,
  newKeys: Value,
  newValues: Value,
): { keys: Value; values: Value; after: Value[] } {
  if (!context.cache) return { keys: newKeys, values: newValues, after: [] };
  const { plan, rows } = context.cache;
  const [B, K, T, E] = newKeys.shape;
  const N = plan.rows ? plan.rows.ids.shape[0] : B;
  const inCache = [(plan.rows?.count ?? B) * K * plan.maxTokens, E];
  const write = (what: 'keys' | 'values', fresh: Value): Value =>
    updateRows(
      variable(cacheName(layer, what), inCache, context.computeDtype),
      rows,
      reshape(broadcastTo(fresh, [N, K, T, E]), [N * K * T, E]),
    );
  const keys = write('keys', newKeys);
  const values = write('values', newValues);
  // Attending to the new tokens alone, the result must still not be had without the write.
  if (plan.attend === 'tokens') return { keys: newKeys, values: newValues, after: [keys, values] };
  if (!plan.rows) return { keys, values, after: [] };
  const { count, ids } = plan.rows;
  const ofRows = (all: Value): Value => gather(reshape(all, [count, K * plan.maxTokens, E]), ids);
  return { keys: ofRows(keys), values: ofRows(values), after: [] };
}
