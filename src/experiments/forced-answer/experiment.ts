import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ARM_NAMES, type ArmName, promptMessages } from '../../arms';
import { ConfigError, contentHash, type LongCall, RandomStream } from '../../core';
import { customLabel, type LabelFormat } from '../../labels';
import { type Adapter, loadAdapter, saveAdapter } from '../../model/adapters';
import { AnswerScorer, type AnswerTokens, answerTokens } from '../../model/generate';
import { encodePrompt } from '../../model/tokens';
import { RunDirectory, readJsonl, runsRoot, writeFileAtomic } from '../../runs';
import {
  type Episode,
  type ResolvedRlConfig,
  type RlOverrides,
  type RlProbe,
  resolveRlConfig,
  trainRl,
} from '../../train';
import { ADDITION_PRESETS } from '../addition';
import { ensureTinyModel } from '../addition/tiny-model';
import { ModelHost } from '../model-host';
import { Switched } from '../switched';
import { checkTask, type ForcedAnswerTask } from './task';

const FORMAT: LabelFormat = { template: '{label}', placement: 'user-prefix', emphasis: 'plain' };
/** Places of the training range under which a training probe asks. */
const PROBED = [0, 0.25, 0.5, 0.75, 1];
/** Items of a probe, spread over the training items. */
const PROBE_ITEMS = 8;

export interface ForcedAnswerOptions extends LongCall {
  /** `tiny`: trained from random numbers here; or a model reference. Default tiny. */
  readonly model?: string;
  readonly seeds?: readonly number[];
  readonly rl?: RlOverrides;
  /** Folder of runs; default MSTLAB_RUNS or `runs/`. */
  readonly runs?: string;
}

/** One arm of one seed after training. */
export interface ForcedAnswerPolicy {
  readonly arm: ArmName;
  readonly seed: number;
  readonly probes: readonly RlProbe[];
  readonly trainedNow: boolean;
  adapter(): Adapter;
}

/** One held-out item under one label; a row of a results frame. */
export interface ForcedAnswerRow {
  readonly arm: ArmName | 'untrained';
  readonly seed: number;
  /** What the label tells; null without one. */
  readonly level: number | null;
  readonly item: string;
  /** Probability of the first answer among the two, at temperature 1. */
  readonly first_answer: number;
  /** Share of the next-token distribution that the two answers have, 0 to 1. */
  readonly valid_mass: number;
}

/**
 * A task of one's own, from its reward to its label sweep: arms baseline, mst and shuffled by reinforcement on one forced answer, with
 * the same items and the same monitors in every arm. Trained arms are kept by content and read back.
 */
export class ForcedAnswerExperiment<Item> {
  private policies: ForcedAnswerPolicy[] = [];

  private constructor(
    readonly task: ForcedAnswerTask<Item>,
    readonly host: ModelHost,
    readonly rl: ResolvedRlConfig,
    readonly seeds: readonly number[],
    private readonly answers: AnswerTokens,
    private readonly root: string,
  ) {}

  /** Checks the task and reads the tokenizer; a tiny model is trained first if it is not there (a minute). Throws ConfigError. */
  static async open<Item>(
    task: ForcedAnswerTask<Item>,
    { model = 'tiny', seeds = [0], rl = {}, runs, signal, onProgress }: ForcedAnswerOptions = {},
  ): Promise<ForcedAnswerExperiment<Item>> {
    checkTask(task);
    const root = runs ?? runsRoot();
    const isTiny = model === 'tiny';
    const path = isTiny ? await ensureTinyModel({ runs: root, seed: 0, signal, onProgress }) : model;
    const resolved = resolveRlConfig('quick', isTiny ? { ...ADDITION_PRESETS.tiny.rlChanges, ...rl } : rl);
    const computeDtype = isTiny ? ('f32' as const) : ('auto' as const);
    const quantisation = resolved.config.baseQuantisation;
    const host = await ModelHost.open(
      { model: path, device: 'auto', computeDtype, quantisation },
      { signal, onProgress },
    );
    return new ForcedAnswerExperiment(
      task,
      host,
      resolved,
      seeds,
      answerTokens(host.files.tokenizer, task.answers),
      root,
    );
  }

