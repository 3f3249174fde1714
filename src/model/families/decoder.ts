import { add, cast, gather, reshape, rmsNorm, type Value } from '../../compute/graph';
import { ShapeError } from '../../core';
import type { ModelConfig } from '../weights';
import { type AttentionContext, attention } from './attention';
import {
  apartProjection,
  dropout,
  droppedProjection,
  extendedProjection,
  foldedProjection,
  lowRankInput,
  project,
} from './projection';
import { ropeTables } from './rope';
import { swiglu } from './swiglu';
import {
  type ForwardInput,
  type ForwardOptions,
  type ForwardResult,
  type ParamLookup,
  PROJECTIONS,
  type Projection,
} from './types';
import { cacheBias, cacheRows, segmentBias } from './visibility';

/** In which part of a layer each projection's weight lives. */
export const PROJECTION_BLOCK: Readonly<Record<Projection, 'self_attn' | 'mlp'>> = {
  q_proj: 'self_attn',
  k_proj: 'self_attn',
  v_proj: 'self_attn',
  o_proj: 'self_attn',
  gate_proj: 'mlp',
  up_proj: 'mlp',
  down_proj: 'mlp',
};

/** The module path of a projection, as Hugging Face and PEFT name it. */
export function projectionModule(layer: number, projection: Projection): string {
  return `model.layers.${layer}.${PROJECTION_BLOCK[projection]}.${projection}`;
}

/** What sets one family's decoder apart from another's. */
export interface DecoderTraits {
  /** Projections that add a bias. */
  readonly biases: (config: ModelConfig) => readonly Projection[];
  /** Queries and keys pass an RMSNorm per head, gain [E] (`self_attn.q_norm`, `k_norm`), before the rotation. */
  readonly headNorms: boolean;
}

/**
 * A pre-norm decoder with RMSNorm, rotary positions, grouped-query attention and SwiGLU.
 * tokens, positions, segments i32 [B,T] → hidden f32 [B,T,D] after the final norm. The residual stream, norms,
 * rotation and softmax are f32; products run in `computeDtype`.
 * Throws ShapeError if the three inputs differ in shape.
 */
export function decoderForward(
  traits: DecoderTraits,
  config: ModelConfig,
  params: ParamLookup,
  inputs: ForwardInput,
  options: ForwardOptions,
): ForwardResult {
  const [B, T] = inputs.tokens.shape;
  for (const name of ['positions', 'segments'] as const)
    if (inputs[name].shape.join() !== inputs.tokens.shape.join())
      throw new ShapeError(
        `forward: ${name} must have the shape of tokens [${inputs.tokens.shape}], got [${inputs[name].shape}]. Give one per token.`,
      );
  const pass: Pass = {
    config,
    params,
    options,
    biased: new Set(traits.biases(config)),
    headNorms: traits.headNorms,
    attention: attentionContext(config, inputs, options),
  };
  const D = config.hiddenSize;
  const embedded = gather(params('model.embed_tokens.weight'), reshape(inputs.tokens, [B * T]));
  let stream = cast(embedded, 'f32');
  const layerInputs: Value[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    layerInputs.push(stream);
    stream = decoderLayer(pass, layer, stream);
  }
  const normed = rmsNorm(stream, params('model.norm.weight'), config.rmsEps);
  return { hidden: reshape(normed, [B, T, D]), layerInputs };
}

/** What every layer of one forward pass shares. */
interface Pass {
  readonly config: ModelConfig;
  readonly params: ParamLookup;
  readonly options: ForwardOptions;
  readonly biased: ReadonlySet<Projection>;
  readonly headNorms: boolean;
  readonly attention: AttentionContext;
}

