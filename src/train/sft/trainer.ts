import type { CompiledProgram, Session } from '../../compute/backends';
import type { HostTensor, Program } from '../../compute/graph';
import { type LongCall, RandomStream, yieldToEventLoop } from '../../core';
import { ADAPTER_VARIABLE, type AdapterLayout, adapterLayout } from '../../model/adapters';
import type { LoadedModel } from '../../model/families';
import { adamWFeeds } from '../adamw';
import { freshState } from '../optimiser';
import { learningRateAt } from '../schedule';
import type { SftConfig } from './config';
import { type Diagnosis, diagnose } from './diagnose';
import { batchFeeds, scalarFeed } from './feeds';
import type { MicroBatch, SftPlan } from './plan';
import { GRADIENT_SUM, programName, sftGraph, sftPrograms } from './programs';

export interface StepResult {
  readonly loss: number;
  readonly gradNorm: number;
  readonly finite: boolean;
  readonly tokens: number;
  readonly supervised: number;
  readonly learningRate: number;
}

/** The session of one SFT run and the steps on it; it knows neither files nor clocks. */
export class SftTrainer {
  readonly layout: AdapterLayout;
  private readonly session: Session;
  private readonly stateVariables: readonly string[];

  constructor(
    private readonly model: LoadedModel,
    private readonly config: SftConfig,
    private readonly plan: SftPlan,
    private readonly evalPlan: SftPlan | null,
    private readonly seed: number | string,
    programs: readonly Program[] = sftPrograms(sftGraph(model, config), plan, evalPlan),
  ) {
    this.layout = adapterLayout(model.config, config.lora);
    this.session = model.backend.createSession(programs, { xla: config.xla });
    this.session.assign({ ...model.weights });
    const state = freshState(
      config.optimiser,
      this.layout.entries.map(({ size }) => size),
    );
    this.stateVariables = [ADAPTER_VARIABLE, ...Object.keys(state)];
    this.session.assign({
      ...state,
      ...(this.accumulates() ? { [GRADIENT_SUM]: this.vector(new Float32Array(this.layout.size)) } : {}),
    });
  }

  /** For each program whether XLA compiled it. */
  get compiled(): readonly CompiledProgram[] {
    return this.session.compiled;
  }

  get steps(): number {
    return this.plan.windows.length;
  }

  vector(data: Float32Array): HostTensor {
    return { shape: [this.layout.size], dtype: 'f32', data };
  }

  assign(state: Readonly<Record<string, HostTensor>>): void {
    this.session.assign(state);
  }

  /** What a checkpoint holds: the adapter and the optimiser's state. */
  read(): Record<string, HostTensor> {
    return this.session.read(this.stateVariables);
  }

  /** Runs window `step` (0 is the first); `updates` is how often the parameters have moved before. */
  async step(step: number, updates: number): Promise<StepResult> {
    const { config, plan } = this;
    const learningRate = learningRateAt({ name: config.schedule, ...config, totalSteps: this.steps }, step);
    const window = plan.windows[step];
    const batches = window.map((batch) => ({ batch, ...this.feeds(batch, plan) }));
    const tokens = batches.reduce((total, batch) => total + batch.tokens, 0);
    const supervised = batches.reduce((total, batch) => total + batch.supervised, 0);
    const optimiser: Record<string, HostTensor> = { normaliser: scalarFeed(supervised) };
    for (const [name, value] of Object.entries(adamWFeeds(config, learningRate, updates + 1)))
      optimiser[name] = scalarFeed(value);
    let result: Record<string, HostTensor>;
    let lossSum = 0;
    if (!this.accumulates()) {
      const [{ batch, feeds }] = batches;
      const name = programName('step', plan.buckets[batch.bucket]);
      result = this.session.run(name, { ...feeds, ...this.dropoutFeed(step, 0), ...optimiser });
      lossSum = result.loss.data[0] * supervised;
    } else {
      for (const [index, { batch, feeds }] of batches.entries()) {
        const name = programName('accumulate', plan.buckets[batch.bucket]);
        lossSum += this.session.run(name, { ...feeds, ...this.dropoutFeed(step, index) }).lossSum.data[0];
        await yieldToEventLoop();
      }
      result = this.session.run('apply', optimiser);
    }
    return {
      loss: lossSum / supervised,
      gradNorm: result.gradNorm.data[0],
      finite: result.finite.data[0] === 1,
      tokens,
      supervised,
      learningRate,
    };
  }

  /** Where window `step` leaves the finite numbers, from a program built for this question; null if it does not. */
  diagnose(step: number): Diagnosis | null {
    const batches = this.plan.windows[step].map((batch, index) => ({
      bucket: this.plan.buckets[batch.bucket],
      feeds: { ...this.feeds(batch, this.plan).feeds, ...this.dropoutFeed(step, index) },
    }));
    return diagnose(this.model, sftGraph(this.model, this.config), this.read()[ADAPTER_VARIABLE], batches);
  }

  /** Mean loss over the evaluation examples, nats a token; null if there are none, or the signal fires meanwhile. */
  async evaluate({ signal }: LongCall): Promise<number | null> {
    if (!this.evalPlan) return null;
    let lossSum = 0;
    let supervised = 0;
    for (const batch of this.evalPlan.windows.flat()) {
      if (signal?.aborted) return null;
      const { feeds, supervised: count } = this.feeds(batch, this.evalPlan);
      lossSum += this.session.run(programName('eval', this.evalPlan.buckets[batch.bucket]), feeds).lossSum.data[0];
      supervised += count;
      await yieldToEventLoop();
    }
    return lossSum / supervised;
  }

  dispose(): void {
    this.session.dispose();
  }

  private accumulates(): boolean {
    return this.config.accumulation > 1;
  }

  private feeds(batch: MicroBatch, plan: SftPlan): ReturnType<typeof batchFeeds> {
    return batchFeeds(
      batch.rows.map((row) => row.map((index) => plan.examples[index])),
      plan.buckets[batch.bucket],
    );
  }

  /** A seed that is a function of run, step and micro-batch alone, so that a resumed run drops the same inputs. */
  private dropoutFeed(step: number, index: number): Record<string, HostTensor> {
    if (this.config.lora.dropout === 0) return {};
    const stream = new RandomStream(this.seed).fork('dropout').fork(step).fork(index);
    return {
      dropoutSeed: { shape: [2], dtype: 'i32', data: Int32Array.of(stream.uint32() >> 1, stream.uint32() >>> 4) },
    };
  }
}
