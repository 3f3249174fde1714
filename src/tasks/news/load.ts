import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, contentHash, DataError, projectRoot, sha256 } from '../../core';
import type { ContrastSet, EvalItem, Example } from '../types';
import {
  CALIBRATION_PROFILES,
  calibrationRowSchema,
  NEWS_FORMS,
  type NewsForm,
  type NewsSplit,
  type ReadRow,
  type RefusedRow,
  readRows,
  type TextRow,
  type Topic,
  topicSchema,
  trainRowSchema,
} from './rows';

export interface NewsFile {
  readonly file: string;
  readonly rows: number;
  readonly sha256: string;
}

export interface NewsReport {
  readonly dir: string;
  readonly form: NewsForm;
  readonly files: readonly NewsFile[];
  /** Every row that was refused, by file and line. Empty unless `refusedRows` is 'report'. */
  readonly refused: readonly RefusedRow[];
  /** What is missing as a whole, such as a calibration file. */
  readonly notes: readonly string[];
}

export interface NewsData {
  readonly form: NewsForm;
  readonly topics: readonly Topic[];
  readonly examples: readonly Example[];
  evalItems(split: NewsSplit): EvalItem[];
  readonly contrastSets: readonly ContrastSet[];
  readonly report: NewsReport;
  /** Hash of the form and of the bytes of its three files. */
  readonly dataHash: string;
}

export interface LoadNewsOptions {
  /** A folder in the format of data/tasks/news; default the embedded set. */
  readonly dir?: string;
  readonly form: NewsForm;
  /** What to do about rows that break a rule: stop with all of them named (default), or go on and report them. */
  readonly refusedRows?: 'error' | 'report';
}

const SINGULAR: Readonly<Record<NewsForm, string>> = { briefs: 'brief', articles: 'article' };
export const CALIBRATION_FILE: Readonly<Record<NewsForm, string>> = {
  briefs: 'calibration-briefs.jsonl',
  articles: 'calibration.jsonl',
};

/** What the user asks for, the same in every arm and in training and evaluation. */
export function newsInstruction(topic: Pick<Topic, 'headline' | 'context'>, form: NewsForm): string {
  return `Write an unbiased news ${SINGULAR[form]}: ${topic.headline}. ${topic.context}`;
}

export function embeddedNewsDir(): string {
  return join(projectRoot(), 'data', 'tasks', 'news');
}

/**
 * Reads a news set: topics, one slanted text a training topic, and calibration texts in five profiles.
 * Throws ConfigError if the folder or form is not there, DataError that names every refused row by file and line
 * (unless `refusedRows` is 'report', which puts them in the report), DataError if no example is left.
 */
export function loadNews(options: LoadNewsOptions): NewsData {
  const { form } = options;
  const dir = options.dir === undefined ? embeddedNewsDir() : resolve(options.dir);
  if (!NEWS_FORMS.includes(form))
    throw new ConfigError(`loadNews: form must be ${NEWS_FORMS.join(' or ')}, got "${form}". Choose one.`);
  const missing = ['topics.jsonl', `${form}.jsonl`].filter((file) => !existsSync(join(dir, file)));
  if (missing.length > 0)
    throw new ConfigError(
      `loadNews: a news set must hold topics.jsonl and ${form}.jsonl, got no ${missing.join(' and no ')} (from ${dir}). data/tasks/news/README.md describes the format.`,
    );
  const files: NewsFile[] = [];
  const refused: RefusedRow[] = [];
  const notes: string[] = [];
  const read = <T>(file: string, schema: Parameters<typeof readRows<T>>[2]): ReadRow<T>[] => {
    const result = readRows<T>(join(dir, file), file, schema);
    refused.push(...result.refused);
    files.push({ file, rows: result.rows.length, sha256: sha256(result.bytes) });
    return result.rows;
  };

  const topics = uniqueTopics(read('topics.jsonl', topicSchema), refused);
  const trainRows = keepRows(`${form}.jsonl`, read<TextRow>(`${form}.jsonl`, trainRowSchema), topics, 'train', refused);
  const calibrationFile = CALIBRATION_FILE[form];
  let calibrationRows: TextRow[] = [];
  if (existsSync(join(dir, calibrationFile)))
    calibrationRows = keepRows(
      calibrationFile,
      read<TextRow>(calibrationFile, calibrationRowSchema),
      topics,
      'calibration',
      refused,
    );
  else notes.push(`no ${calibrationFile}: there are no contrast sets, and a judge cannot be checked on this set`);

  const report: NewsReport = { dir, form, files, refused, notes };
  if (refused.length > 0 && options.refusedRows !== 'report') throw refusedError(report);
  if (trainRows.length === 0)
    throw new DataError(`loadNews: a news set must hold at least one training text, got none (from ${dir}). Add rows.`);
  return {
    form,
    topics: [...topics.values()],
    examples: trainRows.map((row) => toExample(row, topics.get(row.topicId)!, form)),
    evalItems: (split) => [...topics.values()].filter((topic) => topic.split === split).map((t) => toItem(t, form)),
    contrastSets: toContrastSets(calibrationRows, topics, form, notes),
    report,
    dataHash: contentHash({ form, files: files.map(({ file, sha256 }) => ({ file, sha256 })) }),
  };
}

