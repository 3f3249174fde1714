import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostTensor } from '../../src/compute/graph';
import { ConfigError } from '../../src/core';
import { type ModelFiles, writeSafetensors } from '../../src/model/weights';

/**
 * The model as a Hugging Face folder in f32, for the peer: the very values that our side computes with, dequantised by our
 * reader. Made once a model (named by its hash). Throws ConfigError for a family other than Llama.
 */
export function exportModel(files: ModelFiles, cache: string): string {
  const folder = join(cache, `model-${files.hash.slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const { config } = files;
  if (config.family !== 'llama' || config.ropeScaling !== null)
    throw new ConfigError(
      `bench: the model must be of the Llama family without stretched rotation, got ${config.family} (${files.id}). Use smollm2-135m.`,
    );
  const partial = `${folder}.${process.pid}.partial`;
  mkdirSync(partial, { recursive: true });
  try {
    const tensors: Record<string, HostTensor> = {};
    for (const name of files.tensors.names())
      if (!(config.tieEmbeddings && name === 'lm_head.weight')) tensors[name] = files.tensors.read(name);
    writeSafetensors(join(partial, 'model.safetensors'), tensors);
    const written = {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      dtype: 'float32',
      vocab_size: config.vocabSize,
      hidden_size: config.hiddenSize,
      num_hidden_layers: config.layers,
      num_attention_heads: config.heads,
      num_key_value_heads: config.kvHeads,
      head_dim: config.headDim,
      intermediate_size: config.mlpSize,
      hidden_act: 'silu',
      rms_norm_eps: config.rmsEps,
      rope_parameters: { rope_type: 'default', rope_theta: config.ropeTheta },
      tie_word_embeddings: config.tieEmbeddings,
      attention_bias: config.attentionBias,
      mlp_bias: false,
      max_position_embeddings: config.maxPositions,
      bos_token_id: null,
      eos_token_id: null,
      pad_token_id: null,
    };
    writeFileSync(join(partial, 'config.json'), `${JSON.stringify(written, null, 2)}\n`);
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}
