import { describe, expect, test } from 'vitest';
import {
  configFromGguf,
  configFromHuggingFace,
  expectedTensors,
  type GgufSource,
  type ModelConfig,
} from '../../../src/model/weights';

const LLAMA32 = {
  model_type: 'llama',
  vocab_size: 128_256,
  hidden_size: 3_072,
  num_hidden_layers: 28,
  num_attention_heads: 24,
  num_key_value_heads: 8,
  head_dim: 128,
  intermediate_size: 8_192,
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  rope_theta: 500_000,
  rope_scaling: {
    factor: 32,
    high_freq_factor: 4,
    low_freq_factor: 1,
    original_max_position_embeddings: 8_192,
    rope_type: 'llama3',
  },
  tie_word_embeddings: true,
  max_position_embeddings: 131_072,
};

const QWEN3 = {
  model_type: 'qwen3',
  vocab_size: 151_936,
  hidden_size: 1_024,
  num_hidden_layers: 28,
  num_attention_heads: 16,
  num_key_value_heads: 8,
  head_dim: 128,
  intermediate_size: 3_072,
  hidden_act: 'silu',
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  rope_scaling: null,
  attention_bias: false,
  use_sliding_window: false,
  sliding_window: null,
  max_window_layers: 28,
  tie_word_embeddings: true,
  max_position_embeddings: 40_960,
};

const QWEN25 = {
  ...QWEN3,
  model_type: 'qwen2',
  vocab_size: 152_064,
  hidden_size: 3_584,
  num_attention_heads: 28,
  num_key_value_heads: 4,
  head_dim: undefined,
  intermediate_size: 18_944,
  attention_bias: undefined,
  sliding_window: 131_072,
  tie_word_embeddings: false,
  max_position_embeddings: 32_768,
};

const valuesOf = (shapes: readonly (readonly number[])[]) =>
  shapes.reduce((sum, shape) => sum + shape.reduce((product, axis) => product * axis, 1), 0);

describe('a Hugging Face config', () => {
  test('reads the same from rope_scaling with rope_type or type, and from rope_parameters', () => {
    const { rope_type: type, ...scaling } = LLAMA32.rope_scaling;
    const old = { ...LLAMA32, rope_scaling: { ...scaling, type } };
    const { rope_theta, rope_scaling, ...rest } = LLAMA32;
    const present = { ...rest, rope_parameters: { ...rope_scaling, rope_theta } };
    const config = configFromHuggingFace(LLAMA32, 'a');
    expect(config.ropeScaling?.factor).toBe(32);
    expect(configFromHuggingFace(old, 'a')).toEqual(config);
    expect(configFromHuggingFace(present, 'a')).toEqual(config);
  });

  test('of Llama 3.2 3B asks for 254 tensors and 3,212,749,824 values', () => {
    const shapes = Object.values(expectedTensors(configFromHuggingFace(LLAMA32, 'a')));
    expect(shapes).toHaveLength(254);
    expect(valuesOf(shapes)).toBe(3_212_749_824);
  });

  test('of Qwen 3 0.6B asks for a head width that is not D / H, a norm for each of q and k, and no bias', () => {
    const tensors = expectedTensors(configFromHuggingFace(QWEN3, 'a'));
    expect(tensors['model.layers.27.self_attn.q_proj.weight']).toEqual([2_048, 1_024]);
    expect(tensors['model.layers.27.self_attn.k_norm.weight']).toEqual([128]);
    expect(Object.keys(tensors).filter((name) => name.endsWith('bias') || name === 'lm_head.weight')).toEqual([]);
    expect(Object.keys(tensors)).toHaveLength(310);
    expect(valuesOf(Object.values(tensors))).toBe(596_049_920);
    const untied = expectedTensors(configFromHuggingFace({ ...QWEN3, tie_word_embeddings: false }, 'a'));
    expect(untied['lm_head.weight']).toEqual([151_936, 1_024]);
    expect(configFromHuggingFace({ ...QWEN3, head_dim: undefined }, 'a').headDim).toBe(128);
  });

  test('of Qwen 2.5 7B asks for biases on q, k and v, an output of its own, and 7,615,616,512 values', () => {
    const tensors = expectedTensors(configFromHuggingFace(QWEN25, 'a'));
    expect(Object.keys(tensors).filter((name) => name.endsWith('bias'))).toHaveLength(3 * 28);
    expect(tensors['lm_head.weight']).toEqual([152_064, 3_584]);
    expect(valuesOf(Object.values(tensors))).toBe(7_615_616_512);
  });

  test.each([
    ['sliding windows in use', { use_sliding_window: true }, 'use_sliding_window is not built'],
    ['layers that slide', { layer_types: ['full_attention', 'sliding_attention'] }, 'layer_types "sliding_attention"'],
    ['a rope type by its old name', { rope_scaling: { type: 'linear', factor: 2 } }, 'rope type "linear"'],
    ['a rope type by its new name', { rope_scaling: { rope_type: 'dynamic', factor: 2 } }, 'rope type "dynamic"'],
    ['a rope type of transformers 5', { rope_parameters: { rope_type: 'yarn', rope_theta: 1e6 } }, 'rope type "yarn"'],
    [
      'ropes by layer',
      { rope_parameters: { full_attention: { rope_theta: 1e6 } } },
      '("full_attention") are not built',
    ],
    ['a bias on every projection', { attention_bias: true }, 'attention_bias'],
  ])('of Qwen 3 with %s is refused by name', (_, change, message) => {
    expect(() => configFromHuggingFace({ ...QWEN3, ...change }, 'a')).toThrow(message);
  });

  test('names every feature that would change the numbers, in one message', () => {
    const odd = { ...LLAMA32, model_type: 'mistral', hidden_act: 'gelu', rope_scaling: { type: 'yarn', factor: 4 } };
    expect(() => configFromHuggingFace(odd, 'x/config.json')).toThrow(
      /model_type "mistral".*hidden_act "gelu".*rope type "yarn".*from x\/config\.json/,
    );
    for (const key of ['attention_bias', 'mlp_bias', 'use_sliding_window'])
      expect(() => configFromHuggingFace({ ...LLAMA32, [key]: true }, 'a')).toThrow(key);
    for (const [quantised, message] of [
      [{ quant_method: 'gptq' }, 'quantised by "gptq"'],
      [{ quant_method: 'bitsandbytes', load_in_8bit: true }, 'in 8 bits'],
      [{ quant_method: 'bitsandbytes', load_in_4bit: true, bnb_4bit_quant_type: 'fp4' }, 'of type "fp4"'],
    ] as const)
      expect(() => configFromHuggingFace({ ...LLAMA32, quantization_config: quantised }, 'a')).toThrow(message);
  });

  test('without sizes, or with sizes that do not fit each other, names them all', () => {
    expect(() => configFromHuggingFace({ model_type: 'llama' }, 'a')).toThrow(/vocab_size.*hidden_size.*layers/);
    expect(() => configFromHuggingFace({ ...LLAMA32, num_key_value_heads: 7, head_dim: 5 }, 'a')).toThrow(
      /24 query heads do not share 7.*head width 5 is odd/,
    );
    expect(() => configFromHuggingFace({ ...LLAMA32, rope_scaling: { rope_type: 'llama3', factor: 32 } }, 'a')).toThrow(
      'ropeScaling.lowFreqFactor',
    );
  });
});

