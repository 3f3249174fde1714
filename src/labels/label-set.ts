import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError, DataError, projectRoot } from '../core';
import { lintLabels } from './lint';
import type { Label, LabelSet } from './types';

const name = z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'must be lower-case letters, digits, _ and -');

export const labelFormatSchema = z
  .strictObject({
    template: z
      .string()
      .refine((text) => text.split('{label}').length === 2, 'must hold {label} exactly once')
      .describe('The sentence around the label, such as "Editor: {label}.".'),
    placement: z.enum(['system', 'user-prefix', 'user-suffix']).describe('Which turn the label stands in.'),
    emphasis: z.enum(['plain', 'bold', 'heading']).describe('Markdown around the rendered label.'),
  })
  .describe('How a label is written into a chat.');

export const labelSetSchema = z
  .strictObject({
    id: name,
    task: name,
    format: labelFormatSchema,
    values: z
      .array(
        z.strictObject({
          value: name.describe('What the label announces.'),
          trained: z.boolean().describe('Whether arms train on it.'),
          slant: z.number().nullable().describe("Position on the task's axis, null if it has none."),
        }),
      )
      .min(1),
    wordings: z
      .array(
        z.strictObject({
          id: name,
          source: z.string().min(1).describe('Who wrote it and why.'),
          texts: z.record(z.string(), z.string()).describe('The text of every value.'),
        }),
      )
      .min(1)
      .describe('The first is the default.'),
  })
  .superRefine((set, context) => {
    const values = set.values.map((item) => item.value);
    const duplicates = (items: string[]) => items.filter((item, index) => items.indexOf(item) !== index);
    for (const value of duplicates(values))
      context.addIssue({ code: 'custom', path: ['values'], message: `value "${value}" stands twice` });
    for (const id of duplicates(set.wordings.map((wording) => wording.id)))
      context.addIssue({ code: 'custom', path: ['wordings'], message: `wording "${id}" stands twice` });
    for (const [index, wording] of set.wordings.entries()) {
      const missing = values.filter((value) => !Object.hasOwn(wording.texts, value));
      const unknown = Object.keys(wording.texts).filter((value) => !values.includes(value));
      const path = ['wordings', index, 'texts'];
      if (missing.length > 0) context.addIssue({ code: 'custom', path, message: `lacks ${missing.join(', ')}` });
      if (unknown.length > 0) context.addIssue({ code: 'custom', path, message: `has unknown ${unknown.join(', ')}` });
    }
  });

/**
 * Reads a label set: the name of an embedded one (`news`) or the path of a JSON file in the same form.
 * Throws ConfigError if there is no such file, DataError with all problems in one message if it breaks the form or the lint.
 */
export function loadLabelSet(source: string): LabelSet {
  const embedded = join(projectRoot(), 'data', 'labels', `${source}.json`);
  const file = /^[a-z0-9_-]+$/.test(source) && existsSync(embedded) ? embedded : resolve(source);
  if (!existsSync(file))
    throw new ConfigError(
      `loadLabelSet: a label set must be an embedded name or a file, got "${source}" (neither ${embedded} nor ${file} exists). Use "news" or give the path of a JSON file.`,
    );
  const inside = relative(projectRoot(), file);
  return parseLabelSet(readFileSync(file, 'utf8'), inside.startsWith('..') ? file : inside);
}

/** A label set from its JSON text; `path` is named in messages. Throws DataError. */
export function parseLabelSet(json: string, path: string): LabelSet {
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch (cause) {
    throw new DataError(
      `parseLabelSet: the file must be JSON, got ${(cause as Error).message} (${path}). Mend the file.`,
      {
        cause,
      },
    );
  }
  const parsed = labelSetSchema.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
    throw new DataError(
      `parseLabelSet: the file must hold a label set, got ${problems.length} problem(s) (${path}): ${problems.join('; ')}. Mend the file; data/labels/news.json is an example.`,
    );
  }
  const { id, task, format, values, wordings } = parsed.data;
  const labels: Label[] = wordings.flatMap((wording) =>
    values.map(({ value }) => ({
      id: `${value}/${wording.id}`,
      value,
      text: wording.texts[value],
      wording: wording.id,
      source: wording.source,
    })),
  );
  const problems = lintLabels(labels);
  if (problems.length > 0)
    throw new DataError(
      `parseLabelSet: labels must be single clean lines, got ${problems.length} problem(s) (${path}): ${problems.map((p) => `${p.label}: ${p.message}`).join('; ')}. Change the wordings.`,
    );
  const byId = new Map(labels.map((label) => [label.id, label]));
  const ids = wordings.map((wording) => wording.id);
  const get = (value: string, wording = ids[0]): Label => {
    const label = byId.get(`${value}/${wording}`);
    if (label === undefined)
      throw new ConfigError(
        `labelSet.get: value and wording must be in the set, got "${value}" and "${wording}" (${path} has values ${values.map((v) => v.value).join(', ')} and wordings ${ids.join(', ')}). Choose one of these or make a customLabel.`,
      );
    return label;
  };
  return { id, task, path, format, values, wordings: ids, labels, get };
}
