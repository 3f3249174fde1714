import { ConfigError, FileFormatError } from '../../core';
import { FAMILY_NAMES, FAMILY_SPECS } from '../families/specs';
import { familyOfArchitecture } from './gguf-names';
import type { GgufSource } from './gguf-reader';
import { checkModelConfig, type ModelConfig, type RopeScaling } from './model-config';

const WHERE = 'configFromGguf';

/**
 * Reads the model's sizes from a GGUF file's metadata and tensor table.
 * Throws FileFormatError for a key that is not there, ConfigError for another architecture or rope scaling.
 */
export function configFromGguf(source: GgufSource): ModelConfig {
  const path = source.files[0];
  const { metadata } = source;
  const architecture = String(metadata['general.architecture']);
  const family = familyOfArchitecture(architecture);
  if (family === null) {
    throw new ConfigError(
      `${WHERE}: the architecture must be one of ${FAMILY_NAMES.map((name) => FAMILY_SPECS[name].gguf.architecture).join(', ')}, got "${architecture}" (from ${path}). Use a model of these families.`,
    );
  }
  const number = (key: string, fallback?: number): number => {
    const value = metadata[`${architecture}.${key}`];
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value !== 'number' && typeof value !== 'bigint') {
      throw new FileFormatError(
        `${WHERE}: metadata "${architecture}.${key}" must be a number, got ${value === undefined ? 'none' : typeof value} (${path}). Convert the model again.`,
      );
    }
    return Number(value);
  };
  const experts = number('expert_count', 0);
  const scaling = metadata[`${architecture}.rope.scaling.type`];
  if (experts > 0 || (scaling !== undefined && scaling !== 'none')) {
    throw new ConfigError(
      `${WHERE}: the model must be dense and without rope scaling in its metadata, got ${experts} experts and scaling ${JSON.stringify(String(scaling ?? 'none'))} (from ${path}). Use the Hugging Face folder of a model that is built.`,
    );
  }
  const window = number('attention.sliding_window', 0);
  if (window > 0) {
    throw new ConfigError(
      `${WHERE}: every layer must attend to all earlier tokens, got a sliding window of ${window} (from ${path}). Sliding windows are not built; use another model.`,
    );
  }
  const spec = FAMILY_SPECS[family];
  const hiddenSize = number('embedding_length');
  const heads = number('attention.head_count');
  const headDim = number('attention.key_length', number('rope.dimension_count', hiddenSize / heads));
  const ropeTheta = number('rope.freq_base', 10_000);
  return checkModelConfig(
    {
      family,
      vocabSize: source.info('model.embed_tokens.weight').shape[0],
      hiddenSize,
      layers: number('block_count'),
      heads,
      kvHeads: number('attention.head_count_kv', heads),
      headDim,
      mlpSize: number('feed_forward_length'),
      ropeTheta,
      ropeScaling: scalingFromDivisors(source.ropeFrequencyDivisors(), ropeTheta, headDim, path),
      // The file keeps f32; the nearest short decimal is what the model was trained with.
      rmsEps: Number(number('attention.layer_norm_rms_epsilon').toPrecision(6)),
      tieEmbeddings: !source.names().includes('lm_head.weight'),
      attentionBias:
        spec.attentionBias === 'as stored'
          ? source.names().includes('model.layers.0.self_attn.q_proj.bias')
          : spec.attentionBias === 'always',
      maxPositions: number('context_length'),
    },
    path,
  );
}

/**
 * A GGUF file of Llama 3 holds the divisors of the rotary frequencies and not the rule that made them.
 * The rule is found again: its factor is the largest divisor, its other constants are those of every Llama 3 release
 * (1, 4, 8192), and the divisors that it gives must be the file's within 1e-4.
 */
function scalingFromDivisors(
  divisors: Float32Array | null,
  theta: number,
  headDim: number,
  path: string,
): RopeScaling | null {
  if (divisors === null || divisors.every((value) => value === 1)) return null;
  const rule: RopeScaling = {
    type: 'llama3',
    factor: Math.max(...divisors),
    lowFreqFactor: 1,
    highFreqFactor: 4,
    originalMaxPositions: 8192,
  };
  const low = rule.originalMaxPositions / rule.lowFreqFactor;
  const high = rule.originalMaxPositions / rule.highFreqFactor;
  const agrees = divisors.every((value, i) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * i) / headDim);
    const smooth =
      (rule.originalMaxPositions / wavelength - rule.lowFreqFactor) / (rule.highFreqFactor - rule.lowFreqFactor);
    const expected = wavelength < high ? 1 : wavelength > low ? rule.factor : 1 / ((1 - smooth) / rule.factor + smooth);
    return Math.abs(value - expected) <= 1e-4 * expected;
  });
  if (!agrees || divisors.length !== headDim / 2) {
    throw new ConfigError(
      `${WHERE}: tensor "rope_freqs.weight" must follow Llama 3's rule, got ${divisors.length} other divisors (from ${path}). Use the Hugging Face folder of this model.`,
    );
  }
  return rule;
}
