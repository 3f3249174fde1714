import { z } from 'zod';
import { ConfigError } from '../../core';
import { FAMILY_NAMES, FAMILY_SPECS } from '../families/specs';
import { unreadQuantisation } from './bitsandbytes';
import { checkModelConfig, type ModelConfig, type RopeScaling } from './model-config';

const optional = <T extends z.ZodType>(type: T) => type.nullish();

/** The fields of a Hugging Face config.json that matter here. Others are ignored, as transformers does. */
const configSchema = z.looseObject({
  model_type: z.string(),
  vocab_size: z.number(),
  hidden_size: z.number(),
  num_hidden_layers: z.number(),
  num_attention_heads: z.number(),
  num_key_value_heads: optional(z.number()),
  head_dim: optional(z.number()),
  intermediate_size: z.number(),
  hidden_act: optional(z.string()),
  rms_norm_eps: optional(z.number()),
  rope_theta: optional(z.number()),
  rope_scaling: optional(z.looseObject({})),
  rope_parameters: optional(z.looseObject({})),
  tie_word_embeddings: optional(z.boolean()),
  attention_bias: optional(z.boolean()),
  mlp_bias: optional(z.boolean()),
  use_sliding_window: optional(z.boolean()),
  layer_types: optional(z.array(z.string())),
  partial_rotary_factor: optional(z.number()),
  max_position_embeddings: optional(z.number()),
  quantization_config: optional(z.looseObject({})),
});

/**
 * Reads a Hugging Face config.json. Understands `rope_theta` with `rope_scaling` (`rope_type` or `type`)
 * and the newer `rope_parameters`. Defaults are those of transformers' own config classes.
 * Throws ConfigError, with every problem in one message, on another family or a feature that would change the numbers.
 */
export function configFromHuggingFace(json: unknown, from: string): ModelConfig {
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`);
    throw new ConfigError(
      `configFromHuggingFace: the model's config must have its sizes, got ${problems.join('; ')} (from ${from}). Check the file.`,
    );
  }
  const hf = parsed.data;
  const problems: string[] = [];
  const family = FAMILY_NAMES.find((name) => FAMILY_SPECS[name].huggingFace.modelType === hf.model_type);
  if (!family)
    problems.push(
      `model_type "${hf.model_type}" is not one of ${FAMILY_NAMES.map((name) => FAMILY_SPECS[name].huggingFace.modelType).join(', ')}`,
    );
  else problems.push(...FAMILY_SPECS[family].huggingFace.unbuilt(hf));
  if ((hf.hidden_act ?? 'silu') !== 'silu') problems.push(`hidden_act "${hf.hidden_act}" is not silu`);
  if ((hf.partial_rotary_factor ?? 1) !== 1) problems.push('partial_rotary_factor other than 1 is not built');
  const quantised = unreadQuantisation(hf.quantization_config);
  if (quantised) problems.push(quantised);
  const rope = ropeOf(hf.rope_parameters ?? hf.rope_scaling ?? {}, problems);
  if (problems.length > 0 || !family) {
    throw new ConfigError(
      `configFromHuggingFace: the model must be of a family that is built, got ${problems.join('; ')} (from ${from}). Use a model of ${FAMILY_NAMES.map((name) => FAMILY_SPECS[name].title).join('; ')}, in float weights.`,
    );
  }
  const { attentionBias, huggingFace } = FAMILY_SPECS[family];
  const { defaults } = huggingFace;
  const heads = hf.num_attention_heads;
  return checkModelConfig(
    {
      family,
      vocabSize: hf.vocab_size,
      hiddenSize: hf.hidden_size,
      layers: hf.num_hidden_layers,
      heads,
      kvHeads: hf.num_key_value_heads ?? heads,
      headDim: hf.head_dim ?? defaults.headDim ?? hf.hidden_size / heads,
      mlpSize: hf.intermediate_size,
      ropeTheta: rope.theta ?? hf.rope_theta ?? defaults.ropeTheta,
      ropeScaling: rope.scaling,
      rmsEps: hf.rms_norm_eps ?? defaults.rmsEps,
      tieEmbeddings: hf.tie_word_embeddings ?? false,
      attentionBias: attentionBias === 'always',
      maxPositions: hf.max_position_embeddings ?? defaults.maxPositions,
    },
    from,
  );
}

function ropeOf(
  rope: Readonly<Record<string, unknown>>,
  problems: string[],
): { theta: number | undefined; scaling: RopeScaling | null } {
  const theta = typeof rope.rope_theta === 'number' ? rope.rope_theta : undefined;
  if (typeof rope.partial_rotary_factor === 'number' && rope.partial_rotary_factor !== 1)
    problems.push('partial_rotary_factor other than 1 is not built');
  const perLayer = Object.keys(rope).find((key) => typeof rope[key] === 'object' && /_attention$/.test(key));
  if (perLayer !== undefined) problems.push(`rope parameters that differ by layer ("${perLayer}") are not built`);
  const type = rope.rope_type ?? rope.type ?? 'default';
  if (type === 'default') return { theta, scaling: null };
  if (type !== 'llama3') {
    problems.push(`rope type ${JSON.stringify(type)} is not one of default, llama3`);
    return { theta, scaling: null };
  }
  const scaling = {
    type: 'llama3' as const,
    factor: Number(rope.factor),
    lowFreqFactor: Number(rope.low_freq_factor),
    highFreqFactor: Number(rope.high_freq_factor),
    originalMaxPositions: Number(rope.original_max_position_embeddings),
  };
  return { theta, scaling };
}
