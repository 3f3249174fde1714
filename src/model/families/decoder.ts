import { add, cast, gather, reshape, rmsNorm, type Value } from '../../compute/graph';
import { ShapeError } from '../../core';
import type { ModelConfig } from '../weights';
import { type AttentionContext, attention } from './attention';
import { dropout, foldedProjection, project, twoPathProjection } from './projection';
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
  const apply = (projection: Projection, x: Value): Value => projected(pass, layer, projection, x);
  const prefix = `model.layers.${layer}`;
  const x = cast(rmsNorm(stream, params(`${prefix}.input_layernorm.weight`), rmsEps), computeDtype);
  const q = headNormed(pass, `${prefix}.self_attn.q_norm.weight`, apply('q_proj', x));
  const k = headNormed(pass, `${prefix}.self_attn.k_norm.weight`, apply('k_proj', x));
  const mixed = attention(pass.attention, layer, q, k, apply('v_proj', x));
  const attended = add(stream, cast(apply('o_proj', mixed), 'f32'));
  const y = cast(rmsNorm(attended, params(`${prefix}.post_attention_layernorm.weight`), rmsEps), computeDtype);
  const gated = swiglu(apply('gate_proj', y), apply('up_proj', y), computeDtype);
  return add(attended, cast(apply('down_proj', gated), 'f32'));
}

/** RMSNorm over the E values of each head of x f32 [N,heads·E], where the family has one. */
function headNormed({ config, params, headNorms }: Pass, gain: string, x: Value): Value {
  if (!headNorms) return x;
  return reshape(rmsNorm(reshape(x, [-1, config.headDim]), params(gain), config.rmsEps), x.shape);
}

/** One projection with its adapter and bias: x [N,Din] → [N,Dout], f32 with a bias, on two paths, and for the rotated q and k. */
function projected(pass: Pass, layer: number, projection: Projection, x: Value): Value {
  const module = projectionModule(layer, projection);
  const w = pass.params(`${module}.weight`);
  const lora = pass.options.lora ?? null;
  const pair = lora?.pair(layer, projection) ?? null;
  let y: Value;
  if (!lora || !pair) y = project(x, w);
  else if (!lora.dropout && x.dtype === 'f32') y = foldedProjection(x, w, pair, lora.scale);
  else {
    const site = layer * PROJECTIONS.length + PROJECTIONS.indexOf(projection);
    const dropped = lora.dropout ? dropout(x, lora.dropout.rate, lora.dropout.seed, site) : x;
    y = twoPathProjection(x, w, pair, lora.scale, dropped);
  }
  if (pass.biased.has(projection)) return add(cast(y, 'f32'), pass.params(`${module}.bias`));
  return projection === 'q_proj' || projection === 'k_proj' ? cast(y, 'f32') : y;
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
    cache: cache ? { plan: cache, rows: cacheRows(cache.slots, config.kvHeads, cache.maxTokens) } : null,
  };
}
