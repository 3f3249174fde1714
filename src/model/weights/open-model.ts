import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ConfigError, contentHash, FileFormatError, type LongCall, projectRoot } from '../../core';
import {
  createTokenizer,
  readJson,
  type Tokenizer,
  type TokenizerOptions,
  tokenizerFromFolder,
  tokenizerFromGguf,
} from '../tokens';
import { withNf4Tensors } from './bitsandbytes';
import { fileSha256 } from './file-hash';
import { configFromGguf } from './gguf-config';
import { openGguf } from './gguf-reader';
import { SIDE_FILES, WEIGHTS_INDEX } from './hub-cache';
import { configFromHuggingFace } from './huggingface-config';
import { expectedTensors, type ModelConfig } from './model-config';
import { DEFAULT_MODEL, isFolder, locateModel } from './model-path';
import { openSafetensors } from './safetensors-reader';
import { checkShape, missingTensor, type TensorSource } from './tensor-source';

/** A model's files, opened and checked: nothing of the weights is in memory yet. */
export interface ModelFiles {
  /** 'smollm2-135m', 'org/name' for a model of the hub or its cache, else the name of its file or folder. */
  readonly id: string;
  readonly path: string;
  readonly config: ModelConfig;
  readonly tensors: TensorSource;
  readonly tokenizer: Tokenizer;
  /** Content address of config, weights and tokenizer files (not of tokenizer options, which `tokenizer.hash` holds). */
  readonly hash: string;
  close(): void;
}

/** Tensors that files carry and no forward pass needs. */
const IGNORED = /\.rotary_emb\.inv_freq$/;

export interface OpenModelOptions extends TokenizerOptions, LongCall {}

/**
 * Opens 'smollm2-135m', a .gguf file, a Hugging Face folder or cache entry, or 'org/name[@revision]' of the hub, and
 * checks that every tensor the config asks for is there with its shape, and none besides. Weights are read from
 * `tensors` when asked for. A model of the hub that is not in the cache is fetched; `onProgress` then tells the size
 * first, and later how far the hashes of large files are.
 * Throws ConfigError for an unknown reference or family, FileFormatError naming file and tensor for damaged files,
 * MachineError if the embedded model is not installed or the hub cannot be reached, AbortedError when the signal fires.
 */
export async function openModel(ref: string = DEFAULT_MODEL, options: OpenModelOptions = {}): Promise<ModelFiles> {
  const { signal, onProgress, ...tokenizerOptions } = options;
  const call: LongCall = { signal, onProgress };
  const { id, path } = await locateModel(ref, call);
  if (!isFolder(path)) {
    const tensors = openGguf(path);
    return closingOnError(tensors, async () => {
      const config = configFromGguf(tensors);
      checkTensors(tensors, config);
      const tokenizer = createTokenizer(tokenizerFromGguf(tensors.metadata, path), tokenizerOptions);
      checkVocabulary(tokenizer, config, path);
      return { id, path, config, tensors, tokenizer, hash: await hashOf([path], call), close: () => tensors.close() };
    });
  }
  const config = configFromHuggingFace(readJson(path, 'config.json'), join(path, 'config.json'));
  const tokenizer = createTokenizer(tokenizerFromFolder(path), tokenizerOptions);
  checkVocabulary(tokenizer, config, path);
  const stored = openSafetensors(path);
  const tensors = closingSync(stored, () => withNf4Tensors(stored));
  return closingOnError(tensors, async () => {
    checkTensors(tensors, config);
    const sides = [...SIDE_FILES, WEIGHTS_INDEX].map((name) => join(path, name)).filter((file) => existsSync(file));
    const hash = await hashOf([...sides, ...tensors.files], call);
    return { id, path, config, tensors, tokenizer, hash, close: () => tensors.close() };
  });
}

function closingSync<T>(tensors: TensorSource, work: () => T): T {
  try {
    return work();
  } catch (error) {
    tensors.close();
    throw error;
  }
}

async function closingOnError<T>(tensors: TensorSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    tensors.close();
    throw error;
  }
}

/** One file: its SHA-256. Several: the content address of their names and hashes. */
async function hashOf(files: readonly string[], call: LongCall): Promise<string> {
  const cache = join(projectRoot(), '.cache', 'file-hashes.json');
  const hashes: Record<string, string> = {};
  for (const file of files) hashes[basename(file)] = await fileSha256(file, cache, call);
  return files.length === 1 ? hashes[basename(files[0])] : contentHash(hashes);
}

function checkTensors(tensors: TensorSource, config: ModelConfig): void {
  const expected = expectedTensors(config);
  const names = new Set(tensors.names());
  const path = tensors.files.join(', ');
  for (const [name, shape] of Object.entries(expected)) {
    if (!names.has(name)) throw missingTensor('openModel', name, path, [...names]);
    checkShape(tensors, name, shape);
  }
  // A tied model may carry its output projection all the same; it is the embedding, as for transformers.
  const extra = [...names].filter(
    (name) => !Object.hasOwn(expected, name) && !IGNORED.test(name) && name !== 'lm_head.weight',
  );
  if (extra.length > 0) {
    throw new FileFormatError(
      `openModel: the file must hold only tensors of a ${config.family} model, got also ${extra
        .slice(0, 3)
        .map((name) => `"${name}"`)
        .join(
          ', ',
        )} and ${Math.max(0, extra.length - 3)} more (${path}). The model has a part that is not built; use another model.`,
    );
  }
}

function checkVocabulary(tokenizer: Tokenizer, config: ModelConfig, path: string): void {
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new ConfigError(
      `openModel: token ids must fit the embedding's ${config.vocabSize} rows, got a tokenizer with ids up to ${tokenizer.vocabSize - 1} (from ${path}). The tokenizer and the weights belong to different models.`,
    );
  }
}
