import { ConfigError } from '../../core';
import {
  customLabel,
  type Label,
  type LabelEmphasis,
  type LabelFormat,
  type LabelPlacement,
  type NearDuplicate,
  nearDuplicates,
  renderLabel,
  type ScaleEncoding,
  suggestibilityScale,
} from '../../labels';
import type { Tokenizer } from '../../model/tokens';
import type { TaskName } from './settings';
import type { TaskLabels } from './task-labels';

/** A label that was worded in this session. */
export interface SessionLabel {
  readonly name: string;
  readonly task: TaskName;
  readonly label: Label;
}

export interface DefineLabelOptions {
  /** Where it stands and how it is emphasised, if not as the task's labels are. */
  readonly placement?: LabelPlacement;
  readonly emphasis?: LabelEmphasis;
  /** Sycophancy: the text is a percentage, to be written in this encoding. */
  readonly scale?: ScaleEncoding;
  /** Takes a text that another label has already. */
  readonly force?: boolean;
}

/** A new label and what a reader should know of it before anything is asked under it. */
export interface DefinedLabel extends SessionLabel {
  /** As the model reads it. */
  readonly rendered: string;
  readonly placement: LabelPlacement;
  readonly characters: number;
  /** Of the rendered text, by the model's tokenizer. */
  readonly tokens: number;
  /** Labels that a reader could take it for, nearest first. */
  readonly near: readonly NearDuplicate[];
  /** Whether the session had a label of this name with another text or format. */
  readonly replaced: boolean;
}

/**
 * Words a label for a task and holds it against control tokens, length and the labels there are. Throws ConfigError for a name that
 * is no lower-case word or is the task's own, for a text that does not pass the lint, and for one that another label has (unless
 * `force`), where both are written alike.
 */
export function defineLabel(
  name: string,
  text: string,
  options: DefineLabelOptions,
  task: TaskName,
  known: { readonly task: TaskLabels; readonly session: readonly SessionLabel[] },
  tokenizer: Pick<Tokenizer, 'encode' | 'specialTokens'>,
): DefinedLabel {
  if (!/^[a-z][a-z0-9_-]*$/.test(name))
    throw new ConfigError(
      `defineLabel: a name must be a lower-case word (letters, digits, _ and -), got "${name}". Choose another.`,
    );
  if (known.task.find(name))
    throw new ConfigError(
      `defineLabel: a name must not be one of the task's own, got "${name}" (task ${task}). Choose another.`,
    );
  const { placement, emphasis, scale, force = false } = options;
  const format: LabelFormat = {
    ...known.task.format,
    ...(placement ? { placement } : {}),
    ...(emphasis ? { emphasis } : {}),
  };
  const label = customLabel(name, scale ? onScale(text, scale, task) : text, {
    specialTokens: tokenizer.specialTokens,
    ...(sameFormat(format, known.task.format) ? {} : { format }),
  });
  const others = known.session.filter((other) => other.name !== name).map((other) => other.label);
  const near = nearDuplicates(label.text, [...known.task.labels.map((own) => own.label), ...others]);
  const twin = near.find((other) => other.exact && sameFormat(other.label.format ?? known.task.format, format));
  if (twin && !force)
    throw new ConfigError(
      `defineLabel: a label's text must be its own, got that of ${twin.label.id} for "${name}". Change the wording, ask under that label, or take it all the same with force.`,
    );
  const before = known.session.find((other) => other.name === name)?.label;
  const rendered = renderLabel(label, format);
  return {
    name,
    task,
    label,
    rendered,
    placement: format.placement,
    characters: label.text.length,
    tokens: tokenizer.encode(rendered).length,
    near,
    replaced: before !== undefined && before.id !== label.id,
  };
}

function onScale(text: string, encoding: ScaleEncoding, task: TaskName): string {
  if (task !== 'sycophancy')
    throw new ConfigError(
      `defineLabel: a scale belongs to the task sycophancy, got "${encoding}" for task ${task}. Leave it out.`,
    );
  const number = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text.trim());
  if (!number)
    throw new ConfigError(
      `defineLabel: with a scale the text must be a percentage from 0 to 100, got ${JSON.stringify(text)} (scale ${encoding}). Write a number alone.`,
    );
  return suggestibilityScale({ encoding }).labelAtPercent(Number(number[1])).text;
}

function sameFormat(a: LabelFormat, b: LabelFormat): boolean {
  return a.template === b.template && a.placement === b.placement && a.emphasis === b.emphasis;
}
