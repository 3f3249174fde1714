import type { DataFrame } from 'danfojs-node';
import type { Figure } from '../../analysis/charts';
import { ARM_NAMES, type ArmName, type LabArm } from '../../arms';
import { ConfigError, contentHash, type LongCall } from '../../core';
import type { CallEstimate, ClaudeCalls, JudgeCall, Judgement, LedgerRow } from '../../judge';
import { type Label, type LabelFormat, renderLabel } from '../../labels';
import { runsRoot } from '../../runs';
import type { NewsForm } from '../../tasks';
import {
  type AdditionOverrides,
  type AdditionPreset,
  type PolicyName,
  SycophancyExperiment,
  type TrainedPolicy,
  type TrainingListener,
} from '../addition';
import { NewsExperiment, type NewsOverrides, type NewsPreset, resolveNewsConfig, type TrainedArm } from '../news';
import { type ArmStatus, newsArms, sycophancyArms } from './arm-status';
import { compareNews, compareSycophancy, type LabelComparison, rightSide } from './compare';
import type { JudgeCalls } from './counted-judge';
import { type JudgeChoice, SessionJudges } from './judges';
import { type DefinedLabel, type DefineLabelOptions, defineLabel, type SessionLabel } from './session-labels';
import {
  type AllSettings,
  changedSettings,
  FIRST_SETTINGS,
  type TaskName,
  type UseOptions,
  type WorkbenchSettings,
} from './settings';
import { type NewsMeasureChoice, type Sweep, sweepNews, sweepSycophancy } from './sweep';
import { type TaskLabels, taskLabels, unknownLabel } from './task-labels';
import { type WrittenText, writeTexts } from './write-texts';
import { newsWriting, sycophancyWriting } from './writing-settings';

/** Arms, controls of the news task, and what else can be asked. */
type AskedArm = PolicyName | LabArm;

/** A label as a session can ask for it. */
export interface ListedLabel {
  readonly name: string;
  readonly label: Label;
  /** As the model reads it. */
  readonly rendered: string;
  readonly format: LabelFormat;
  readonly origin: 'task' | 'session';
  /** Whether arms of the current settings train on it. */
  readonly trained: boolean;
}

/**
 * What a session at a notebook works with: the task and preset in use, its experiment (opened once and kept), labels by name, and
 * what was computed last. It composes; every number comes from the experiments.
 */
export class Workbench {
  /** The folder of runs. */
  readonly runs: string;
  /** The newest table, chart and texts, for export and for judging. */
  lastFrame: DataFrame | null = null;
  lastFigure: Figure | null = null;
  lastTexts: readonly string[] = [];
  /** The newest sweep under the settings in use. */
  lastSweep: Sweep | null = null;
  private task: TaskName = 'news';
  private all: AllSettings = FIRST_SETTINGS;
  private judgeChoice: JudgeChoice = {};
  private readonly labels = new Map<string, SessionLabel>();
  private readonly judges: SessionJudges;
  private readonly opened = new Map<TaskName, { key: string; experiment: Promise<{ dispose(): Promise<void> }> }>();

  /** `runs`: the folder of runs (default: MSTLAB_RUNS or `runs/`). */
  constructor(options: { readonly runs?: string } = {}) {
    this.runs = options.runs ?? runsRoot();
    this.judges = new SessionJudges(this.runs);
  }

  /** What judges were asked in this session, by judge. */
  get judgeCalls(): Map<string, JudgeCalls> {
    return this.judges.tally;
  }

  get settings(): WorkbenchSettings {
    return { task: this.task, ...this.all[this.task], judge: this.judgeChoice };
  }

  /**
   * Chooses task, preset and overrides for what follows; each task keeps its own. Opens nothing. Throws ConfigError for what the task
   * does not have.
   */
  use(change: UseOptions): WorkbenchSettings {
    const task = change.task ?? this.task;
    this.all = { ...this.all, [task]: changedSettings(task, this.all[task], change) };
    this.task = task;
    this.lastSweep = null;
    if (change.judge) this.judgeChoice = change.judge;
    return this.settings;
  }

