import { ConfigError } from '../../core';
import { ADDITION_PRESETS, type AdditionOverrides, type AdditionPreset } from '../addition';
import { NEWS_PRESETS, type NewsOverrides, type NewsPreset } from '../news';
import { type JudgeChoice, judgeText } from './judges';

/** The experiments that a workbench can hold. */
export const TASK_NAMES = ['news', 'sycophancy'] as const;
export type TaskName = (typeof TASK_NAMES)[number];
export type PresetName = NewsPreset | AdditionPreset;

/** One task's settings: what its experiment is opened with. */
export interface TaskSettings {
  readonly preset: PresetName;
  readonly overrides: NewsOverrides | AdditionOverrides;
}

/** The task in use and its settings. */
export interface WorkbenchSettings extends TaskSettings {
  readonly task: TaskName;
  /** Who grades texts; the same for all tasks. */
  readonly judge: JudgeChoice;
}

export type AllSettings = Readonly<Record<TaskName, TaskSettings>>;

/** What to change; what is left out stays. */
export interface UseOptions {
  readonly task?: TaskName;
  /** Begins afresh: overrides made before are dropped. */
  readonly preset?: string;
  readonly model?: string;
  readonly device?: 'auto' | 'cpu' | 'gpu';
  /** The news experiment has one seed. */
  readonly seeds?: readonly number[];
  /** Training steps of each arm. */
  readonly steps?: number;
  /** Who grades texts from now on; replaces the choice made before. */
  readonly judge?: JudgeChoice;
  /** Any other field of the experiment's config. */
  readonly overrides?: NewsOverrides | AdditionOverrides;
}

/** What both experiments open with by default. */
export const FIRST_SETTINGS: AllSettings = {
  news: { preset: 'quick', overrides: {} },
  sycophancy: { preset: 'quick', overrides: {} },
};

export function presetsOf(task: TaskName): readonly PresetName[] {
  return Object.keys(task === 'news' ? NEWS_PRESETS : ADDITION_PRESETS) as PresetName[];
}

/** A task's settings after a change. Throws ConfigError for a preset of another task, or several seeds for news. */
export function changedSettings(task: TaskName, before: TaskSettings, change: UseOptions): TaskSettings {
  const { preset, model, device, seeds, steps, overrides = {} } = change;
  if (preset !== undefined && !(presetsOf(task) as readonly string[]).includes(preset))
    throw new ConfigError(
      `Workbench.use: the preset must be one of ${presetsOf(task).join(', ')}, got "${preset}" (task ${task}). Name one of these.`,
    );
  if (task === 'news' && seeds && seeds.length !== 1)
    throw new ConfigError(
      `Workbench.use: the news experiment trains with one seed, got ${seeds.length} (${seeds.join(', ')}). Name one, and sweep once a seed.`,
    );
  const kept = preset === undefined ? before.overrides : {};
  const own = {
    ...(model === undefined ? {} : { model }),
    ...(device === undefined ? {} : { device }),
  };
  if (task === 'news') {
    const { sft, ...rest } = kept as NewsOverrides;
    const { sft: newSft, ...newRest } = overrides as NewsOverrides;
    const training = { ...sft, ...newSft, ...(steps === undefined ? {} : { maxSteps: steps }) };
    const all = { ...rest, ...newRest, ...own, ...(seeds ? { seed: seeds[0] } : {}) };
    return settings(preset ?? before.preset, Object.keys(training).length > 0 ? { ...all, sft: training } : all);
  }
  const { rl, ...rest } = kept as AdditionOverrides;
  const { rl: newRl, ...newRest } = overrides as AdditionOverrides;
  const training = { ...rl, ...newRl, ...(steps === undefined ? {} : { steps }) };
  const all = { ...rest, ...newRest, ...own, ...(seeds ? { seeds: [...seeds] } : {}) };
  return settings(preset ?? before.preset, Object.keys(training).length > 0 ? { ...all, rl: training } : all);
}

function settings(preset: string, overrides: NewsOverrides | AdditionOverrides): TaskSettings {
  return { preset: preset as PresetName, overrides };
}

/** `news, preset smoke, with sft.maxSteps 4`. */
export function settingsText({ task, preset, overrides, judge }: WorkbenchSettings): string {
  const changed = Object.entries(overrides).flatMap(([field, value]) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.entries(value).map(([inner, x]) => `${field}.${inner} ${JSON.stringify(x)}`)
      : [`${field} ${JSON.stringify(value)}`],
  );
  const by = judge.judge === 'claude' ? `, judged by ${judgeText(judge)}` : '';
  return `${task}, preset ${preset}${changed.length > 0 ? `, with ${changed.join(', ')}` : ''}${by}`;
}
