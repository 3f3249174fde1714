import { z } from 'zod';
import { ConfigError } from '../../core';
import { FAMILY_NAMES, FAMILY_SPECS } from '../families/specs';

const positive = z.int().positive();

/** Llama 3's stretch of the rotary frequencies (`rope_type: 'llama3'`). */
export const ropeScalingSchema = z.strictObject({
  type: z.literal('llama3').describe('The rule; only the one of Llama 3 is built.'),
  factor: z.number().positive().describe('Low frequencies are divided by this.'),
  lowFreqFactor: z.number().positive().describe('Wavelengths above originalMaxPositions / this are stretched in full.'),
  highFreqFactor: z.number().positive().describe('Wavelengths below originalMaxPositions / this are left as they are.'),
  originalMaxPositions: positive.describe('Positions, in tokens, that the model was first trained for.'),
});

/** What a model family needs to build its graph. Sizes in values; letters as in the README's table of shapes. */
export const modelConfigSchema = z.strictObject({
  family: z.enum(FAMILY_NAMES).describe('Which graph is built.'),
  vocabSize: positive.describe('V: rows of the embedding.'),
  hiddenSize: positive.describe('D: model width.'),
  layers: positive.describe('Number of decoder layers.'),
  heads: positive.describe('H: query heads.'),
  kvHeads: positive.describe('K: key/value heads; divides H.'),
  headDim: positive.describe('E: head width, even.'),
  mlpSize: positive.describe('F: MLP width.'),
  ropeTheta: z.number().positive().describe('Base of the rotary frequencies.'),
  ropeScaling: ropeScalingSchema.nullable().describe('Stretch of the rotary frequencies, or null.'),
  rmsEps: z.number().positive().describe('Added to the mean square in RMSNorm.'),
  tieEmbeddings: z.boolean().describe('The output projection is the embedding.'),
  attentionBias: z.boolean().describe('q, k and v have a bias (o has none).'),
  maxPositions: positive.describe('Longest sequence, in tokens.'),
});

export type RopeScaling = z.infer<typeof ropeScalingSchema>;
export type ModelConfig = z.infer<typeof modelConfigSchema>;

/** Holds a config to its own rules; all problems in one ConfigError. `from` says where it was read. */
export function checkModelConfig(config: unknown, from: string): ModelConfig {
  const parsed = modelConfigSchema.safeParse(config);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`);
    throw new ConfigError(
      `readModelConfig: every size of the model must be given, got ${problems.join('; ')} (from ${from}). Check the file.`,
    );
  }
  const { heads, kvHeads, headDim } = parsed.data;
  const problems: string[] = [];
  if (heads % kvHeads !== 0) problems.push(`${heads} query heads do not share ${kvHeads} key/value heads evenly`);
  if (headDim % 2 !== 0) problems.push(`head width ${headDim} is odd`);
  if (problems.length > 0) {
    throw new ConfigError(
      `readModelConfig: the sizes must fit each other, got ${problems.join('; ')} (from ${from}). Check the file.`,
    );
  }
  return parsed.data;
}

/**
 * The tensors that a model of this config has, by Hugging Face name, with their shapes ([out, in]).
 * The order is that of the forward pass.
 */
export function expectedTensors(config: ModelConfig): Readonly<Record<string, readonly number[]>> {
  const { vocabSize: V, hiddenSize: D, heads: H, kvHeads: K, headDim: E, mlpSize: F } = config;
  const shapes: Record<string, readonly number[]> = { 'model.embed_tokens.weight': [V, D] };
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    shapes[`${at}.input_layernorm.weight`] = [D];
    const projections = { q: H * E, k: K * E, v: K * E };
    for (const [name, out] of Object.entries(projections)) {
      shapes[`${at}.self_attn.${name}_proj.weight`] = [out, D];
      if (config.attentionBias) shapes[`${at}.self_attn.${name}_proj.bias`] = [out];
    }
    if (FAMILY_SPECS[config.family].headNorms)
      for (const name of ['q_norm', 'k_norm']) shapes[`${at}.self_attn.${name}.weight`] = [E];
    shapes[`${at}.self_attn.o_proj.weight`] = [D, H * E];
    shapes[`${at}.post_attention_layernorm.weight`] = [D];
    shapes[`${at}.mlp.gate_proj.weight`] = [F, D];
    shapes[`${at}.mlp.up_proj.weight`] = [F, D];
    shapes[`${at}.mlp.down_proj.weight`] = [D, F];
  }
  shapes['model.norm.weight'] = [D];
  if (!config.tieEmbeddings) shapes['lm_head.weight'] = [V, D];
  return shapes;
}
