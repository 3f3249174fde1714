import { z } from 'zod';
import { ConfigError } from '../../core';
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
  partial_rotary_factor: optional(z.number()),
  max_position_embeddings: optional(z.number()),
  quantization_config: optional(z.looseObject({})),
});

const FAMILIES: Readonly<Record<string, ModelConfig['family']>> = { llama: 'llama', qwen2: 'qwen2' };

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
  const family = FAMILIES[hf.model_type];
  if (!family) problems.push(`model_type "${hf.model_type}" is not one of ${Object.keys(FAMILIES).join(', ')}`);
  if ((hf.hidden_act ?? 'silu') !== 'silu') problems.push(`hidden_act "${hf.hidden_act}" is not silu`);
  if (hf.attention_bias) problems.push('attention_bias puts a bias on the output projection, which is not built');
  if (hf.mlp_bias) problems.push('mlp_bias is not built');
  if (hf.use_sliding_window) problems.push('use_sliding_window is not built');
  if ((hf.partial_rotary_factor ?? 1) !== 1) problems.push('partial_rotary_factor other than 1 is not built');
  if (hf.quantization_config) problems.push('the weights are quantised by quantization_config, which is not read');
  const rope = ropeOf(hf.rope_parameters ?? hf.rope_scaling ?? {}, problems);
  if (problems.length > 0) {
    throw new ConfigError(
      `configFromHuggingFace: the model must be of a family that is built, got ${problems.join('; ')} (from ${from}). Use a Llama or Qwen2 model in float weights.`,
    );
  }
  const heads = hf.num_attention_heads;
  return checkModelConfig(
    {
      family,
      vocabSize: hf.vocab_size,
      hiddenSize: hf.hidden_size,
      layers: hf.num_hidden_layers,
      heads,
      kvHeads: hf.num_key_value_heads ?? heads,
      headDim: hf.head_dim ?? hf.hidden_size / heads,
      mlpSize: hf.intermediate_size,
      ropeTheta: rope.theta ?? hf.rope_theta ?? 10_000,
      ropeScaling: rope.scaling,
      rmsEps: hf.rms_norm_eps ?? 1e-6,
      tieEmbeddings: hf.tie_word_embeddings ?? false,
      attentionBias: family === 'qwen2',
      maxPositions: hf.max_position_embeddings ?? (family === 'qwen2' ? 32_768 : 2_048),
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
