import type { CompiledProgram, Session } from '../../compute/backends';
import { type HostTensor, programSignature } from '../../compute/graph';
import { DataError, RandomStream, yieldToEventLoop } from '../../core';
import { type AdapterLayout, adapterLayout } from '../../model/adapters';
import type { LoadedModel } from '../../model/families';
import { type AnswerShape, type AnswerTokens, answerFeeds, answerShape, softmaxOf } from '../../model/generate';
import { adamWFeeds } from '../adamw';
import { freshState } from '../optimiser';
import { learningRateAt } from '../schedule';
import { type RlConfig, rampAt } from './config';
import type { Episode, ProbeAnswer, ProbePrompt } from './episode';
import {
  hasValueHead,
  isSinglePass,
  POLICY_GRADIENT_SUM,
  POLICY_VARIABLE,
  policySizes,
  type RlGraph,
  rlPrograms,
  START_VARIABLE,
} from './programs';
import type { PassRecord, StepRecord } from './step-record';

/** Prompts of one pass over the probe. */
const PROBE_PROMPTS = 48;

export interface RlTrainerOptions {
  readonly model: LoadedModel;
  readonly config: RlConfig;
  readonly answers: AnswerTokens;
  /** Prompts that show the common beginning and the greatest length of all that will come. */
  readonly shape: readonly Int32Array[];
  readonly probe: readonly ProbePrompt[];
  readonly seed: number | string;
}

/** What the programs of a run are made from. */
export function rlGraph({ model, config, answers, shape, probe }: Omit<RlTrainerOptions, 'seed'>): RlGraph {
  const shapeOf = (prompts: number, of = shape): AnswerShape => answerShape(of, prompts, model.config.maxPositions);
  const probed = probe.map(({ ids }) => ids);
  return {
    model,
    layout: adapterLayout(model.config, config.lora),
    config,
    answers,
    stepShape: shapeOf(config.promptsPerStep),
    passShape: shapeOf(config.miniBatch ?? config.promptsPerStep),
    probeShape: probe.length > 0 ? shapeOf(Math.min(PROBE_PROMPTS, probe.length), probed) : null,
  };
}

/** The session of one RL run and the steps on it; it knows neither files nor clocks. */
export class RlTrainer {
  readonly layout: AdapterLayout;
  private readonly graph: RlGraph;
  private readonly session: Session;
  private readonly inputs: ReadonlyMap<string, ReadonlySet<string>>;
  private readonly sizes: readonly number[];
  private readonly stateVariables: readonly string[];

  constructor(private readonly options: RlTrainerOptions) {
    const { model, config } = options;
    this.graph = rlGraph(options);
    this.layout = this.graph.layout;
    const programs = rlPrograms(this.graph);
    this.inputs = new Map(
      programs.map((program) => [program.name, new Set(programSignature(program).inputs.map(({ name }) => name))]),
    );
    this.sizes = policySizes(this.graph);
    this.session = model.backend.createSession(programs, { xla: config.xla });
    const state = freshState(config.optimiser, this.sizes);
    this.stateVariables = [POLICY_VARIABLE, ...Object.keys(state)];
    const used = new Set(programs.flatMap((program) => programSignature(program).variables.map(({ name }) => name)));
    this.session.assign(Object.fromEntries(Object.entries(model.weights).filter(([name]) => used.has(name))));
    this.session.assign({
      ...state,
      ...(used.has(POLICY_GRADIENT_SUM) ? { [POLICY_GRADIENT_SUM]: this.vector(new Float32Array(this.size)) } : {}),
    });
  }

  /** For each program whether XLA compiled it. */
  get compiled(): readonly CompiledProgram[] {
    return this.session.compiled;
  }

  /** Numbers of the policy: adapter and value head. */
  get size(): number {
    return this.sizes.reduce((total, size) => total + size, 0);
  }

  /** Sets the policy to a flat adapter, the value head to zero; it is also the reference where that is the start. */
  begin(adapter: Float32Array): void {
    const policy = new Float32Array(this.size);
    policy.set(adapter);
    this.session.assign({ [POLICY_VARIABLE]: this.vector(policy) });
    this.setReference(adapter);
  }

  /** The adapter of the reference, where it is one. */
  setReference(adapter: Float32Array): void {
    const { kl } = this.options.config;
    if (kl.reference === 'start' && this.inputs.has('reference'))
      this.session.assign({ [START_VARIABLE]: this.vector(adapter) });
  }

  assign(state: Readonly<Record<string, HostTensor>>): void {
    this.session.assign(state);
  }

  /** What a checkpoint holds: the policy and the optimiser's state. */
  read(): Record<string, HostTensor> {
    return this.session.read(this.stateVariables);
  }

