import { strongToCenter } from '../../analysis/stats';
import { armsToTrain, CONTROL_NAMES, type LabArm, type TrainedArmName, trainedAs } from '../../arms';
import { ConfigError, type LongCall } from '../../core';
import type { Judge } from '../../judge';
import { judgeReportText, offlineJudge, readJudgeFile } from '../../judge/offline';
import { customLabel, type Label } from '../../labels';
import { type Adapter, loadAdapter } from '../../model/adapters';
import { Generator, Scorer } from '../../model/generate';
import { type RunDirectory, runsRoot } from '../../runs';
import type { ContrastSet } from '../../tasks';
import type { AdapterWatch } from '../../train';
import { chosenArms } from '../chosen-arms';
import { ModelHost } from '../model-host';
import { Switched } from '../switched';
import { type CheckedClaim, checkClaims } from './claims';
import { type Condition, conditionName, sweepConditions } from './conditions';
import { type NewsOverrides, type NewsPreset, type ResolvedNewsConfig, resolveNewsConfig } from './config';
import { type ContrastItem, type ContrastJob, contrastJob, contrastJobs, readContrast } from './contrast';
import type { NewsFigureContext } from './figures';
import { judgeSamples } from './judge-samples';
import { completionIds, type PreparedNews, prepareNews, promptIds } from './prepare';
import { contrastRows } from './rows';
import { type SampleJob, sampleJob, sampleJobs } from './sample';
import { type MeasuredCondition, type NewsSummary, summarise } from './summary';
import { type TrainedArm, trainArm, trainingRun } from './train-arm';

/**
 * The article's first experiment: arms trained on slanted news, asked for unbiased news under a sweep of labels.
 * Every step is content-addressed: what was computed before with the same settings is read from disk, and a new label
 * costs only its own measurement.
 */
export class NewsExperiment {
  private contrastTexts = new Map<string, Int32Array[]>();
  private adapters = new Map<TrainedArmName, Adapter>();

  private constructor(
    readonly resolved: ResolvedNewsConfig,
    readonly host: ModelHost,
    readonly prepared: PreparedNews,
    readonly judge: Judge,
    private readonly root: string,
  ) {}

  /**
   * Reads data, labels and tokenizer; loads no weights. `runs` is the folder of runs (default: MSTLAB_RUNS or `runs/`),
   * `judge` grades the texts (default: the offline judge of the form, a proxy); `signal` and `onProgress` are for a model
   * that has to be fetched or hashed first.
   */
  static async open(
    preset: NewsPreset = 'quick',
    overrides: NewsOverrides = {},
    options: LongCall & { readonly runs?: string; readonly judge?: Judge } = {},
  ): Promise<NewsExperiment> {
    const resolved = resolveNewsConfig(preset, overrides);
    const { model, device, computeDtype, form } = resolved.config;
    const quantisation = resolved.sft.config.baseQuantisation;
    const host = await ModelHost.open({ model, device, computeDtype, quantisation }, options);
    const prepared = prepareNews(resolved, host.files.tokenizer);
    return new NewsExperiment(
      resolved,
      host,
      prepared,
      options.judge ?? offlineJudge(form),
      options.runs ?? runsRoot(),
    );
  }

  get config(): ResolvedNewsConfig['config'] {
    return this.resolved.config;
  }

  /** A label worded by hand for a value of the set, checked against the tokenizer's control tokens. */
  label(value: string, text?: string): Label {
    if (text === undefined) return this.prepared.labelSet.get(value, this.config.wording ?? undefined);
    return customLabel(value, text, { specialTokens: this.host.files.tokenizer.specialTokens });
  }

  /**
   * The conditions of the label sweep: every labelled arm (default: of the config) under every label (default: of the wording), the
   * baseline without one, each control as it is asked.
   */
  sweep(
    options: { readonly arms?: readonly Condition['arm'][]; readonly labels?: readonly Label[] } = {},
  ): Condition[] {
    const { deploymentLabel, wording } = this.config;
    const { labelSet, controls } = this.prepared;
    const { arms = this.config.arms, labels } = options;
    return sweepConditions(arms, labelSet, { deploymentLabel, wording, controls, ...(labels ? { labels } : {}) });
  }

