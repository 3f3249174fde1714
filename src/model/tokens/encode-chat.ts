import { ConfigError, DataError } from '../../core';
import type { ChatMessage } from '../../labels';
import type { Tokenizer } from './tokenizer';

/** A training row: the first `promptLength` ids are the prompt, all later ones are supervised. */
export interface EncodedExample {
  readonly ids: Int32Array;
  readonly promptLength: number;
}

/** A row that is left out, and why. */
export interface DroppedExample {
  readonly dropped: string;
}

/** The ids of a prompt: the chat by the model's template with the assistant's turn opened. */
export function encodePrompt(tokenizer: Tokenizer, messages: readonly ChatMessage[]): Int32Array {
  return tokenizer.encode(tokenizer.renderChat(messages, { addGenerationPrompt: true }));
}

/**
 * The ids of a prompt and its completion as one row, cut after the token that ends the assistant's turn,
 * which is supervised: a model that never sees it as a target never stops.
 * A row longer than `maxTokens` is dropped whole and says so: a cut completion would teach a text without an end.
 * Throws DataError if the prompt's ids are not a prefix of the row's (a merge across the seam would shift the mask),
 * and if the completion is empty; ConfigError if the template does not end the assistant's turn with a stop token.
 */
export function encodeChatExample(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  completion: string,
  { maxTokens }: { maxTokens: number },
): EncodedExample | DroppedExample {
  if (completion.trim() === '') {
    throw new DataError(
      `encodeChatExample: a completion must have text, got ${JSON.stringify(completion)} (from the caller). Remove the row.`,
    );
  }
  const prompt = encodePrompt(tokenizer, messages);
  const chat: ChatMessage[] = [...messages, { role: 'assistant', content: completion }];
  const full = tokenizer.encode(tokenizer.renderChat(chat, { addGenerationPrompt: false }));
  for (let i = 0; i < prompt.length; i++) {
    if (prompt[i] === full[i]) continue;
    throw new DataError(
      `encodeChatExample: the prompt's ids must be a prefix of the row's, got ${prompt[i]} against ${full[i]} at token ${i} of ${prompt.length} (from completion "${completion.slice(0, 40)}"). The template or the tokenizer merges across the seam; start the completion with a letter.`,
    );
  }
  let end = full.length - 1;
  while (end >= prompt.length && !tokenizer.stopTokenIds.has(full[end])) end--;
  if (end < prompt.length) {
    throw new ConfigError(
      `encodeChatExample: the assistant's turn must end with a stop token, got ${JSON.stringify(tokenizer.decode(full.slice(-4)))} (from the model's chat template). Use a model whose template closes the turn.`,
    );
  }
  if (end + 1 > maxTokens) return { dropped: `${end + 1} tokens, more than ${maxTokens}` };
  return { ids: full.slice(0, end + 1), promptLength: prompt.length };
}
