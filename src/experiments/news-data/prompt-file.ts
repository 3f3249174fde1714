import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, contentHash, FileFormatError, projectRoot } from '../../core';
import { CALIBRATION_PROFILES, NEWS_FORMS } from '../../tasks';

const about = {
  id: z.string().regex(/^[a-z0-9-]+$/),
  about: z.string().min(1),
  licence: z.string().min(1),
};
const prompt = {
  ...about,
  system: z.string().min(1),
  user: z.string().min(1).describe('Template; {name} is filled in.'),
  plainFormat: z.string().min(1).describe('Added for a writer without structured output.'),
  maxTokensPerItem: z.int().min(1).describe('Longest item (tokens).'),
};
const topicsPromptSchema = z.strictObject({
  ...prompt,
  kind: z.literal('topics'),
  places: z.array(z.string().min(1)).min(8),
  events: z.array(z.string().min(1)).min(4),
});
const textsPromptSchema = z.strictObject({
  ...prompt,
  kind: z.literal('texts'),
  form: z.enum(NEWS_FORMS),
  words: z
    .strictObject({ least: z.int().min(1), most: z.int().min(1) })
    .describe(
      'Shortest and longest text that is taken (words): narrower than what the check of the form allows, so that length tells less.',
    ),
  profiles: z.strictObject(
    Object.fromEntries(CALIBRATION_PROFILES.map((profile) => [profile, z.string().min(1)])) as Record<
      (typeof CALIBRATION_PROFILES)[number],
      z.ZodString
    >,
  ),
});
const domainsSchema = z.strictObject({
  ...about,
  domains: z
    .array(z.strictObject({ name: z.string().regex(/^[a-z0-9-]+$/), covers: z.string().min(1) }))
    .min(1)
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'every domain must be listed once'),
});

/** A domain of topics: its name, which folds are made of, and what it covers. */
export interface NewsDomain {
  readonly name: string;
  readonly covers: string;
}

type Hashed<T> = Readonly<T> & { readonly hash: string };
export type TopicsPrompt = Hashed<z.infer<typeof topicsPromptSchema>>;
export type TextsPrompt = Hashed<z.infer<typeof textsPromptSchema>>;

/** The prompt for topics: `data/writers/<id>.json` or a path. Throws ConfigError if there is none, FileFormatError if it is no such prompt. */
export function readTopicsPrompt(idOrPath = 'news-topics'): TopicsPrompt {
  return readFile('readTopicsPrompt', idOrPath, topicsPromptSchema);
}

/** The prompt for the texts of a form. Throws as `readTopicsPrompt`. */
export function readTextsPrompt(idOrPath: string): TextsPrompt {
  return readFile('readTextsPrompt', idOrPath, textsPromptSchema);
}

/** The domains of the embedded set, or those of a file of the same format. Throws as `readTopicsPrompt`. */
export function readDomains(idOrPath = 'news-domains'): readonly NewsDomain[] {
  return readFile('readDomains', idOrPath, domainsSchema).domains;
}

/** Fills `{name}` in a template. Throws ConfigError for a name without a value: a prompt with a hole in it would be paid for. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = values[name];
    if (value === undefined)
      throw new ConfigError(
        `fillTemplate: a prompt may ask for ${Object.keys(values).join(', ')}, got ${hole}. Correct the prompt file.`,
      );
    return value;
  });
}

function readFile<T>(where: string, idOrPath: string, schema: z.ZodType<T>): Hashed<T> {
  const path = /[/\\.]/.test(idOrPath) ? idOrPath : join(projectRoot(), 'data', 'writers', `${idOrPath}.json`);
  if (!existsSync(path))
    throw new ConfigError(`${where}: the file must exist, got none (${path}). data/writers holds the embedded ones.`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new FileFormatError(
      `${where}: the file must be JSON, got ${(cause as Error).message} (${path}). Correct it.`,
      {
        cause,
      },
    );
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
    throw new FileFormatError(
      `${where}: the file must be of its kind, got ${problems.join('; ')} (${path}). Correct it.`,
    );
  }
  return { ...parsed.data, hash: contentHash(parsed.data) };
}