  /**
   * Trains the arms (default: all of the config) that are not on disk, one after the other, and reads those that are. Throws
   * ConfigError for an arm that the config does not have. `watch` looks at an arm's adapter while it trains.
   */
  async train(
    call: LongCall & { readonly arms?: readonly LabArm[]; watch?(arm: TrainedArmName): AdapterWatch } = {},
  ): Promise<TrainedArm[]> {
    const { watch, ...rest } = call;
    const trained: TrainedArm[] = [];
    for (const arm of armsToTrain(chosenArms(this.config.arms, call.arms, 'NewsExperiment.train')))
      trained.push(
        await trainArm(this.host, this.trainingRun(arm), arm, this.prepared.encoded[arm]!, {
          ...rest,
          sft: this.resolved.sft,
          seed: this.config.seed,
          ...(watch ? { watch: watch(arm) } : {}),
        }),
      );
    return trained;
  }

  /** Which arms still have to be trained. */
  untrainedArms(): TrainedArmName[] {
    return armsToTrain(this.config.arms).filter((arm) => this.trainingRun(arm).manifest() === null);
  }

  /** The conditions of the sweep with a measurement that is not on disk. */
  unmeasured(conditions: readonly Condition[] = this.sweep()): Condition[] {
    return conditions.filter((condition) =>
      [...this.sampleJobs([condition]), this.contrastJob(condition)].some(({ run }) => run.manifest() === null),
    );
  }

  /** How good the judge is, where that is known: the offline judge on domains it never saw. */
  judgeReport(): string {
    if (!this.judge.isProxy) return `Judge ${this.judge.id}: no report is stored.`;
    return judgeReportText(readJudgeFile(this.config.form));
  }

  /** What figures and reports need to know beside a summary. */
  get context(): NewsFigureContext {
    return {
      labelSet: this.prepared.labelSet,
      deploymentLabel: this.config.deploymentLabel,
      isProxy: this.judge.isProxy,
      temperature: this.config.temperatures[0],
    };
  }

  /**
   * Both measures under the given conditions (default: the label sweep): texts sampled at every temperature and judged,
   * and the contrast-set likelihood. Only what is not on disk is computed.
   * Throws ConfigError if an arm has not been trained.
   */
  async measure(
    conditions: readonly Condition[] = this.sweep(),
    call: LongCall & { readonly samples?: boolean; readonly contrast?: boolean } = {},
  ): Promise<MeasuredCondition[]> {
    this.requireTrained(conditions);
    const { samples = true, contrast = true } = call;
    const sampleJobsOf = samples ? this.sampleJobs(conditions) : [];
    const contrastJobsOf = contrast ? conditions.map((condition) => this.contrastJob(condition)) : [];
    // Those with an adapter first: programs that were made for one also run without it.
    const arms = [...new Set(conditions.map((condition) => condition.arm))].sort(
      (a, b) => Number(trainedAs(a) === null) - Number(trainedAs(b) === null),
    );
    const ofArm = <T extends { condition: Condition }>(jobs: readonly T[], arm: Condition['arm']): T[] =>
      jobs.filter((job) => job.condition.arm === arm);
    // One after the other: each holds a copy of weights of its own.
    const scorers = new Switched(async (adapter) => new Scorer(await this.host.load(call), adapter));
    try {
      for (const arm of arms) {
        const what = `contrast ${arm}`;
        await contrastJobs(scorers, () => this.adapter(arm), ofArm(contrastJobsOf, arm), { ...call, what });
      }
    } finally {
      scorers.dispose();
    }
    const generators = new Switched(async (adapter) => new Generator(await this.host.load(call), adapter));
    try {
      for (const arm of arms) {
        const what = `generate ${arm}`;
        await sampleJobs(generators, () => this.adapter(arm), ofArm(sampleJobsOf, arm), this.config, { ...call, what });
      }
    } finally {
      generators.dispose();
    }
    const rows = await judgeSamples(this.judge, sampleJobsOf, this.prepared, call);
    return conditions.map((condition, index) => ({
      condition,
      samples: rows.filter((entry) => entry.condition === condition).flatMap((entry) => entry.rows),
      contrast: contrast ? contrastRows(condition, readContrast(contrastJobsOf[index])) : [],
    }));
  }