  /** The text that the model reads: a question under the label of a level, or without one. */
  promptText(item: Item, level: number | null): string {
    return this.host.files.tokenizer.renderChat(this.messages(item, level), { addGenerationPrompt: true });
  }

  /** Trains the arms with every seed, or reads them from disk; an interrupted training goes on from its last checkpoint. */
  async train(
    call: LongCall & {
      readonly arms?: readonly ArmName[];
      readonly onProbe?: (arm: ArmName, seed: number, probe: RlProbe) => void;
    } = {},
  ): Promise<readonly ForcedAnswerPolicy[]> {
    const { arms = ARM_NAMES, signal, onProgress, onProbe } = call;
    const trained: ForcedAnswerPolicy[] = [];
    for (const seed of this.seeds)
      for (const arm of arms) {
        const run = this.run(arm, seed);
        let trainedNow = false;
        await run.complete(async () => {
          trainedNow = true;
          const model = await this.host.load({ signal, onProgress });
          const startedMs = performance.now();
          const result = await trainRl({
            model,
            answers: this.answers,
            episodes: (step) => this.episodes(arm, seed, step),
            episodesHash: this.episodesHash(arm, seed),
            shape: this.shape(),
            probe: this.probe(arm),
            config: this.rl.config,
            dir: run.file('checkpoint'),
            seed: `${seed}/rl`,
            ...(signal ? { signal } : {}),
            onProgress: (progress) => onProgress?.({ ...progress, what: `train ${arm}, seed ${seed}` }),
            onProbe: (probe) => onProbe?.(arm, seed, probe),
          });
          saveAdapter(result.adapter, run.file('adapter'), model);
          writeFileAtomic(
            run.file('probes.jsonl'),
            result.probes.map((probe) => `${JSON.stringify(probe)}\n`).join(''),
          );
          rmSync(run.file('checkpoint'), { recursive: true, force: true });
          return { seconds: (performance.now() - startedMs) / 1000, steps: result.steps, stopped: result.stopped };
        });
        const { config } = this.host.files;
        trained.push({
          arm,
          seed,
          probes: readJsonl<RlProbe>(run.file('probes.jsonl')),
          trainedNow,
          adapter: () => loadAdapter(join(run.path, 'adapter'), { config, files: this.host.files }),
        });
      }
    this.policies = [...this.policies.filter(({ arm }) => !arms.includes(arm)), ...trained];
    return trained;
  }

  /**
   * Asks the untrained model and the arms that `train` gave about the held-out items, under the label of each level (null: without
   * one); the baseline, which never saw a label, without one. Throws ConfigError for no levels.
   */
  async ask(levels: readonly (number | null)[], { signal, onProgress }: LongCall = {}): Promise<ForcedAnswerRow[]> {
    if (levels.length === 0)
      throw new ConfigError('ForcedAnswerExperiment.ask: at least one level is needed, got none. Name some.');
    const { heldOut } = this.task;
    const untrained = { arm: 'untrained' as const, seed: 0, adapter: () => null };
    // Those with an adapter first: programs that were made for one also run without it.
    const asked = [...this.policies, untrained];
    const under = (arm: string) => (arm === 'baseline' ? [null] : levels);
    const total = asked.reduce((sum, { arm }) => sum + under(arm).length, 0);
    const examples = [...new Set([null, ...levels])].flatMap((level) => heldOut.map((item) => this.ids(item, level)));
    const scorers = new Switched(
      async (adapter) =>
        new AnswerScorer(await this.host.load({ signal, onProgress }), adapter, this.answers, examples),
    );
    const rows: ForcedAnswerRow[] = [];
    try {
      let done = 0;
      for (const { arm, seed, adapter } of asked) {
        const scorer = await scorers.under(adapter());
        for (const level of under(arm)) {
          const prompts = heldOut.map((item) => this.ids(item, level));
          const found = await scorer.ask(prompts, { signal });
          rows.push(
            ...found.map(({ probabilities: [first_answer], mass }, at): ForcedAnswerRow => {
              return { arm, seed, level, item: this.task.nameOf(heldOut[at]), first_answer, valid_mass: mass };
            }),
          );
          onProgress?.({ what: 'ask', done: ++done, total, unit: 'labels' });
        }
      }
    } finally {
      scorers.dispose();
    }
    return rows;
  }

