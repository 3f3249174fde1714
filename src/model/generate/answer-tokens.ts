import { ConfigError } from '../../core';
import { encodePrompt, type Tokenizer } from '../tokens';

/** The answers that a model may give in one token: their texts and ids, in the order of actions. */
export interface AnswerTokens {
  readonly names: readonly string[];
  readonly ids: readonly number[];
}

/**
 * The ids of answers that are forced as the first token of the assistant's turn.
 * Throws ConfigError, with all problems in one message, unless there are at least 2 and each is one token of its own behind
 * the opened turn.
 */
export function answerTokens(tokenizer: Tokenizer, names: readonly string[]): AnswerTokens {
  const chat = [{ role: 'user' as const, content: 'Is this correct?' }];
  const opened = tokenizer.renderChat(chat, { addGenerationPrompt: true });
  const prompt = encodePrompt(tokenizer, chat);
  const problems: string[] = [];
  if (names.length < 2) problems.push(`there must be at least 2 answers, got ${names.length}`);
  const ids = names.map((name) => {
    const full = tokenizer.encode(opened + name);
    const kept = prompt.every((id, at) => full[at] === id);
    if (!kept || full.length !== prompt.length + 1) {
      const pieces = [...full.slice(prompt.length)].map((id) => JSON.stringify(tokenizer.decode([id])));
      problems.push(
        `"${name}" ${kept ? `is ${pieces.length} tokens (${pieces.join(', ')})` : 'merges with the turn before it'}`,
      );
    }
    return full[prompt.length] ?? -1;
  });
  ids.forEach((id, at) => {
    const first = ids.indexOf(id);
    if (first < at) problems.push(`"${names[first]}" and "${names[at]}" are one token`);
  });
  if (problems.length > 0)
    throw new ConfigError(
      `answerTokens: each answer must be one token of its own behind the opened turn, got ${problems.join('; ')} (from the model's tokenizer). Choose other words.`,
    );
  return { names: [...names], ids };
}