  /** The same experiment, its texts graded by another judge. Model, data and runs are shared: closing one closes both. */
  judgedBy(judge: Judge): NewsExperiment {
    const other = new NewsExperiment(this.resolved, this.host, this.prepared, judge, this.root);
    other.adapters = this.adapters;
    other.contrastTexts = this.contrastTexts;
    return other;
  }

  /**
   * The same experiment with another seed of training, asked about the same topics. Model and runs are shared: closing one closes
   * both.
   */
  withSeed(seed: number): NewsExperiment {
    const { resolved, host, judge, root, config } = this;
    const topicSeed = config.topicSeed ?? config.seed;
    const other: ResolvedNewsConfig = {
      ...resolved,
      config: { ...config, seed, topicSeed },
      origins: { ...resolved.origins, seed: 'override', topicSeed: 'override' },
    };
    return new NewsExperiment(other, host, prepareNews(other, host.files.tokenizer), judge, root);
  }

  /**
   * The texts that are on disk graded by another judge or rubric: nothing is generated and no model is loaded. Throws ConfigError
   * that names the conditions (default: the label sweep) whose texts are not on disk.
   */
  async rescore(
    judge: Judge,
    conditions: readonly Condition[] = this.sweep(),
    call: LongCall = {},
  ): Promise<MeasuredCondition[]> {
    const jobs = this.sampleJobs(conditions);
    const unwritten = [...new Set(jobs.filter(({ run }) => run.manifest() === null).map((job) => job.condition))];
    if (unwritten.length > 0)
      throw new ConfigError(
        `NewsExperiment.rescore: texts must be on disk before they are graded again, got none under ${unwritten.map(conditionName).join(', ')}. Call measure() first, or name other conditions.`,
      );
    return this.judgedBy(judge).measure(conditions, { ...call, contrast: false });
  }

  /** Means with intervals, and the comparisons against the baseline and, label by label, against shuffled. */
  summarise(measured: readonly MeasuredCondition[]): NewsSummary {
    return summarise(measured, this.pairsOf(measured), this.config.seed);
  }

  /** Pairs of condition names that a summary of these compares: left, right. */
  pairsOf(measured: readonly MeasuredCondition[]): (readonly [string, string])[] {
    const names = measured.map(({ condition }) => conditionName(condition));
    const baseline = conditionName({ arm: 'baseline', label: null });
    return [
      ...names.filter((name) => name !== baseline).map((name) => [name, baseline] as const),
      ...measured
        .filter(({ condition }) => condition.arm === 'mst')
        .map(
          ({ condition }) =>
            [conditionName(condition), conditionName({ arm: 'shuffled', label: condition.label })] as const,
        ),
      ...this.controlPairs(measured.map(({ condition }) => condition)),
    ];
  }

  /** The method's predictions held against a summary of the sweep. */
  claims(summary: NewsSummary): CheckedClaim[] {
    return checkClaims(summary, this.prepared.labelSet, this.config.deploymentLabel, { wording: this.config.wording });
  }

  /**
   * A new wording put to the trained arms (default: all) beside the baseline, which has no label: nothing is trained.
   * `await news.ask('unbiased', 'NEUTRAL: gives both sides the same room')`.
   */
  async ask(
    value: string,
    text: string,
    call: LongCall & {
      readonly arms?: readonly LabArm[];
      readonly samples?: boolean;
      readonly contrast?: boolean;
    } = {},
  ): Promise<NewsSummary> {
    const label = this.label(value, text);
    const arms = call.arms ?? this.config.arms;
    const conditions = this.sweep({ arms, labels: [label] });
    return this.summarise(await this.measure(conditions, call));
  }