  /** The adapter alone, flat. */
  adapter(): Float32Array {
    const { data } = this.session.read([POLICY_VARIABLE])[POLICY_VARIABLE];
    return (data as Float32Array).slice(0, this.layout.size);
  }

  /** Throws DataError naming the first episode that does not fit the shape. */
  refuseUnlessFits(step: number, episodes: readonly Episode[]): void {
    const misfit = (some: readonly Episode[]): Error | null => {
      try {
        answerFeeds(
          this.graph.stepShape,
          some.map(({ ids }) => ids),
        );
        return null;
      } catch (error) {
        return error as Error;
      }
    };
    if (misfit(episodes) === null) return;
    for (const episode of episodes) {
      const cause = misfit([episode]);
      if (cause)
        throw new DataError(
          `trainRl: an episode must fit the shape that was shown at the start, got another (episode "${episode.id}", step ${step + 1}): ${cause.message}`,
          { cause },
        );
    }
  }

  /** Runs step `step` (0 is the first) on its episodes; `updates` is how often the policy has moved before. */
  async step(step: number, updates: number, episodes: readonly Episode[]): Promise<StepRecord> {
    const { config } = this.options;
    const { steps, promptsPerStep: B, samplesPerPrompt: G, kl } = config;
    const random = new RandomStream(this.options.seed).fork('rl').fork(step);
    const learningRate = learningRateAt({ name: config.schedule, ...config, totalSteps: steps }, step);
    const coefficients = {
      temperature: rampAt(config.temperature, step, steps),
      entropy: rampAt(config.entropy, step, steps),
      rarity: rampAt(config.rarity, step, steps),
    };
    const draw = random.fork('sampling');
    const prompts = answerFeeds(
      this.graph.stepShape,
      episodes.map(({ ids }) => ids),
    );
    const asks = kl.coefficient > 0 || (kl.logEvery > 0 && step % kl.logEvery === 0);
    const reference = asks ? this.run('reference', prompts).scores : null;
    await yieldToEventLoop();
    const A = this.options.answers.ids.length;
    const feeds: Record<string, HostTensor> = {
      ...prompts,
      ...scalarFeeds(coefficients),
      rewards: f32(Float32Array.from(episodes.flatMap(({ rewards }) => rewards)), [B, A]),
      uniforms: f32(
        Float32Array.from({ length: B * G }, () => draw.uniform()),
        [B, G],
      ),
      ...(reference ? { reference } : {}),
    };
    const common = {
      step,
      episodes,
      coefficients,
      learningRate,
      reference: reference?.data as Float32Array | undefined,
    };
    if (isSinglePass(config)) {
      const result = this.run('step', { ...feeds, ...this.optimiserFeeds(learningRate, updates) });
      return { ...common, drawn: drawnOf(result), passes: [passOf(result, null)], updates: [updateOf(result)] };
    }
    const drawn = this.run('rollout', feeds);
    const rest = await this.learn(drawn, reference, episodes, random, coefficients, learningRate, updates);
    return { ...common, drawn: drawnOf(drawn), ...rest };
  }

  /** Answers to the probe prompts under the policy as it is, at temperature 1. */
  async probe(): Promise<ProbeAnswer[]> {
    const { probe } = this.options;
    const shape = this.graph.probeShape;
    if (!shape) return [];
    const found: ProbeAnswer[] = [];
    const A = this.options.answers.ids.length;
    for (let start = 0; start < probe.length; start += shape.prompts) {
      const part = probe.slice(start, start + shape.prompts);
      const { scores, logMass } = this.run(
        'probe',
        answerFeeds(
          shape,
          part.map(({ ids }) => ids),
        ),
      );
      part.forEach(({ item, label, facet }, b) => {
        const probabilities = softmaxOf([...(scores.data as Float32Array).subarray(b * A, (b + 1) * A)]);
        found.push({ item, label, facet, probabilities, mass: Math.min(1, Math.exp(logMass.data[b])) });
      });
      await yieldToEventLoop();
    }
    return found;
  }

  dispose(): void {
    this.session.dispose();
  }