describe('a GGUF config', () => {
  const metadata = {
    'general.architecture': 'llama',
    'llama.embedding_length': 3_072,
    'llama.block_count': 28,
    'llama.attention.head_count': 24,
    'llama.attention.head_count_kv': 8,
    'llama.attention.key_length': 128,
    'llama.feed_forward_length': 8_192,
    'llama.attention.layer_norm_rms_epsilon': Math.fround(1e-5),
    'llama.rope.freq_base': 500_000,
    'llama.context_length': 131_072,
  };
  const source = (change: object, divisors: Float32Array | null): GgufSource => ({
    files: ['x.gguf'],
    metadata: { ...metadata, ...change },
    names: () => ['model.embed_tokens.weight'],
    info: () => ({ shape: [128_256, 3_072], stored: 'Q8_0' }),
    read: () => ({ shape: [], dtype: 'f32', data: new Float32Array(1) }),
    close: () => {},
    ropeFrequencyDivisors: () => divisors,
  });
  /** Llama 3's rule as a divisor for each rotary pair. */
  const divisors = ({ ropeTheta, headDim }: ModelConfig, factor: number) =>
    Float32Array.from({ length: headDim / 2 }, (_, i) => {
      const turns = 8_192 / (2 * Math.PI * ropeTheta ** ((2 * i) / headDim));
      const smooth = Math.min(1, Math.max(0, (turns - 1) / 3));
      return 1 / ((1 - smooth) / factor + smooth);
    });

  test('finds the rule of Llama 3 again from the divisors in the file', () => {
    const config = configFromHuggingFace(LLAMA32, 'a');
    expect(configFromGguf(source({}, divisors(config, 32)))).toEqual(config);
    expect(configFromGguf(source({}, null)).ropeScaling).toBeNull();
    expect(() =>
      configFromGguf(
        source(
          {},
          divisors(config, 32).map((value) => value * 1.01),
        ),
      ),
    ).toThrow("must follow Llama 3's rule");
  });

  test('names the key that is missing and the architecture that is not built', () => {
    expect(() => configFromGguf(source({ 'llama.block_count': undefined }, null))).toThrow(
      'metadata "llama.block_count" must be a number, got none (x.gguf)',
    );
    expect(() => configFromGguf(source({ 'general.architecture': 'gemma' }, null))).toThrow(
      'must be one of llama, qwen2, qwen3, got "gemma"',
    );
    expect(() => configFromGguf(source({ 'llama.attention.sliding_window': 4_096 }, null))).toThrow('window of 4096');
    expect(() => configFromGguf(source({ 'llama.expert_count': 8 }, null))).toThrow('got 8 experts');
    expect(() => configFromGguf(source({ 'llama.rope.scaling.type': 'yarn' }, null))).toThrow('scaling "yarn"');
  });
});