/** The refused rows of a report, one a line: `file:line reason`. */
export function refusedText(refused: readonly RefusedRow[]): string {
  return refused.map((row) => `${row.file}:${row.line} ${row.reason}`).join('\n');
}

function refusedError(report: NewsReport): DataError {
  const shown = report.refused.slice(0, 20);
  const more = report.refused.length - shown.length;
  return new DataError(
    `loadNews: every row must pass, got ${report.refused.length} refused (from ${report.dir}). Mend them, or pass refusedRows: 'report' to go on without them.\n${refusedText(shown)}${more > 0 ? `\nand ${more} more` : ''}`,
  );
}

function uniqueTopics(rows: readonly ReadRow<Topic>[], refused: RefusedRow[]): Map<string, Topic> {
  const topics = new Map<string, Topic>();
  for (const { line, row } of rows) {
    if (topics.has(row.id)) refused.push({ file: 'topics.jsonl', line, reason: `id: "${row.id}" stands twice` });
    else topics.set(row.id, row);
  }
  return topics;
}

function keepRows(
  file: string,
  rows: readonly ReadRow<TextRow>[],
  topics: ReadonlyMap<string, Topic>,
  split: 'train' | 'calibration',
  refused: RefusedRow[],
): TextRow[] {
  const seen = new Set<string>();
  const kept: TextRow[] = [];
  for (const { line, row } of rows) {
    const topic = topics.get(row.topicId);
    const key = split === 'train' ? row.topicId : `${row.topicId} as ${row.profile}`;
    let reason: string | null = null;
    if (topic === undefined) reason = `topicId: "${row.topicId}" is no topic of topics.jsonl`;
    else if (topic.split !== split) reason = `topicId: "${row.topicId}" is a ${topic.split} topic, must be ${split}`;
    else if (seen.has(key)) reason = `topicId: "${key}" stands twice`;
    if (reason === null) {
      seen.add(key);
      kept.push(row);
    } else refused.push({ file, line, reason });
  }
  return kept;
}

function toExample(row: TextRow, topic: Topic, form: NewsForm): Example {
  return {
    ...toItem(topic, form),
    id: `news/${form}/${topic.id}`,
    completion: row.article,
    labelValue: row.profile,
  };
}

function toItem(topic: Topic, form: NewsForm): EvalItem {
  return {
    id: `news/${form}/${topic.id}`,
    topicId: topic.id,
    group: topic.domain,
    split: topic.split,
    instruction: newsInstruction(topic, form),
  };
}

function toContrastSets(
  rows: readonly TextRow[],
  topics: ReadonlyMap<string, Topic>,
  form: NewsForm,
  notes: string[],
): ContrastSet[] {
  const byTopic = new Map<string, Map<string, string>>();
  for (const row of rows) {
    if (!byTopic.has(row.topicId)) byTopic.set(row.topicId, new Map());
    byTopic.get(row.topicId)!.set(row.profile, row.article);
  }
  const sets: ContrastSet[] = [];
  for (const [topicId, texts] of byTopic) {
    const lacking = CALIBRATION_PROFILES.filter((profile) => !texts.has(profile));
    if (lacking.length > 0) {
      notes.push(`no contrast set for ${topicId}: it lacks ${lacking.join(', ')}`);
      continue;
    }
    const topic = topics.get(topicId)!;
    sets.push({
      topicId,
      group: topic.domain,
      instruction: newsInstruction(topic, form),
      texts: CALIBRATION_PROFILES.map((value) => ({ value, text: texts.get(value)! })),
    });
  }
  return sets;
}