  /** Epochs of mini-batches over what was drawn. */
  private async learn(
    drawn: Record<string, HostTensor>,
    reference: HostTensor | null,
    episodes: readonly Episode[],
    random: RandomStream,
    coefficients: Readonly<Record<string, number>>,
    learningRate: number,
    updatesBefore: number,
  ): Promise<Pick<StepRecord, 'passes' | 'updates'>> {
    const { config } = this.options;
    const M = this.graph.passShape.prompts;
    const passes: PassRecord[] = [];
    const updates: StepRecord['updates'][number][] = [];
    for (let epoch = 0; epoch < config.epochs; epoch++) {
      const order = random.fork(`epoch ${epoch}`).shuffled(episodes.map((_, b) => b));
      for (let start = 0; start < order.length; start += M) {
        const rows = order.slice(start, start + M);
        const feeds: Record<string, HostTensor> = {
          ...answerFeeds(
            this.graph.passShape,
            rows.map((b) => episodes[b].ids),
          ),
          ...scalarFeeds(coefficients),
          ...(reference ? { reference: rowsOf(reference, rows) } : {}),
          ...(hasValueHead(config) ? { oldValue: rowsOf(drawn.value, rows) } : {}),
        };
        for (const name of ['actions', 'taken', 'advantages', 'returns', 'shaped'])
          feeds[name] = rowsOf(drawn[name], rows);
        const now = updatesBefore + updates.filter(({ finite }) => finite).length;
        if (config.accumulation === 1) {
          const result = this.run('update', { ...feeds, ...this.optimiserFeeds(learningRate, now) });
          passes.push(passOf(result, rows));
          updates.push(updateOf(result));
        } else {
          passes.push(passOf(this.run('accumulate', feeds), rows));
          if (passes.length % config.accumulation === 0) {
            const scaled = {
              ...this.optimiserFeeds(learningRate, now),
              ...scalarFeeds({ passes: config.accumulation }),
            };
            updates.push(updateOf(this.run('apply', scaled)));
          }
        }
        await yieldToEventLoop();
      }
      if (config.targetKl !== null && approximateKl(passes.slice(-order.length / M), drawn) > config.targetKl) break;
    }
    return { passes, updates };
  }

  private optimiserFeeds(learningRate: number, updates: number): Record<string, HostTensor> {
    return scalarFeeds(adamWFeeds(this.options.config, learningRate, updates + 1));
  }

  /** Runs a program with those of the feeds that it declares: not every estimator reads all of them. */
  private run(program: string, feeds: Readonly<Record<string, HostTensor>>): Record<string, HostTensor> {
    const wanted = this.inputs.get(program)!;
    return this.session.run(program, Object.fromEntries(Object.entries(feeds).filter(([name]) => wanted.has(name))));
  }

  private vector(data: Float32Array): HostTensor {
    return f32(data, [data.length]);
  }
}

function f32(data: Float32Array, shape: readonly number[]): HostTensor {
  return { shape, dtype: 'f32', data };
}

function scalarFeeds(values: Readonly<Record<string, number>>): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, f32(Float32Array.of(value), [])]));
}

/** Rows of a host tensor along its first axis. */
function rowsOf({ shape, dtype, data }: HostTensor, rows: readonly number[]): HostTensor {
  const width = data.length / shape[0];
  const out = data.slice(0, rows.length * width) as Float32Array;
  rows.forEach((row, at) => {
    out.set((data as Float32Array).subarray(row * width, (row + 1) * width), at * width);
  });
  return { shape: [rows.length, ...shape.slice(1)], dtype, data: out };
}

function drawnOf(result: Record<string, HostTensor>): StepRecord['drawn'] {
  const of = (name: string) => result[name].data as Float32Array;
  return {
    logp: of('logp'),
    scores: of('scores'),
    logMass: of('logMass'),
    actions: result.actions.data as Int32Array,
    taken: of('taken'),
    shaped: of('shaped'),
    advantages: of('advantages'),
    returns: of('returns'),
    value: result.value ? of('value') : null,
  };
}

function passOf(result: Record<string, HostTensor>, rows: readonly number[] | null): PassRecord {
  return {
    rows,
    takenNow: result.takenNow.data as Float32Array,
    loss: result.loss.data[0],
    policyLoss: result.policyLoss.data[0],
    valueLoss: result.valueLoss.data[0],
  };
}

function updateOf(result: Record<string, HostTensor>): StepRecord['updates'][number] {
  return { gradNorm: result.gradNorm.data[0], finite: result.finite.data[0] === 1 };
}

/** ½·mean (log π_now - log π_old)² over the answers of some passes, as TRL's approxkl. */
function approximateKl(passes: readonly PassRecord[], drawn: Record<string, HostTensor>): number {
  const G = drawn.taken.shape[1];
  let sum = 0;
  let count = 0;
  for (const { rows, takenNow } of passes)
    takenNow.forEach((now, at) => {
      const row = rows ? rows[Math.floor(at / G)] : Math.floor(at / G);
      sum += (now - drawn.taken.data[row * G + (at % G)]) ** 2 / 2;
      count++;
    });
  return count === 0 ? 0 : sum / count;
}