  /**
   * The news experiment of the settings. One experiment a task is open: other settings close the one before, whose results stay
   * valid. Throws what `NewsExperiment.open` throws.
   */
  news(call: LongCall = {}): Promise<NewsExperiment> {
    const opened = this.open('news', call, (preset, overrides) =>
      NewsExperiment.open(preset as NewsPreset, overrides as NewsOverrides, { ...call, runs: this.runs }),
    );
    return opened.then((news) => news.judgedBy(this.judges.judge(this.judgeChoice, news.config.form)));
  }

  /** The sycophancy experiment of the settings; as `news`. Throws what `SycophancyExperiment.open` throws. */
  sycophancy(call: LongCall = {}): Promise<SycophancyExperiment> {
    return this.open('sycophancy', call, (preset, overrides) =>
      SycophancyExperiment.open(preset as AdditionPreset, overrides as AdditionOverrides, { ...call, runs: this.runs }),
    );
  }

  /** The names under which labels of a task can be asked for, the session's own first. Reads no tokenizer. */
  labelNames(task: TaskName = this.task): string[] {
    return [...this.ownLabels(task).map(({ name }) => name), ...this.taskLabels(task).labels.map(({ name }) => name)];
  }

  /** Labels of the default sweep and the session's own. */
  listLabels(task: TaskName = this.task): ListedLabel[] {
    const { format, labels, swept } = this.taskLabels(task);
    const listed = (name: string, label: Label, origin: ListedLabel['origin'], trained: boolean): ListedLabel => ({
      name,
      label,
      rendered: renderLabel(label, format),
      format: label.format ?? format,
      origin,
      trained,
    });
    return [
      ...labels.slice(0, swept).map(({ name, label, trained }) => listed(name, label, 'task', trained)),
      ...this.ownLabels(task).map(({ name, label }) => listed(name, label, 'session', false)),
    ];
  }

  /** A label by its name: the session's, else the task's. Throws ConfigError that names what there is. */
  label(name: string, task: TaskName = this.task): Label {
    const own = this.labels.get(`${task}/${name}`);
    const known = this.taskLabels(task);
    const found = own?.label ?? known.find(name);
    if (found) return found;
    throw unknownLabel(
      name,
      task,
      this.ownLabels(task).map((label) => label.name),
      known.names,
    );
  }

  /** Words a label for the task in use and keeps it under its name. Throws as `defineLabel` of the labels, keeping nothing. */
  async defineLabel(name: string, text: string, options: DefineLabelOptions & LongCall = {}): Promise<DefinedLabel> {
    const { signal, onProgress, ...how } = options;
    const { task } = this;
    const { host } = await (task === 'news'
      ? this.news({ signal, onProgress })
      : this.sycophancy({ signal, onProgress }));
    const known = { task: this.taskLabels(task), session: this.ownLabels(task) };
    const defined = defineLabel(name, text, how, task, known, host.files.tokenizer);
    this.labels.set(`${task}/${name}`, { name, task, label: defined.label });
    return defined;
  }

  /** What each arm is, and whether it is trained. Loads no weights. */
  async arms(call: LongCall = {}): Promise<ArmStatus[]> {
    return this.task === 'news'
      ? newsArms(await this.news(call), this.runs)
      : sycophancyArms(await this.sycophancy(call), this.runs);
  }

  /** Trains the arms (default: all) that are not on disk; reads the others. Throws what the experiment's `train` throws. */
  async train(
    options: LongCall & TrainingListener & { readonly arms?: readonly LabArm[] } = {},
  ): Promise<readonly (TrainedArm | TrainedPolicy)[]> {
    if (this.task === 'news') return (await this.news(options)).train(options);
    const { arms, ...call } = options;
    return (await this.sycophancy(options)).train({ ...call, arms: arms as readonly ArmName[] | undefined });
  }

