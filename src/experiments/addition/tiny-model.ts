import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Backend, tensorflowBackend } from '../../compute/backends';
import { contentHash, type LongCall } from '../../core';
import { createTokenizer, type EncodedExample, type Tokenizer } from '../../model/tokens';
import { checkModelConfig, type ModelConfig, writeSafetensors } from '../../model/weights';
import { RunDirectory, writeFileAtomic } from '../../runs';
import { type PretrainConfig, pretrain } from '../../train/pretrain';
import { additionCorpus, type CorpusCounts, type CorpusLine } from './tiny-corpus';
import { type TokenizerJsonFiles, tokenizerFor } from './tiny-tokenizer';

/** What decides a tiny model beside its seed. */
export interface TinyModelRecipe {
  /** Sizes by the README's letters: D, layers, H (as many key/value heads), F. */
  readonly size: {
    readonly hiddenSize: number;
    readonly layers: number;
    readonly heads: number;
    readonly mlpSize: number;
  };
  readonly corpus: CorpusCounts;
  readonly pretraining: PretrainConfig;
}

/** About half a minute on two cores. */
export const TINY_MODEL: TinyModelRecipe = {
  size: { hiddenSize: 64, layers: 4, heads: 4, mlpSize: 128 },
  corpus: { sums: 3000, verdicts: 12_000, counting: 500, order: 2000, words: 1000, questions: 300 },
  pretraining: {
    steps: 1200,
    rows: 16,
    rowTokens: 64,
    promptWeight: 0.03,
    learningRate: 3e-3,
    schedule: 'cosine',
    warmupSteps: 50,
    maxGradNorm: 1,
    weightDecay: 0.01,
    beta1: 0.9,
    beta2: 0.98,
    epsilon: 1e-8,
  },
};

export interface TinyModelOptions extends LongCall {
  /** The root of run folders, as `runsRoot` gives it. */
  readonly runs: string;
  readonly seed: number | string;
  /** By default `TINY_MODEL`. */
  readonly recipe?: TinyModelRecipe;
  /** Where it is trained if it is not there yet; by default TensorFlow, started only then. */
  readonly backend?: Backend;
}

/**
 * The Hugging Face folder of a small Llama that was trained from random numbers on a text about sums and scales
 * (`additionCorpus`): what an experiment in RL needs its base model to know, in less than a minute. It is made if it is not
 * there, in a content-addressed run; a call that is aborted or killed leaves no finished run, and the next one starts over.
 * Throws what `pretrain` throws, MachineError where another process makes it, FileFormatError where its files were cut.
 */
export async function ensureTinyModel(options: TinyModelOptions): Promise<string> {
  const { runs, seed, recipe = TINY_MODEL, signal, onProgress } = options;
  const lines = additionCorpus(recipe.corpus, seed);
  const tokenizer = tokenizerFor(lines.map(({ prompt, completion }) => prompt + completion));
  const model = modelConfig(recipe, tokenizer.vocabSize);
  const run = new RunDirectory(runs, 'tiny-model', {
    format: 2,
    model,
    pretraining: recipe.pretraining,
    corpus: contentHash(lines),
    tokenizer: contentHash(tokenizer.files),
    seed: String(seed),
  });
  const folder = run.file('model');
  await run.complete(async () => {
    const backend = options.backend ?? tensorflowBackend();
    const { tensors, losses, tokens, seconds } = await pretrain({
      backend,
      model,
      lines: encodedLines(lines, openTokenizer(tokenizer)),
      config: recipe.pretraining,
      seed,
      signal,
      onProgress,
    });
    // What a killed try may have left.
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const sides = { ...tokenizer.files, 'config.json': huggingFaceConfig(model, tokenizer.endId) };
    for (const [name, content] of Object.entries(sides))
      writeFileAtomic(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
    writeSafetensors(join(folder, 'model.safetensors'), tensors);
    writeFileAtomic(run.file('losses.json'), `${JSON.stringify(losses)}\n`);
    const last = losses.slice(-50);
    return {
      backend: `${backend.name} ${backend.device}`,
      seconds,
      tokens,
      parameters: Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0),
      lines: lines.length,
      loss: last.reduce((sum, loss) => sum + loss, 0) / last.length,
    };
  });
  return folder;
}

function modelConfig({ size }: TinyModelRecipe, vocabSize: number): ModelConfig {
  const { hiddenSize, layers, heads, mlpSize } = size;
  const config: ModelConfig = {
    family: 'llama',
    vocabSize,
    hiddenSize,
    layers,
    heads,
    kvHeads: heads,
    headDim: hiddenSize / heads,
    mlpSize,
    ropeTheta: 10_000,
    ropeScaling: null,
    rmsEps: 1e-5,
    tieEmbeddings: true,
    attentionBias: false,
    maxPositions: 512,
  };
  return checkModelConfig(config, 'the recipe of the tiny model');
}

function openTokenizer({ files, vocabSize }: TokenizerJsonFiles): Tokenizer {
  const config = files['tokenizer_config.json'];
  return createTokenizer({
    from: 'the tiny model',
    tokenizerJson: files['tokenizer.json'],
    chatTemplate: config.chat_template,
    bosToken: null,
    eosToken: config.eos_token,
    padToken: config.pad_token,
    stopTokens: [config.eos_token],
    vocabSize,
  });
}

/** Prompt and completion are cut apart; no token reaches over the seam. */
function encodedLines(lines: readonly CorpusLine[], tokenizer: Tokenizer): EncodedExample[] {
  const known = new Map<string, Int32Array>();
  const encoded = (text: string): Int32Array => {
    const ids = known.get(text) ?? tokenizer.encode(text);
    known.set(text, ids);
    return ids;
  };
  return lines.map(({ prompt, completion }) => {
    const before = encoded(prompt);
    return { ids: Int32Array.of(...before, ...encoded(completion)), promptLength: before.length };
  });
}

function huggingFaceConfig(model: ModelConfig, endId: number): object {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: model.vocabSize,
    hidden_size: model.hiddenSize,
    num_hidden_layers: model.layers,
    num_attention_heads: model.heads,
    num_key_value_heads: model.kvHeads,
    head_dim: model.headDim,
    intermediate_size: model.mlpSize,
    hidden_act: 'silu',
    rms_norm_eps: model.rmsEps,
    rope_theta: model.ropeTheta,
    tie_word_embeddings: model.tieEmbeddings,
    attention_bias: model.attentionBias,
    max_position_embeddings: model.maxPositions,
    eos_token_id: endId,
    pad_token_id: endId,
    dtype: 'float32',
  };
}
