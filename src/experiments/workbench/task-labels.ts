import { ConfigError } from '../../core';
import { type Label, type LabelFormat, loadLabelSet, suggestibilityScale } from '../../labels';
import { type ResolvedAdditionConfig, resolveAdditionConfig } from '../addition';
import { resolveNewsConfig } from '../news';
import type { TaskName, TaskSettings } from './settings';

/** A label that a task brings, under the name by which it is asked for. */
export interface TaskLabel {
  readonly name: string;
  readonly label: Label;
  /** Whether arms train on it. */
  readonly trained: boolean;
}

/** The labels of a task before any model or tokenizer is read. */
export interface TaskLabels {
  readonly format: LabelFormat;
  /** Those of the default sweep first. */
  readonly labels: readonly TaskLabel[];
  /** How many of them the default sweep has. */
  readonly swept: number;
  /** A label of the task by its name; null if it has none of that name. */
  find(name: string): Label | null;
  /** What names look like, for messages. */
  readonly names: string;
}

/**
 * News: `unbiased` in the wording that the arms train with, `unbiased/name` in another. Sycophancy: a percentage, `7` or `7%`.
 * Throws ConfigError for settings that do not resolve.
 */
export function taskLabels(task: TaskName, settings: TaskSettings): TaskLabels {
  return task === 'news' ? newsLabels(settings) : sycophancyLabels(settings);
}

function newsLabels({ preset, overrides }: TaskSettings): TaskLabels {
  const { config } = resolveNewsConfig(preset as never, overrides as never);
  const set = loadLabelSet(config.labelSet);
  const own = config.wording ?? set.wordings[0];
  const named = (wording: string): TaskLabel[] =>
    set.values.map(({ value, trained }) => ({
      name: wording === own ? value : `${value}/${wording}`,
      label: set.get(value, wording),
      trained: trained && wording === own,
    }));
  const labels = [own, ...set.wordings.filter((wording) => wording !== own)].flatMap(named);
  return {
    format: set.format,
    labels,
    swept: set.values.length,
    find: (name) => labels.find((known) => known.name === name || known.label.id === name)?.label ?? null,
    names: `${set.values.map(({ value }) => value).join(', ')}, each also in the wordings ${set.wordings.join(', ')} (unbiased/name)`,
  };
}

function sycophancyLabels({ preset, overrides }: TaskSettings): TaskLabels {
  const { config } = resolveAdditionConfig(preset as never, overrides as never);
  const scale = suggestibilityScale({ encoding: config.encoding, emphasis: config.emphasis });
  const [low, high] = trainedPercents(config, scale);
  const labels = scale.sweep().map((label): TaskLabel => {
    const percent = scale.percentOf(label) ?? 0;
    return { name: label.text, label, trained: percent >= low && percent <= high };
  });
  return {
    format: scale.format,
    labels,
    swept: labels.length,
    find: (name) => {
      const number = /^(\d+(?:\.\d+)?)%?$/.exec(name);
      if (number) return scale.labelAtPercent(Number(number[1]));
      return labels.find((known) => known.name === name)?.label ?? null;
    },
    names: 'a percentage from 0 to 100 (7 or 7%)',
  };
}

function trainedPercents(
  { trainRange }: ResolvedAdditionConfig['config'],
  scale: ReturnType<typeof suggestibilityScale>,
): readonly [number, number] {
  const [low, high] = trainRange.map((s) => scale.percentOf(scale.label(s)) ?? (100 * s) / scale.high);
  return [low, high];
}

/** Throws ConfigError that names what there is. */
export function unknownLabel(name: string, task: TaskName, own: readonly string[], names: string): ConfigError {
  const session = own.length === 0 ? 'no label of its own yet' : `the session's ${own.join(', ')}`;
  return new ConfigError(
    `Workbench.label: a label must be one of the task's or of the session's, got "${name}" (task ${task}: ${names}; ${session}). Name one of these, or define it with lab.defineLabel or %%label.`,
  );
}
