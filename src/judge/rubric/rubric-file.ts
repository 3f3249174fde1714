import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ConfigError, contentHash, DataError, projectRoot } from '../../core';
import { magnitudePrompt, pairwisePrompt } from './prompt';
import {
  type MagnitudeFields,
  magnitudeRubricSchema,
  type PairwiseFields,
  pairwiseRubricSchema,
} from './rubric-schema';
import { verdictSchema } from './verdict';

interface Hashed {
  /**
   * SHA-256 of everything that decides a request but the texts: the rubric's wording as it is sent, the rules around it, the form of the
   * reply, its length and the version; not id, title, about, source and licence.
   */
  readonly hash: string;
}
export type MagnitudeRubric = MagnitudeFields & Hashed;
export type PairwiseRubric = PairwiseFields & Hashed;
export type Rubric = MagnitudeRubric | PairwiseRubric;

const SCHEMAS = { magnitude: magnitudeRubricSchema, pairwise: pairwiseRubricSchema };

/** Ids of the embedded rubrics, sorted. */
export function rubricIds(): string[] {
  return readdirSync(rubricFolder())
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort();
}

/**
 * Reads a rubric: the id of an embedded one (`news-bias`) or the path of a JSON file in the same form.
 * Throws ConfigError if there is no such file, DataError with all problems in one message if it breaks the form.
 */
export function readRubric(idOrPath: string): Rubric {
  const embedded = join(rubricFolder(), `${idOrPath}.json`);
  const file = /^[a-z0-9-]+$/.test(idOrPath) && existsSync(embedded) ? embedded : resolve(idOrPath);
  if (!existsSync(file))
    throw new ConfigError(
      `readRubric: a rubric must be an embedded id or a file, got "${idOrPath}". Use one of ${rubricIds().join(', ')} or give the path of a JSON file.`,
    );
  const inside = relative(projectRoot(), file);
  return parseRubric(readFileSync(file, 'utf8'), inside.startsWith('..') ? file : inside);
}

/** A rubric from its JSON text; `path` is named in messages. Throws DataError. */
export function parseRubric(json: string, path: string): Rubric {
  const refuse = (got: string, cause?: unknown): never => {
    throw new DataError(
      `parseRubric: the file must hold a rubric, got ${got} (${path}). Mend the file; data/judge/rubrics/news-bias.json is an example.`,
      { cause },
    );
  };
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch (cause) {
    return refuse(`no JSON: ${(cause as Error).message}`, cause);
  }
  const kind = (raw as { kind?: unknown } | null)?.kind;
  const schema = kind === 'magnitude' || kind === 'pairwise' ? SCHEMAS[kind] : null;
  if (schema === null) return refuse(`the kind ${JSON.stringify(kind)}, which must be "magnitude" or "pairwise"`);
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
    return refuse(`${problems.length} problem(s): ${problems.join('; ')}`);
  }
  return withHash(parsed.data);
}

/** The rubric of a kind from its id, path or itself. Throws ConfigError for one of the other kind; see readRubric. */
export function rubricOf<K extends Rubric['kind']>(
  rubric: Rubric | string,
  kind: K,
  where: string,
): Extract<Rubric, { kind: K }> {
  const read = typeof rubric === 'string' ? readRubric(rubric) : rubric;
  if (read.kind !== kind)
    throw new ConfigError(
      `${where}: the rubric must be of the kind ${kind}, got ${read.kind} ("${read.id}"). ${kind === 'magnitude' ? 'Use comparePairs for this one' : 'Use claudeJudge for this one'}, or name another.`,
    );
  return read as Extract<Rubric, { kind: K }>;
}

function withHash(data: MagnitudeFields | PairwiseFields): Rubric {
  const { version, needsTopic, maxTokens, thinkingTokens } = data;
  // A request on fixed texts stands for all: whatever changes in how one is built changes it.
  const prompt =
    data.kind === 'magnitude'
      ? magnitudePrompt(data, 'a text', 'a topic')
      : pairwisePrompt(data, 'one text', 'another text', 'a topic');
  const schema = verdictSchema(data.kind);
  return { ...data, hash: contentHash({ version, needsTopic, maxTokens, thinkingTokens, prompt, schema }) };
}

function rubricFolder(): string {
  return join(projectRoot(), 'data', 'judge', 'rubrics');
}
