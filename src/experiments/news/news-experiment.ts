import { strongToCenter } from '../../analysis/stats';
import type { ArmName } from '../../arms';
import { ConfigError, type LongCall } from '../../core';
import type { Judge } from '../../judge';
import { judgeReportText, offlineJudge, readJudgeFile } from '../../judge/offline';
import { customLabel, type Label } from '../../labels';
import { type Adapter, loadAdapter } from '../../model/adapters';
import { Generator, Scorer } from '../../model/generate';
import { type RunDirectory, runsRoot } from '../../runs';
import type { ContrastSet } from '../../tasks';
import { chosenArms } from '../chosen-arms';
import { ModelHost } from '../model-host';
import { type CheckedClaim, checkClaims } from './claims';
import { type Condition, conditionName, sweepConditions } from './conditions';
import { type NewsOverrides, type NewsPreset, type ResolvedNewsConfig, resolveNewsConfig } from './config';
import { type ContrastItem, type ContrastJob, contrastJob, contrastJobs, readContrast } from './contrast';
import type { NewsFigureContext } from './figures';
import { completionIds, type PreparedNews, prepareNews, promptIds } from './prepare';
import { contrastRows, sampleRows } from './rows';
import { readSamples, type SampleJob, sampleJob, sampleJobs } from './sample';
import { type MeasuredCondition, type NewsSummary, summarise } from './summary';
import { Switched } from './switched';
import { type TrainedArm, trainArm, trainingRun } from './train-arm';

/**
 * The article's first experiment: arms trained on slanted news, asked for unbiased news under a sweep of labels.
 * Every step is content-addressed: what was computed before with the same settings is read from disk, and a new label
 * costs only its own measurement.
 */
export class NewsExperiment {
  private readonly contrastTexts = new Map<string, Int32Array[]>();
  private adapters = new Map<ArmName, Adapter>();

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

  /** The conditions of the label sweep: every labelled arm under every label, the baseline without one. */
  sweep(): Condition[] {
    const { arms, deploymentLabel, wording } = this.config;
    return sweepConditions(arms, this.prepared.labelSet, { deploymentLabel, wording });
  }

  /**
   * Trains the arms (default: all of the config) that are not on disk, one after the other, and reads those that are. Throws
   * ConfigError for an arm that the config does not have.
   */
  async train(call: LongCall & { readonly arms?: readonly ArmName[] } = {}): Promise<TrainedArm[]> {
    const trained: TrainedArm[] = [];
    for (const arm of chosenArms(this.config.arms, call.arms, 'NewsExperiment.train'))
      trained.push(
        await trainArm(this.host, this.trainingRun(arm), arm, this.prepared.encoded[arm]!, {
          ...call,
          sft: this.resolved.sft,
          seed: this.config.seed,
        }),
      );
    return trained;
  }

  /** Which arms still have to be trained. */
  untrainedArms(): ArmName[] {
    return this.config.arms.filter((arm) => this.trainingRun(arm).manifest() === null);
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
      (a, b) => Number(a === 'untrained') - Number(b === 'untrained'),
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
    const measured: MeasuredCondition[] = [];
    for (const [index, condition] of conditions.entries()) {
      const rows = [];
      for (const job of sampleJobsOf.filter((job) => job.condition === condition)) {
        const texts = readSamples(job, this.prepared.evalItems);
        const judgements = await this.judge.judge(texts.map(({ text }) => text));
        rows.push(...sampleRows(condition, job.temperature, texts, judgements, this.prepared.evalItems));
      }
      measured.push({
        condition,
        samples: rows,
        contrast: contrast ? contrastRows(condition, readContrast(contrastJobsOf[index])) : [],
      });
    }
    return measured;
  }

  /** Means with intervals, and the comparisons against the baseline and, label by label, against shuffled. */
  summarise(measured: readonly MeasuredCondition[]): NewsSummary {
    const names = measured.map(({ condition }) => conditionName(condition));
    const baseline = conditionName({ arm: 'baseline', label: null });
    const pairs = [
      ...names.filter((name) => name !== baseline).map((name) => [name, baseline] as const),
      ...measured
        .filter(({ condition }) => condition.arm === 'mst')
        .map(
          ({ condition }) =>
            [conditionName(condition), conditionName({ arm: 'shuffled', label: condition.label })] as const,
        ),
    ];
    return summarise(measured, pairs, this.config.seed);
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
      readonly arms?: readonly ArmName[];
      readonly samples?: boolean;
      readonly contrast?: boolean;
    } = {},
  ): Promise<NewsSummary> {
    const label = this.label(value, text);
    const arms = call.arms ?? this.config.arms;
    const conditions = arms.map((arm): Condition => ({ arm, label: arm === 'baseline' ? null : label }));
    return this.summarise(await this.measure(conditions, call));
  }

  async dispose(): Promise<void> {
    await this.host.dispose();
  }

  private trainingRun(arm: ArmName): RunDirectory {
    return trainingRun(this.root, this.host, arm, this.prepared.encoded[arm]!, this.resolved.sft, this.config.seed);
  }

  private requireTrained(conditions: readonly Condition[]): void {
    const trained = new Set(this.config.arms.filter((arm) => this.trainingRun(arm).manifest() !== null));
    const lacking = [...new Set(conditions.map(({ arm }) => arm))].filter(
      (arm) => arm !== 'untrained' && !trained.has(arm),
    );
    if (lacking.length > 0)
      throw new ConfigError(
        `NewsExperiment.measure: an arm must be trained before it is asked, got ${lacking.join(', ')} (trained: ${[...trained].join(', ') || 'none'}). Call train() first.`,
      );
  }

  private adapter(arm: Condition['arm']): Adapter | null {
    if (arm === 'untrained') return null;
    let adapter = this.adapters.get(arm);
    if (!adapter) {
      const { files } = this.host;
      adapter = loadAdapter(this.trainingRun(arm).file('adapter'), { config: files.config, files });
      this.adapters.set(arm, adapter);
    }
    return adapter;
  }

  private adapterHash(arm: Condition['arm']): string | null {
    return arm === 'untrained' ? null : this.trainingRun(arm).hash;
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