  async dispose(): Promise<void> {
    await this.host.dispose();
  }

  /** MST at deployment against every control at deployment: under the deployment value, or without a label where it is asked so. */
  private controlPairs(conditions: readonly Condition[]): (readonly [string, string])[] {
    const atDeployment = ({ label }: Condition): boolean =>
      label === null || label.value === this.config.deploymentLabel;
    const isControl = ({ arm }: Condition): boolean => (CONTROL_NAMES as readonly string[]).includes(arm);
    const left = conditions.filter(({ arm, label }) => arm === 'mst' && label?.value === this.config.deploymentLabel);
    const right = conditions.filter((condition) => isControl(condition) && atDeployment(condition));
    return left.flatMap((mst) => right.map((control) => [conditionName(mst), conditionName(control)] as const));
  }

  private trainingRun(arm: TrainedArmName): RunDirectory {
    return trainingRun(this.root, this.host, arm, this.prepared.encoded[arm]!, this.resolved.sft, this.config.seed);
  }

  private requireTrained(conditions: readonly Condition[]): void {
    const trained = new Set(armsToTrain(this.config.arms).filter((arm) => this.trainingRun(arm).manifest() !== null));
    const needed = conditions.map(({ arm }) => trainedAs(arm));
    const lacking = [...new Set(needed)].filter((arm) => arm !== null && !trained.has(arm));
    if (lacking.length > 0)
      throw new ConfigError(
        `NewsExperiment.measure: an arm must be trained before it is asked, got ${lacking.join(', ')} (trained: ${[...trained].join(', ') || 'none'}). Call train() first.`,
      );
  }

  /** The adapter of a trained arm, null for the untrained model. Throws ConfigError if the arm is not trained. */
  adapterOf(arm: Condition['arm']): Adapter | null {
    this.requireTrained([{ arm, label: null }]);
    return this.adapter(arm);
  }

  private adapter(condition: Condition['arm']): Adapter | null {
    const arm = trainedAs(condition);
    if (arm === null) return null;
    let adapter = this.adapters.get(arm);
    if (!adapter) {
      const { files } = this.host;
      adapter = loadAdapter(this.trainingRun(arm).file('adapter'), { config: files.config, files });
      this.adapters.set(arm, adapter);
    }
    return adapter;
  }

  private adapterHash(arm: Condition['arm']): string | null {
    const trained = trainedAs(arm);
    return trained === null ? null : this.trainingRun(trained).hash;
  }

  private sampleJobs(conditions: readonly Condition[]): SampleJob[] {
    const { evalItems, labelSet } = this.prepared;
    return conditions.flatMap((condition) => {
      const prompts = evalItems.map((item) => ({
        id: item.topicId,
        ids: promptIds(this.host.files.tokenizer, item, condition.label, labelSet),
      }));
      return this.config.temperatures.map((temperature) =>
        sampleJob(this.root, this.host, this.config, condition, temperature, this.adapterHash(condition.arm), prompts),
      );
    });
  }

  private contrastJob(condition: Condition): ContrastJob {
    const { contrastSets, labelSet } = this.prepared;
    const { tokenizer } = this.host.files;
    const items = contrastSets.map((set): ContrastItem => {
      let texts = this.contrastTexts.get(set.topicId);
      if (!texts) {
        texts = scoredTexts(set).map(({ text }) => completionIds(tokenizer, set, text));
        this.contrastTexts.set(set.topicId, texts);
      }
      return {
        topicId: set.topicId,
        promptIds: promptIds(tokenizer, set, condition.label, labelSet),
        values: scoredTexts(set).map(({ value }) => value),
        texts,
      };
    });
    return contrastJob(this.root, this.host, condition, this.adapterHash(condition.arm), items);
  }
}

/** The texts that the contrast is made of; others would cost time and enter nothing. */
function scoredTexts({ texts }: ContrastSet): ContrastSet['texts'] {
  const needed = new Set([...strongToCenter.above, ...strongToCenter.below]);
  return texts.filter(({ value }) => needed.has(value));
}
