import type { ArmName } from '../../arms';
import type { LongCall } from '../../core';
import { customLabel, type Label } from '../../labels';
import { type RunDirectory, runsRoot } from '../../runs';
import type { RewardScheme } from '../../tasks';
import { chosenArms } from '../chosen-arms';
import { ModelHost } from '../model-host';
import type { CheckedClaim } from '../news';
import { type AnswerRow, type AskedPolicy, askPolicies, type PolicyName, unansweredPrompts } from './ask';
import { checkAdditionClaims } from './claims';
import {
  type AdditionOverrides,
  type AdditionPreset,
  type ResolvedAdditionConfig,
  resolveAdditionConfig,
} from './config';
import { type PreparedAddition, prepareAddition } from './prepare';
import { INSIDE_PERCENTS, type RiseVariant } from './rise';
import { type AdditionSummary, summariseAnswers } from './summary';
import { ensureTinyModel } from './tiny-model';
import { policyRun, type TrainedPolicy, type TrainingListener, trainPolicy } from './train-arm';
import { ensureWarmStart, type WarmStart, warmStartRun } from './warm-start';

/** Labels of the sweep under which policies without labels are asked. */
const CONTROL_LABELS = 5;

/**
 * The article's second experiment: a policy judges a user's addition with one forced token, is paid by a monitor of some
 * suggestibility, and is asked under labels down to 0%. Every step is content-addressed: what was computed before with the same
 * settings is read from disk, and a new label costs only its own answers.
 */
export class SycophancyExperiment {
  private warm: WarmStart | null | undefined;
  private policies: TrainedPolicy[] = [];

  private constructor(
    readonly resolved: ResolvedAdditionConfig,
    readonly host: ModelHost,
    readonly prepared: PreparedAddition,
    private readonly root: string,
  ) {}

  /**
   * Draws problems and reads the tokenizer; loads no weights. With the model `tiny` it is trained first if it is not there (a
   * minute). `runs` is the folder of runs (default: MSTLAB_RUNS or `runs/`); `scheme` pays in the place of the config's scheme, under
   * an id of its own.
   */
  static async open(
    preset: AdditionPreset = 'quick',
    overrides: AdditionOverrides = {},
    options: LongCall & { readonly runs?: string; readonly scheme?: RewardScheme } = {},
  ): Promise<SycophancyExperiment> {
    const resolved = resolveAdditionConfig(preset, overrides);
    const root = options.runs ?? runsRoot();
    const { model, device, computeDtype } = resolved.config;
    const { signal, onProgress } = options;
    const path = model === 'tiny' ? await ensureTinyModel({ runs: root, seed: 0, signal, onProgress }) : model;
    const quantisation = resolved.rl.config.baseQuantisation;
    const host = await ModelHost.open({ model: path, device, computeDtype, quantisation }, options);
    const prepared = prepareAddition(resolved, host.files.tokenizer, options.scheme);
    return new SycophancyExperiment(resolved, host, prepared, root);
  }

  get config(): ResolvedAdditionConfig['config'] {
    return this.resolved.config;
  }

  /** The label of a suggestibility in percent, or one worded by hand, checked against the tokenizer's control tokens. */
  label(what: number | string): Label {
    if (typeof what === 'number') return this.prepared.scale.labelAtPercent(what);
    return customLabel('custom', what, { specialTokens: this.host.files.tokenizer.specialTokens });
  }

  /** The supervised warm start that all arms share, trained once; null where the config asks for none. */
  async warmStart(call: LongCall = {}): Promise<WarmStart | null> {
    if (this.warm === undefined)
      this.warm = await ensureWarmStart(this.host, this.resolved, this.prepared, this.root, call);
    return this.warm;
  }

  /**
   * Trains the arms (default: all of the config) with every seed, or reads them from disk. Throws ConfigError for an arm that the
   * config does not have, and what `trainRl` throws.
   */
  async train(
    call: LongCall & TrainingListener & { readonly arms?: readonly ArmName[] } = {},
  ): Promise<readonly TrainedPolicy[]> {
    const { host, resolved, prepared, root, config } = this;
    const arms = chosenArms(config.arms, call.arms, 'SycophancyExperiment.train');
    const warm = await this.warmStart(call);
    const trained: TrainedPolicy[] = [];
    for (const seed of config.seeds)
      for (const arm of arms) {
        const run = policyRun(root, host, resolved, prepared, warm?.run ?? null, arm, seed);
        trained.push(await trainPolicy(host, run, resolved, prepared, warm, arm, seed, call));
      }
    const others = this.policies.filter(({ arm }) => !arms.includes(arm));
    this.policies = config.seeds.flatMap((seed) =>
      config.arms.flatMap(
        (arm) => [...trained, ...others].find((policy) => policy.arm === arm && policy.seed === seed) ?? [],
      ),
    );
    return trained;
  }

  /** The labels of the sweep, low to high. */
  sweep(): readonly Label[] {
    return this.prepared.scale.sweep();
  }

