import { ConfigError, FileFormatError } from '../../core';
import type { TokenizerFiles } from './tokenizer';

const WHERE = 'tokenizerFromGguf';

/** Token kinds of GGUF that matter: control tokens are special, user-defined ones are matched but kept in text. */
const CONTROL = 3;
const USER_DEFINED = 4;

/** Control tokens that end a text in the families here; a file's metadata names only one or two of them. */
const END_TOKENS = new Set(['<|endoftext|>', '<|end_of_text|>', '<|im_end|>', '<|eot_id|>', '<|eom_id|>']);

const byteLevel = (useRegex: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});
const split = (pattern: string) => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});
/** The pattern of GPT-4-like tokenizers; `digits` is how many digits make one piece. */
const words = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers });

/** How text is cut before merging, by the name that GGUF gives it (`tokenizer.ggml.pre`). */
const PRE_TOKENIZERS: Readonly<Record<string, { cut: object; normalizer: object | null; ignoreMerges: boolean }>> = {
  smollm: {
    cut: sequence({ type: 'Digits', individual_digits: true }, byteLevel(true)),
    normalizer: null,
    ignoreMerges: false,
  },
  'gpt-2': { cut: byteLevel(true), normalizer: null, ignoreMerges: false },
  'llama-bpe': {
    cut: sequence(split(words('\\p{N}{1,3}')), byteLevel(false)),
    normalizer: null,
    ignoreMerges: true,
  },
  qwen2: { cut: sequence(split(words('\\p{N}')), byteLevel(false)), normalizer: { type: 'NFC' }, ignoreMerges: false },
};

/**
 * Rebuilds the files of a tokenizer (tokenizer.json, chat template, stop tokens) from a GGUF file's metadata.
 * Byte-level BPE with the cuts of SmolLM, GPT-2, Llama 3 and Qwen 2.
 * Throws FileFormatError for a missing key, ConfigError for another kind of tokenizer. `from` names the file.
 */
export function tokenizerFromGguf(metadata: Readonly<Record<string, unknown>>, from: string): TokenizerFiles {
  const kind = metadata['tokenizer.ggml.model'];
  if (kind !== 'gpt2') {
    throw new ConfigError(
      `${WHERE}: the tokenizer must be byte-level BPE ("gpt2"), got ${JSON.stringify(kind)} (from ${from}). Use the Hugging Face folder of this model, which holds tokenizer.json.`,
    );
  }
  const pre = String(metadata['tokenizer.ggml.pre']);
  if (!Object.hasOwn(PRE_TOKENIZERS, pre)) {
    throw new ConfigError(
      `${WHERE}: the pre-tokenizer must be one of ${Object.keys(PRE_TOKENIZERS).join(', ')}, got "${pre}" (from ${from}). Use the Hugging Face folder of this model, which holds tokenizer.json.`,
    );
  }
  const tokens = strings(metadata, 'tokenizer.ggml.tokens', from);
  const merges = strings(metadata, 'tokenizer.ggml.merges', from);
  const kinds = metadata['tokenizer.ggml.token_type'];
  if (!Array.isArray(kinds) || kinds.length !== tokens.length) {
    throw new FileFormatError(
      `${WHERE}: metadata "tokenizer.ggml.token_type" must have ${tokens.length} entries, got ${Array.isArray(kinds) ? kinds.length : 'none'} (${from}). Convert the model again.`,
    );
  }
  const idOf = (key: string): number | null => {
    const id = metadata[`tokenizer.ggml.${key}_token_id`];
    return typeof id === 'number' && id >= 0 && id < tokens.length ? id : null;
  };
  const { cut, normalizer, ignoreMerges } = PRE_TOKENIZERS[pre];
  const added = tokens.flatMap((content, id) =>
    kinds[id] === CONTROL || kinds[id] === USER_DEFINED
      ? [{ id, content, special: kinds[id] === CONTROL, ...plainFlags }]
      : [],
  );
  const bos = idOf('bos');
  const named = tokens.flatMap((token, id) => (kinds[id] === CONTROL && END_TOKENS.has(token) ? [id] : []));
  const stops = [...new Set([...['eos', 'eot', 'eom'].map(idOf).filter((id) => id !== null), ...named])];
  const template = metadata['tokenizer.chat_template'];
  return {
    from,
    tokenizerJson: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: added,
      normalizer,
      pre_tokenizer: cut,
      post_processor: null,
      decoder: byteLevel(true),
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: ignoreMerges,
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges,
      },
    },
    chatTemplate: typeof template === 'string' ? template : null,
    bosToken: bos === null ? null : tokens[bos],
    eosToken: stops.length > 0 ? tokens[stops[0]] : null,
    padToken: idOf('padding') === null ? null : tokens[idOf('padding') as number],
    stopTokens: stops.map((id) => tokens[id]),
    vocabSize: tokens.length,
  };
}

const plainFlags = { single_word: false, lstrip: false, rstrip: false, normalized: false };

function strings(metadata: Readonly<Record<string, unknown>>, key: string, from: string): readonly string[] {
  const value = metadata[key];
  if (!Array.isArray(value) || value.length === 0 || typeof value[0] !== 'string') {
    throw new FileFormatError(
      `${WHERE}: metadata "${key}" must be a list of strings, got ${value === undefined ? 'none' : typeof value} (${from}). Convert the model again.`,
    );
  }
  return value;
}
