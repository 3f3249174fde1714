import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FileFormatError } from '../../core';
import type { TokenizerFiles } from './tokenizer';

const WHERE = 'tokenizerFromFolder';

/** A token in tokenizer_config.json: its text, or an object that holds it. */
const tokenSchema = z
  .union([z.string(), z.looseObject({ content: z.string() })])
  .nullish()
  .transform((token) => (typeof token === 'string' ? token : (token?.content ?? null)));

const tokenizerConfigSchema = z.looseObject({
  chat_template: z.union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))]).nullish(),
  bos_token: tokenSchema,
  eos_token: tokenSchema,
  pad_token: tokenSchema,
});

const stopSchema = z.looseObject({ eos_token_id: z.union([z.int(), z.array(z.int())]).nullish() });

/**
 * Reads the tokenizer of a Hugging Face folder: tokenizer.json, tokenizer_config.json, the chat template
 * (chat_template.jinja goes before the one in the config) and the stop tokens of generation_config.json and config.json.
 * Throws FileFormatError naming the file that is missing or broken.
 */
export function tokenizerFromFolder(folder: string): TokenizerFiles {
  const tokenizerJson = readJson(folder, 'tokenizer.json') as { added_tokens?: { id: number; content: string }[] };
  const config = parse(tokenizerConfigSchema, readOptionalJson(folder, 'tokenizer_config.json') ?? {}, folder);
  const stopIds = ['generation_config.json', 'config.json'].flatMap((name) => {
    const { eos_token_id: ids } = parse(stopSchema, readOptionalJson(folder, name) ?? {}, folder);
    return ids === null || ids === undefined ? [] : [ids].flat();
  });
  const added = new Map((tokenizerJson.added_tokens ?? []).map(({ id, content }) => [id, content]));
  const vocab = vocabulary(tokenizerJson, folder);
  const textOf = (id: number): string | null => added.get(id) ?? vocab.find(([, other]) => other === id)?.[0] ?? null;
  const stopTokens = [...stopIds.map(textOf), config.eos_token].filter((token) => token !== null);
  const ids = [...vocab.map(([, id]) => id), ...added.keys()];
  return {
    from: join(folder, 'tokenizer.json'),
    tokenizerJson,
    chatTemplate: templateOf(folder, config.chat_template),
    bosToken: config.bos_token,
    eosToken: config.eos_token,
    padToken: config.pad_token,
    stopTokens: [...new Set(stopTokens)],
    vocabSize: ids.reduce((most, id) => Math.max(most, id), -1) + 1,
  };
}

function vocabulary(tokenizerJson: object, folder: string): [string, number][] {
  const vocab = (tokenizerJson as { model?: { vocab?: unknown } }).model?.vocab;
  if (typeof vocab !== 'object' || vocab === null || Array.isArray(vocab)) {
    throw new FileFormatError(
      `${WHERE}: tokenizer.json must have a vocabulary from token to id, got ${Array.isArray(vocab) ? 'a list' : typeof vocab} (${join(folder, 'tokenizer.json')}). Use a model with a BPE tokenizer.`,
    );
  }
  return Object.entries(vocab as Record<string, number>);
}

function templateOf(
  folder: string,
  template: string | readonly { name: string; template: string }[] | null | undefined,
): string | null {
  const file = join(folder, 'chat_template.jinja');
  if (existsSync(file)) return readFileSync(file, 'utf8');
  if (typeof template === 'string' || !template) return template ?? null;
  return template.find(({ name }) => name === 'default')?.template ?? null;
}

function parse<T extends z.ZodType>(schema: T, value: unknown, folder: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw new FileFormatError(
      `${WHERE}: the tokenizer's settings must have the form that transformers writes, got ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')} (${folder}). Fetch the folder again.`,
    );
  }
  return parsed.data;
}

function readOptionalJson(folder: string, name: string): unknown {
  return existsSync(join(folder, name)) ? readJson(folder, name) : null;
}

/** The JSON of one file of a model folder. Throws FileFormatError naming the file. */
export function readJson(folder: string, name: string): unknown {
  const path = join(folder, name);
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new FileFormatError(
      `${WHERE}: ${name} must be a JSON file, got ${(cause as Error).message} (${path}). Fetch the folder again.`,
      { cause },
    );
  }
}