  /**
   * Asks about the held-out problems: the trained arms (all that `train` gave, or those named, which are trained if they are not), the
   * warm start and the untrained model. Policies trained with labels are asked under each label (default: the sweep); the others
   * without one and, to see whether the text alone does anything, under each label given, by default five of the sweep. A null among
   * the labels asks policies trained with labels without one, too.
   */
  async ask(
    options: LongCall & { readonly labels?: readonly (Label | null)[]; readonly policies?: readonly PolicyName[] } = {},
  ): Promise<AnswerRow[]> {
    const warm = await this.warmStart(options);
    const { policies: wanted } = options;
    const known = new Set<PolicyName>(this.policies.map(({ arm }) => arm));
    const lacking = this.config.arms.filter(
      (arm) => !known.has(arm) && (wanted ? wanted.includes(arm) : known.size === 0),
    );
    if (lacking.length > 0) await this.train({ ...options, arms: lacking });
    const labels = options.labels ?? this.sweep();
    const fewer = options.labels?.filter((label) => label !== null) ?? spread(labels, CONTROL_LABELS);
    const all: AskedPolicy[] = this.policies.map(({ arm, seed, run, adapter }) => ({
      policy: arm,
      seed,
      adapterHash: run.hash,
      adapter,
    }));
    if (warm) all.push({ policy: 'warm-start', seed: 0, adapterHash: warm.run.hash, adapter: () => warm.adapter() });
    all.push({ policy: 'untrained', seed: 0, adapterHash: 'none', adapter: () => null });
    const chosen = wanted ? all.filter(({ policy }) => wanted.includes(policy)) : all;
    const labelless = chosen.filter(({ policy }) => !isLabelled(policy));
    const ask = (policies: readonly AskedPolicy[], under: readonly (Label | null)[]) =>
      askPolicies(this.host, this.prepared, policies, under, this.root, this.config.askBatch, options);
    const labelled = chosen.filter(({ policy }) => isLabelled(policy));
    return [...(await ask(labelless, [null, ...fewer])), ...(await ask(labelled, labels))];
  }

  /** Percentages that the labels at the ends of the training range announce. */
  get trainedPercents(): readonly [number, number] {
    const { scale } = this.prepared;
    const [low, high] = this.config.trainRange.map((s) => scale.percentOf(scale.label(s)) ?? (100 * s) / scale.high);
    return [low, high];
  }

  /** Measures, comparisons and intervals of answers; the same answers give the same numbers. */
  summarise(rows: readonly AnswerRow[]): AdditionSummary {
    return summariseAnswers(rows, this.config.dataSeed, { trained: this.trainedPercents });
  }

  /** The predictions held against a summary. */
  claims(summary: AdditionSummary): CheckedClaim[] {
    return checkAdditionClaims(summary);
  }

  /** The MST policy's answers as a variant of the rise at the edge: the scale's lowest label against those of 20 to 40%. */
  riseVariant(name: string, what: string, rows: readonly AnswerRow[]): RiseVariant {
    const at = (percent: number) => this.prepared.scale.labelAtPercent(percent).text;
    const inside = [...new Set(INSIDE_PERCENTS.map(at))].filter((text) => text !== at(0));
    return { name, what, answers: rows.filter(({ policy }) => policy === 'mst'), edge: at(0), inside };
  }

  /** What is not on disk yet: the warm start, arms and seeds, and prompts of the default sweep. Loads no weights. */
  remaining(): { readonly warmStart: boolean; readonly policies: readonly string[]; readonly prompts: number } {
    const { host, resolved, prepared, root, config } = this;
    const warm = warmStartRun(host, resolved, prepared, root);
    const runs = config.seeds.flatMap((seed) =>
      config.arms.map((arm) => ({ arm, seed, run: policyRun(root, host, resolved, prepared, warm, arm, seed) })),
    );
    const hashes = (own: readonly { readonly run: RunDirectory }[]) =>
      own.map(({ run }) => ({ adapterHash: run.hash }));
    const labelless = [
      ...hashes(runs.filter(({ arm }) => !isLabelled(arm))),
      ...(warm ? hashes([{ run: warm }]) : []),
      { adapterHash: 'none' },
    ];
    const labelled = hashes(runs.filter(({ arm }) => isLabelled(arm)));
    const count = (policies: readonly { readonly adapterHash: string }[], labels: readonly (Label | null)[]) =>
      unansweredPrompts(host, prepared, policies, labels, root);
    return {
      warmStart: warm !== null && warm.manifest() === null,
      policies: runs.filter(({ run }) => run.manifest() === null).map(({ arm, seed }) => `${arm}, seed ${seed}`),
      prompts: count(labelless, [null, ...spread(this.sweep(), CONTROL_LABELS)]) + count(labelled, this.sweep()),
    };
  }

  async dispose(): Promise<void> {
    await this.host.dispose();
  }
}

/** Whether a policy was trained with labels in its prompts. */
export function isLabelled(policy: PolicyName): policy is Exclude<ArmName, 'baseline'> {
  return policy === 'mst' || policy === 'shuffled';
}

/** So many of the items, the first and the last among them, evenly between. */
function spread<T>(items: readonly T[], count: number): T[] {
  const places = Array.from({ length: count }, (_, at) =>
    Math.round((at * (items.length - 1)) / Math.max(1, count - 1)),
  );
  return items.length <= count ? [...items] : places.map((place) => items[place]);
}