  async dispose(): Promise<void> {
    await this.host.dispose();
  }

  private messages(item: Item, level: number | null) {
    const { specialTokens } = this.host.files.tokenizer;
    const label = level === null ? null : customLabel('level', this.task.labelText(level), { specialTokens });
    return promptMessages(this.task.question(item), label, { format: FORMAT });
  }

  private ids(item: Item, level: number | null): Int32Array {
    return encodePrompt(this.host.files.tokenizer, this.messages(item, level));
  }

  /** The same items and levels in every arm of a seed; labels are the levels', a permutation of them, or none. */
  private episodes(arm: ArmName, seed: number, step: number): Episode[] {
    const random = new RandomStream(`${this.task.id}/${seed}`).fork(step);
    const [low, high] = this.task.trainRange;
    const draws = Array.from({ length: this.rl.config.promptsPerStep }, () => ({
      item: this.task.train[
        Math.min(this.task.train.length - 1, Math.floor(random.uniform() * this.task.train.length))
      ],
      level: low + random.uniform() * (high - low),
    }));
    const levels = draws.map(({ level }) => level);
    const shown = arm === 'shuffled' ? random.fork('labels').shuffled(levels) : levels;
    return draws.map(({ item, level }, at) => {
      const told = arm === 'baseline' ? null : shown[at];
      return {
        id: `${step}/${at} ${this.task.nameOf(item)}`,
        ids: this.ids(item, told),
        rewards: [this.task.reward(0, item, level), this.task.reward(1, item, level)],
        bin: told === null ? 'no label' : this.task.labelText(told),
      };
    });
  }

  private episodesHash(arm: ArmName, seed: number): string {
    const first = [0, 1, 2].flatMap((step) => this.episodes(arm, seed, step));
    return contentHash({ task: this.task.id, arm, seed, first: first.map(({ ids, rewards }) => [[...ids], rewards]) });
  }

  /** Extremes of what will be asked: items by the length of their question, under labels in and beyond training, and without. */
  private shape(): Int32Array[] {
    const items = [...this.task.train, ...this.task.heldOut];
    const byLength = [...items].sort((a, b) => this.task.question(a).length - this.task.question(b).length);
    const [low, high] = this.task.trainRange;
    const levels = [null, low, (low + high) / 2, high, 0, 1];
    return [byLength[0], byLength[byLength.length - 1]].flatMap((item) => levels.map((level) => this.ids(item, level)));
  }

  private probe(arm: ArmName) {
    const [low, high] = this.task.trainRange;
    const levels = arm === 'baseline' ? [null] : PROBED.map((share) => low + share * (high - low));
    const { train } = this.task;
    const apart = Math.ceil(train.length / PROBE_ITEMS);
    const items = train.filter((_, at) => at % apart === Math.floor(apart / 2));
    return items.flatMap((item) =>
      levels.map((level) => ({
        ids: this.ids(item, level),
        item: this.task.nameOf(item),
        label: level === null ? null : this.task.labelText(level),
        facet: 'training items',
      })),
    );
  }

  private run(arm: ArmName, seed: number): RunDirectory {
    const { checkpointEvery: _, ...deciding } = this.rl.config;
    return new RunDirectory(this.root, 'forced-answer-train', {
      format: 1,
      task: this.task.id,
      arm,
      seed,
      ...this.host.identity,
      answers: this.answers.names,
      episodes: this.episodesHash(arm, seed),
      rl: deciding,
    });
  }
}
