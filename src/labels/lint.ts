import { ConfigError, sha256 } from '../core';
import { textKey } from './near-duplicates';
import type { Label, LabelFormat, LabelSet } from './types';

export type LabelProblemKind =
  | 'empty'
  | 'control-token'
  | 'control-character'
  | 'line-break'
  | 'too-long'
  | 'duplicate';

export interface LabelProblem {
  readonly kind: LabelProblemKind;
  /** The value and wording, or the text itself for a label that has neither yet. */
  readonly label: string;
  readonly message: string;
}

export interface LintOptions {
  /** The tokenizer's special tokens: a label that holds one would end its own turn. */
  readonly specialTokens?: readonly string[];
  /** Longest text allowed, in characters. */
  readonly maxCharacters?: number;
}

/** A label of 300 characters is about 70 tokens, as long as a whole brief: past it the label crowds out the task. */
export const MAX_LABEL_CHARACTERS = 300;

// Turn markers of the common chat templates, refused whichever tokenizer is in use.
const TURN_MARKER = /<\|[^|<>]*\|>|<\/?s>|\[\/?INST\]|<<\/?SYS>>|<(?:start|end)_of_turn>/;

/** What is wrong with a label's text; an empty list if nothing is. */
export function lintLabel(text: string, options: LintOptions = {}, name = JSON.stringify(text)): LabelProblem[] {
  const problems: LabelProblem[] = [];
  const add = (kind: LabelProblemKind, message: string) => problems.push({ kind, label: name, message });
  const limit = options.maxCharacters ?? MAX_LABEL_CHARACTERS;
  if (text.trim() === '') add('empty', 'the text must not be empty');
  const token = options.specialTokens?.find((special) => special !== '' && text.includes(special));
  const marker = token ?? TURN_MARKER.exec(text)?.[0];
  if (marker !== undefined) add('control-token', `the text must hold no control token, got ${JSON.stringify(marker)}`);
  if (/[\r\n\u2028\u2029]/.test(text)) add('line-break', 'the text must be a single line');
  if (/[^\P{C}\r\n]/u.test(text)) add('control-character', 'the text must hold no control or invisible characters');
  if (text.length > limit) add('too-long', `the text must be at most ${limit} characters, got ${text.length}`);
  return problems;
}

/** The problems of every label of a set, and texts that two values share (the model could not tell them apart). */
export function lintLabels(labels: readonly Label[], options: LintOptions = {}): LabelProblem[] {
  const problems = labels.flatMap((label) => lintLabel(label.text, options, label.id));
  const seen = new Map<string, Label>();
  for (const label of labels) {
    const key = textKey(label.text);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, label);
    else
      problems.push({
        kind: 'duplicate',
        label: label.id,
        message: `the text must be its own, got that of ${first.id}`,
      });
  }
  return problems;
}

/** Throws ConfigError with every problem in one message, for example once the tokenizer of a run is known. */
export function assertLabelsClean(set: Pick<LabelSet, 'labels' | 'path'>, options: LintOptions = {}): void {
  const problems = lintLabels(set.labels, options);
  if (problems.length > 0) throw new ConfigError(problemText('assertLabelsClean', problems, set.path));
}

/**
 * A label that was typed by hand, for a quick test of a wording. Its wording is named after its text and, where it has one, its own
 * `format` (`custom-1a2b3c4d`), so that two texts, or one text in two places, are two wordings in every record.
 * Throws ConfigError if the text does not pass the lint.
 */
export function customLabel(
  value: string,
  text: string,
  { format, ...options }: LintOptions & { readonly format?: LabelFormat } = {},
): Label {
  const problems = lintLabel(text, options);
  if (problems.length > 0) throw new ConfigError(problemText('customLabel', problems, 'typed by hand'));
  const own = format ? `${text}\n${format.template}\n${format.placement}\n${format.emphasis}` : text;
  const wording = `custom-${sha256(own).slice(0, 8)}`;
  const label = { id: `${value}/${wording}`, value, text, wording, source: 'Typed by hand.' };
  return format ? { ...label, format } : label;
}

/** The label's text as a table names it, with what is its own of its format: two formats of one text are two names. */
export function labelName({ text, format }: Label): string {
  return format ? `${text} (${format.placement}, ${format.emphasis})` : text;
}

function problemText(where: string, problems: readonly LabelProblem[], from: string): string {
  const list = problems.map((problem) => `${problem.label}: ${problem.message}`).join('; ');
  return `${where}: labels must be single clean lines, got ${problems.length} problem(s) (${from}): ${list}. Change the wording.`;
}
