import { Tokenizer as BpeTokenizer } from '@huggingface/tokenizers';
import { ConfigError, contentHash, DataError, FileFormatError } from '../../core';
import type { ChatMessage } from '../../labels';
import { type ChatTemplate, compileChatTemplate, type DefaultSystem } from './chat-template';

/** What a tokenizer is made from, whichever file it came in. */
export interface TokenizerFiles {
  /** The file, for messages. */
  readonly from: string;
  /** The object that tokenizer.json holds. */
  readonly tokenizerJson: object;
  readonly chatTemplate: string | null;
  readonly bosToken: string | null;
  readonly eosToken: string | null;
  readonly padToken: string | null;
  /** Tokens at which generation ends. */
  readonly stopTokens: readonly string[];
  /** One more than the largest id. */
  readonly vocabSize: number;
}

export interface TokenizerOptions {
  /** Whether a system turn that the model's template invents stands in prompts; 'none' leaves it out. */
  readonly defaultSystem?: DefaultSystem;
  /** The day given to templates that print one, YYYY-MM-DD. */
  readonly date?: string;
  /**
   * Whether a template with a thinking switch (Qwen 3) lets the model think before it answers; false by default: the
   * answer then opens with empty thoughts, in training rows and in prompts alike. Other templates do not read it.
   */
  readonly thinking?: boolean;
}

/** Text to token ids and back, and chats to text, by the model's own files. */
export interface Tokenizer {
  /**
   * Ids of a text in which special tokens are read as such; nothing is put before or after it.
   * Bytes without a token are left out, as the reference tokenizers do (SmolLM2: six control characters, planes 4 to 11).
   */
  encode(text: string): Int32Array;
  /** Text of ids; `skipSpecial` (false by default) leaves special tokens out. */
  decode(ids: ArrayLike<number>, options?: { skipSpecial?: boolean }): string;
  /**
   * The text of a chat by the model's template.
   * Throws DataError if a message holds a special token in its text: it would open or close a turn.
   */
  renderChat(messages: readonly ChatMessage[], options: { addGenerationPrompt: boolean }): string;
  /** Ids at which generation ends. */
  readonly stopTokenIds: ReadonlySet<number>;
  /** The texts of all special tokens, which no label, instruction or completion may hold. */
  readonly specialTokens: readonly string[];
  /** The id that fills a batch. It carries no meaning: masks go by position, never by this id. */
  readonly padTokenId: number;
  readonly vocabSize: number;
  readonly defaultSystem: DefaultSystem;
  /** Content address of the vocabulary, merges, template and options: two tokenizers with one hash give the same ids. */
  readonly hash: string;
}

/**
 * Builds the tokenizer from a model's files.
 * Throws FileFormatError if tokenizer.json cannot be used, ConfigError if a stop or padding token is not in it.
 */
export function createTokenizer(files: TokenizerFiles, options: TokenizerOptions = {}): Tokenizer {
  const { from } = files;
  const defaultSystem = options.defaultSystem ?? 'none';
  const date = options.date ?? '2024-07-26';
  const thinking = options.thinking ?? false;
  let bpe: BpeTokenizer;
  try {
    bpe = new BpeTokenizer(cutAllNumerals(files.tokenizerJson), { clean_up_tokenization_spaces: false });
  } catch (cause) {
    throw new FileFormatError(
      `createTokenizer: tokenizer.json must describe a tokenizer, got ${(cause as Error).message} (${from}). Fetch the model again.`,
      { cause },
    );
  }
  const idOf = (token: string, what: string): number => {
    const id = bpe.token_to_id(token);
    if (id === undefined)
      throw new ConfigError(
        `createTokenizer: the ${what} token must be in the vocabulary, got "${token}" (from ${from}). Check the tokenizer's settings.`,
      );
    return id;
  };
  const stopTokenIds = new Set(files.stopTokens.map((token) => idOf(token, 'stop')));
  const padToken = files.padToken ?? files.eosToken;
  const specialTokens = [...bpe.get_added_tokens_decoder().values()]
    .filter((token) => token.special)
    .map((token) => token.content);
  let template: ChatTemplate | null = null;
  return {
    stopTokenIds,
    specialTokens,
    defaultSystem,
    padTokenId: padToken === null ? 0 : idOf(padToken, 'padding'),
    vocabSize: files.vocabSize,
    hash: contentHash({
      tokenizer: files.tokenizerJson,
      template: files.chatTemplate,
      bos: files.bosToken,
      eos: files.eosToken,
      stops: files.stopTokens,
      defaultSystem,
      date,
      // Only where it can matter, so that the hash of other models does not depend on it.
      ...(files.chatTemplate?.includes('enable_thinking') ? { thinking } : {}),
    }),
    encode: (text) => Int32Array.from(bpe.encode(text, { add_special_tokens: false }).ids),
    decode: (ids, { skipSpecial = false } = {}) =>
      ids.length === 0
        ? ''
        : bpe.decode(Array.from(ids), { skip_special_tokens: skipSpecial, clean_up_tokenization_spaces: false }),
    renderChat(messages, { addGenerationPrompt }) {
      refuseSpecialTokens(messages, specialTokens);
      if (files.chatTemplate === null) {
        throw new ConfigError(
          `renderChat: the model must have a chat template, got none (from ${from}). Use an instruction-tuned model.`,
        );
      }
      template ??= compileChatTemplate({
        source: files.chatTemplate,
        bosToken: files.bosToken,
        eosToken: files.eosToken,
        defaultSystem,
        date,
        thinking,
        from,
      });
      return template.render(messages, { addGenerationPrompt });
    },
  };
}

/** Throws DataError if the text of a message holds a special token, which would open or close a turn. */
function refuseSpecialTokens(messages: readonly ChatMessage[], special: readonly string[]): void {
  for (const { role, content } of messages) {
    for (const token of special) {
      const at = content.indexOf(token);
      if (at >= 0) {
        throw new DataError(
          `renderChat: the text of a message must hold no special token, got "${token}" at character ${at} (from the ${role} turn "${content.slice(0, 40)}"). Remove it or write it another way.`,
        );
      }
    }
  }
}

/**
 * Writes the pre-tokenizer `Digits` as a split by \p{N}, also inside sequences.
 * The JavaScript library cuts at \d alone, the Rust one at every numeral ("½", "²", "Ⅷ").
 */
function cutAllNumerals(tokenizerJson: object): object {
  const rewrite = (cut: unknown): unknown => {
    if (typeof cut !== 'object' || cut === null) return cut;
    const { type, individual_digits: single, pretokenizers } = cut as Record<string, unknown>;
    if (type === 'Sequence' && Array.isArray(pretokenizers))
      return { ...cut, pretokenizers: pretokenizers.map(rewrite) };
    if (type !== 'Digits') return cut;
    return { type: 'Split', pattern: { Regex: single ? '\\p{N}' : '\\p{N}+' }, behavior: 'Isolated', invert: false };
  };
  return { ...tokenizerJson, pre_tokenizer: rewrite((tokenizerJson as { pre_tokenizer?: unknown }).pre_tokenizer) };
}