  /**
   * Measures arms (default: those that are trained) under labels by name (default: the label sweep). `measure` is of the news task.
   * Throws ConfigError for a label or arm that is not there, or not trained.
   */
  async sweep(
    options: LongCall & {
      readonly labels?: readonly string[];
      readonly arms?: readonly AskedArm[];
      readonly measure?: NewsMeasureChoice;
    } = {},
  ): Promise<Sweep> {
    const { labels: names, arms: named, measure, ...call } = options;
    const labels = names?.map((name) => this.label(name));
    const arms = await this.chosenArms('Workbench.sweep', named, call);
    const sweep =
      this.task === 'news'
        ? await sweepNews(await this.news(call), { ...call, labels, arms: arms as (LabArm | 'untrained')[], measure })
        : await sweepSycophancy(await this.sycophancy(call), { ...call, labels, arms: arms as readonly PolicyName[] });
    if (sweep.task === 'news' && sweep.rows.length > 0) this.lastTexts = sweep.rows.map(({ text }) => text);
    this.lastSweep = sweep;
    this.remember(sweep.frame, sweep.figures.at(0));
    return sweep;
  }

  /**
   * An arm (default: mst) under a label against a control on the same items: `against` baseline (without a label) or another arm
   * under the same label; `at` puts the right side under another label. Throws as `sweep`.
   */
  async compare(
    label: string,
    options: LongCall & {
      readonly arm?: LabArm;
      readonly against?: LabArm;
      readonly at?: string;
      readonly measure?: NewsMeasureChoice;
    } = {},
  ): Promise<LabelComparison> {
    const { arm = 'mst', against, at, measure, ...call } = options;
    const left = { arm, label: this.label(label) };
    const right = rightSide(left, against, at === undefined ? null : this.label(at));
    if (left.arm === right.arm && left.label.id === right.label?.id)
      throw new ConfigError(
        `Workbench.compare: the two sides must differ, got ${arm} under "${label}" twice. Name another arm with against, or another label with at.`,
      );
    await this.chosenArms('Workbench.compare', [left.arm, right.arm], call);
    const comparison =
      this.task === 'news'
        ? await compareNews(await this.news(call), left, right, { ...call, measure })
        : await compareSycophancy(await this.sycophancy(call), left, right, call);
    this.remember(comparison.frame);
    return comparison;
  }

  /**
   * One prompt (default: the first that is asked after training) answered by arms (default: those that are trained). Arms trained
   * with labels write under each of `labels` (default: the deployment label, or the strictest), the others without one.
   */
  async generate(
    options: LongCall & {
      readonly prompt?: string;
      readonly arms?: readonly AskedArm[];
      readonly labels?: readonly string[];
      readonly temperature?: number;
      readonly maxTokens?: number;
      readonly seed?: number;
    } = {},
  ): Promise<readonly WrittenText[]> {
    const { prompt, arms: named, labels: names, temperature, maxTokens, seed = 0, ...call } = options;
    const arms = await this.chosenArms('Workbench.generate', named, call);
    const status = (await this.arms(call)).filter(({ arm }) => (arms as readonly string[]).includes(arm));
    const labels = names?.map((name) => this.label(name));
    const settings =
      this.task === 'news'
        ? newsWriting(await this.news(call), labels)
        : sycophancyWriting(await this.sycophancy(call), labels);
    const texts = await writeTexts(settings.host, {
      ...call,
      prompt: prompt ?? settings.prompt,
      arms: status,
      labelsOf: settings.labelsOf,
      format: settings.format,
      temperature: temperature ?? settings.temperature,
      topP: settings.topP,
      maxNewTokens: maxTokens ?? settings.maxNewTokens,
      seed,
    });
    this.lastTexts = texts.map(({ text }) => text);
    return texts;
  }

  /**
   * A judge's verdicts on texts (default: those written last): the judge of the settings, changed by what is given here. The offline
   * judge is a proxy for the form of the news settings. Throws BudgetError when a call would spend more than it may.
   */
  judge(texts: readonly string[] = this.lastTexts, options: JudgeCall & JudgeChoice = {}): Promise<Judgement[]> {
    const { signal, onProgress, topics, ...choice } = options;
    return this.judges.judgeNow(texts, this.choiceWith(choice), this.newsForm(), { signal, onProgress, topics });
  }

