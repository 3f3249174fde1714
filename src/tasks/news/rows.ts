import { readFileSync } from 'node:fs';
import { z } from 'zod';

export const NEWS_FORMS = ['briefs', 'articles'] as const;
export type NewsForm = (typeof NEWS_FORMS)[number];
export const NEWS_SPLITS = ['train', 'validation', 'test', 'calibration'] as const;
export type NewsSplit = (typeof NEWS_SPLITS)[number];
export const TRAINED_PROFILES = ['strong_left', 'center_left', 'center_right', 'strong_right'] as const;
export const CALIBRATION_PROFILES = ['strong_left', 'center_left', 'neutral', 'center_right', 'strong_right'] as const;
export type NewsProfile = (typeof CALIBRATION_PROFILES)[number];

/** Position of a profile on the axis: -2 hard left to +2 hard right. */
export const SLANT: Readonly<Record<NewsProfile, number>> = {
  strong_left: -2,
  center_left: -1,
  neutral: 0,
  center_right: 1,
  strong_right: 2,
};

const text = z
  .string()
  .refine((value) => value.trim() !== '', 'must not be empty')
  .refine((value) => !/<\|[^|<>]*\|>/.test(value), 'must hold no control token of a chat template')
  .refine((value) => !/[^\P{C}]/u.test(value), 'must hold no control characters or line breaks');
const id = z.string().regex(/^\S+$/, 'must be one word');

export const topicSchema = z.strictObject({
  id: id.describe('Unique name of the topic.'),
  domain: id.describe('The political domain; folds are made of whole domains.'),
  split: z.enum(NEWS_SPLITS),
  headline: text.describe('What happened, without slant and without a final full stop.'),
  context: text.describe('Two or three neutral facts.'),
});
export interface Topic {
  readonly id: string;
  readonly domain: string;
  readonly split: NewsSplit;
  readonly headline: string;
  readonly context: string;
}

const textRow = <const T extends readonly [string, ...string[]]>(profiles: T) =>
  z.strictObject({ topicId: id, profile: z.enum(profiles), article: text.describe('The text in that profile.') });
export const trainRowSchema = textRow(TRAINED_PROFILES);
export const calibrationRowSchema = textRow(CALIBRATION_PROFILES);
export interface TextRow {
  readonly topicId: string;
  readonly profile: NewsProfile;
  readonly article: string;
}

/** A row that breaks a rule: where it stands and why it is refused. */
export interface RefusedRow {
  readonly file: string;
  /** 1-based line in the file. */
  readonly line: number;
  readonly reason: string;
}

export interface ReadRow<T> {
  readonly line: number;
  readonly row: T;
}

/** Reads a JSON-lines file through a schema; rows that fail are returned by line with the reason, blank lines skipped. */
export function readRows<T>(path: string, file: string, schema: z.ZodType<T>) {
  const rows: ReadRow<T>[] = [];
  const refused: RefusedRow[] = [];
  const bytes = readFileSync(path);
  for (const [index, source] of bytes.toString('utf8').split('\n').entries()) {
    if (source.trim() === '') continue;
    const line = index + 1;
    let raw: unknown;
    try {
      raw = JSON.parse(source);
    } catch (cause) {
      refused.push({ file, line, reason: `must be one JSON object: ${(cause as Error).message}` });
      continue;
    }
    const parsed = schema.safeParse(raw);
    if (parsed.success) rows.push({ line, row: parsed.data });
    else
      refused.push({
        file,
        line,
        reason: parsed.error.issues.map((i) => `${i.path.join('.') || 'row'}: ${i.message}`).join('; '),
      });
  }
  return { rows, refused, bytes };
}
