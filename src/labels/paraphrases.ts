import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError, DataError, projectRoot } from '../core';
import type { Paraphrase } from './family';

const name = z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'must be lower-case letters, digits, _ and -');

export const paraphraseFileSchema = z
  .strictObject({
    sets: z
      .array(
        z.strictObject({
          id: name.describe('Such as suggestibility.'),
          task: name.describe('The task whose monitor the sentences describe.'),
          paraphrases: z
            .array(
              z.strictObject({
                id: name,
                source: z.string().min(1).describe('Who wrote it and why.'),
                template: z
                  .string()
                  .refine((text) => text.split('{label}').length === 2, 'must hold {label} exactly once')
                  .describe('The sentence around the encoded value.'),
              }),
            )
            .min(1),
        }),
      )
      .min(1),
  })
  .superRefine(({ sets }, context) => {
    const check = (what: string, ids: readonly string[]): void => {
      for (const id of new Set(ids.filter((one, at) => ids.indexOf(one) !== at)))
        context.addIssue({ code: 'custom', message: `${what} "${id}" stands twice` });
    };
    check(
      'set',
      sets.map(({ id }) => id),
    );
    for (const { id, paraphrases } of sets)
      check(
        `in ${id}: paraphrase`,
        paraphrases.map((paraphrase) => paraphrase.id),
      );
  });

/**
 * The sentences of a paraphrase set, from the embedded file or another in its form. Throws ConfigError if there is no such file or
 * set, DataError with all problems if the file breaks the form.
 */
export function loadParaphrases(set: string, file?: string): readonly Paraphrase[] {
  const path = file === undefined ? join(projectRoot(), 'data', 'labels', 'paraphrases.json') : resolve(file);
  const from = file ?? 'data/labels/paraphrases.json';
  if (!existsSync(path))
    throw new ConfigError(`loadParaphrases: the file must exist, got none (${from}). Give the path of a JSON file.`);
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new DataError(
      `loadParaphrases: the file must be JSON, got ${(cause as Error).message} (${from}). Mend the file.`,
      { cause },
    );
  }
  const parsed = paraphraseFileSchema.safeParse(raw);
  if (!parsed.success)
    throw new DataError(
      `loadParaphrases: the file must hold paraphrase sets, got ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`).join('; ')} (${from}). Mend the file.`,
    );
  const found = parsed.data.sets.find(({ id }) => id === set);
  if (!found)
    throw new ConfigError(
      `loadParaphrases: the set must be in the file, got "${set}" (${from} has ${parsed.data.sets.map(({ id }) => id).join(', ')}). Name one of these.`,
    );
  return found.paraphrases;
}