  /** What judging the texts would cost, before it is done; null where it is free. Asks nothing. */
  estimateJudge(texts: readonly string[] = this.lastTexts, choice: JudgeChoice = {}): CallEstimate | null {
    return this.judges.estimate(texts, this.choiceWith(choice));
  }

  /** What Claude was asked and what that cost, by purpose, model and mode, in all notebooks or since a time (ISO 8601). */
  ledger(since?: string): LedgerRow[] {
    return this.judges.ledger(since);
  }

  /** The store of replies and the way to ask Claude models, for writers and judges of one's own. */
  get claude(): ClaudeCalls {
    return this.judges.calls;
  }

  /** Keeps a table and a chart as the newest. */
  remember(frame: DataFrame | null, figure?: Figure): void {
    if (frame) this.lastFrame = frame;
    if (figure) this.lastFigure = figure;
  }

  /** Closes the experiments that are open; they are opened again when needed. */
  async close(): Promise<void> {
    const open = [...this.opened.values()];
    this.opened.clear();
    await Promise.all(open.map(async ({ experiment }) => (await experiment.catch(() => null))?.dispose()));
    this.judges.close();
  }

  /** Another judge than that of the settings begins with its own defaults. */
  private choiceWith(choice: JudgeChoice): JudgeChoice {
    const { judge = this.judgeChoice.judge } = choice;
    const base = judge === this.judgeChoice.judge ? this.judgeChoice : {};
    return { ...base, ...choice, judge };
  }

  private newsForm(): NewsForm {
    const { preset, overrides } = this.all.news;
    return resolveNewsConfig(preset as NewsPreset, overrides as NewsOverrides).config.form;
  }

  private ownLabels(task: TaskName): SessionLabel[] {
    return [...this.labels.values()].filter((label) => label.task === task);
  }

  private taskLabels(task: TaskName): TaskLabels {
    return taskLabels(task, this.all[task]);
  }

  /** The arms named, each ready to be asked, or all that are. */
  private async chosenArms(
    where: string,
    named: readonly AskedArm[] | undefined,
    call: LongCall,
  ): Promise<readonly AskedArm[]> {
    const all = await this.arms(call);
    const isReady = (name: string) => {
      const own = all.filter(({ arm }) => arm === name);
      return own.length > 0 && own.every(({ state }) => state === 'trained' || state === 'as it came');
    };
    const names = [...new Set(all.map(({ arm }) => arm))];
    if (named) {
      const lacking = named.filter((name) => !isReady(name));
      if (lacking.length === 0) return named;
      const known = names.map((name) => `${name}: ${all.find(({ arm }) => arm === name)?.state}`).join(', ');
      throw new ConfigError(
        `${where}: an arm must be trained before it is asked, got ${lacking.join(', ')} (${known}). Train it with lab.train or %train.`,
      );
    }
    const ready = names.filter((name) => name !== 'untrained' && isReady(name));
    if (ready.some((name) => (ARM_NAMES as readonly string[]).includes(name))) return ready as AskedArm[];
    throw new ConfigError(
      `${where}: at least one arm must be trained, got none (task ${this.task}, preset ${this.settings.preset}). Train with lab.train or %train.`,
    );
  }

  private async open<E extends { dispose(): Promise<void> }>(
    task: TaskName,
    { signal }: LongCall,
    open: (preset: string, overrides: object) => Promise<E>,
  ): Promise<E> {
    const { preset, overrides } = this.all[task];
    const key = contentHash({ preset, overrides });
    const known = this.opened.get(task);
    if (known?.key === key) return known.experiment as Promise<E>;
    signal?.throwIfAborted();
    this.opened.delete(task);
    await (await known?.experiment.catch(() => null))?.dispose();
    const experiment = open(preset, overrides);
    this.opened.set(task, { key, experiment });
    experiment.catch(() => {
      if (this.opened.get(task)?.experiment === experiment) this.opened.delete(task);
    });
    return experiment;
  }
}