/** One layer: stream f32 [B·T,D] → f32 [B·T,D]. */
function decoderLayer(pass: Pass, layer: number, stream: Value): Value {
  const { params } = pass;
  const { rmsEps } = pass.config;
  const { computeDtype } = pass.options;
  const prefix = `model.layers.${layer}`;
  const x = cast(rmsNorm(stream, params(`${prefix}.input_layernorm.weight`), rmsEps), computeDtype);
  const [q, k, v] = projected(pass, layer, ['q_proj', 'k_proj', 'v_proj'], x);
  const mixed = attention(
    pass.attention,
    layer,
    headNormed(pass, `${prefix}.self_attn.q_norm.weight`, cast(q, 'f32')),
    headNormed(pass, `${prefix}.self_attn.k_norm.weight`, cast(k, 'f32')),
    v,
  );
  const [attentionOut] = projected(pass, layer, ['o_proj'], mixed);
  const attended = add(stream, cast(attentionOut, 'f32'));
  const y = cast(rmsNorm(attended, params(`${prefix}.post_attention_layernorm.weight`), rmsEps), computeDtype);
  const [gate, up] = projected(pass, layer, ['gate_proj', 'up_proj'], y);
  const [mlpOut] = projected(pass, layer, ['down_proj'], swiglu(gate, up, computeDtype));
  return add(attended, cast(mlpOut, 'f32'));
}

/** RMSNorm over the E values of each head of x f32 [N,heads·E], where the family has one. */
function headNormed({ config, params, headNorms }: Pass, gain: string, x: Value): Value {
  if (!headNorms) return x;
  return reshape(rmsNorm(reshape(x, [-1, config.headDim]), params(gain), config.rmsEps), x.shape);
}

/**
 * Projections of one input with their adapters and biases: x [N,Din] → [N,Dout] each, f32 with a bias, else in the
 * dtype of x. In f32 an adapter without dropout is folded into its weight; in bf16 that would round it away.
 */
function projected(pass: Pass, layer: number, projections: readonly Projection[], x: Value): Value[] {
  const { params, biased } = pass;
  const lora = pass.options.lora ?? null;
  const pairs = projections.map((projection) => lora?.pair(layer, projection) ?? null);
  const present = pairs.filter((pair) => pair !== null);
  const constant = pass.options.constantWeights ?? false;
  const apart = constant || (pass.options.adapterApart ?? false);
  const extended = lora && !lora.dropout && (apart || x.dtype === 'bf16') && present.length > 0;
  const shared = extended ? lowRankInput(x, present, lora.scale) : null;
  return projections.map((projection, i) => {
    const module = projectionModule(layer, projection);
    // Under a cache a weight is unpacked once for all passes, ahead of them.
    const w = params(`${module}.weight`, pass.options.cache ? undefined : x);
    const pair = pairs[i];
    let y: Value;
    if (!lora || !pair) y = project(x, w, constant);
    else if (shared && apart) y = apartProjection(shared, present.indexOf(pair), w, pair, constant);
    else if (shared) y = extendedProjection(shared, present.indexOf(pair), w, pair);
    else if (!lora.dropout) y = foldedProjection(x, w, pair, lora.scale);
    else {
      const site = layer * PROJECTIONS.length + PROJECTIONS.indexOf(projection);
      y = droppedProjection(x, w, pair, lora.scale, dropout(x, lora.dropout.rate, lora.dropout.seed, site));
    }
    return biased.has(projection) ? add(cast(y, 'f32'), params(`${module}.bias`)) : y;
  });
}

function attentionContext(config: ModelConfig, inputs: ForwardInput, options: ForwardOptions): AttentionContext {
  const T = inputs.tokens.shape[1];
  const cache = options.cache ?? null;
  const limit = options.positionLimit ?? (cache ? cache.maxTokens : T);
  const bias =
    cache && cache.attend === 'cache'
      ? cacheBias(cache.slots, inputs.segments, cache.keySegments, cache.maxTokens)
      : segmentBias(inputs.segments);
  return {
    config,
    computeDtype: options.computeDtype,
    queryRope: ropeTables(config, inputs.positions, limit, 1 / Math.sqrt(config.headDim)),
    keyRope: ropeTables(config, inputs.positions, limit),
    bias,
    cache: cache
      ? { plan: cache, rows: cacheRows(cache.slots, config.kvHeads, cache.maxTokens, cache.rows?.ids) }
      : null,
  };
}
