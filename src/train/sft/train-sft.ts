import { join } from 'node:path';
import type { CompiledProgram } from '../../compute/backends';
import {
  ConfigError,
  contentHash,
  type LongCall,
  NumericError,
  RandomStream,
  sha256,
  throwIfAborted,
  yieldToEventLoop,
} from '../../core';
import { ADAPTER_VARIABLE, type Adapter, flattenAdapter, initAdapter, unflattenAdapter } from '../../model/adapters';
import type { LoadedModel } from '../../model/families';
import { loadCheckpoint, saveCheckpoint } from '../checkpoint';
import { type PeakMemory, peakMemory } from '../memory/machine-memory';
import type { MemoryOptions } from '../memory/run-memory';
import { appendStepLine, rewindStepLines } from '../step-lines';
import { checkBase, type SftConfig } from './config';
import { diagnosisText } from './diagnose';
import { refuseUnlessItFits, sftMemory } from './memory';
import type { StepMetrics } from './metrics';
import { planSft, type SftExample, type SftPlan } from './plan';
import { sftGraph, sftPrograms } from './programs';
import { SftTrainer } from './trainer';

/** A run that skips this many steps in a row is beyond recovery. */
const MAX_SKIPPED_IN_A_ROW = 10;

/** Looks at the adapter while it trains, every `every` steps and at the end. It changes nothing, and its time is not training's. */
export interface AdapterWatch {
  readonly every: number;
  look(adapter: Adapter, step: number): Promise<void>;
}

export interface TrainSftOptions extends LongCall, MemoryOptions {
  readonly model: LoadedModel;
  readonly examples: readonly SftExample[];
  /** Rows on which the loss is measured without training. */
  readonly evalExamples?: readonly SftExample[];
  /** From `resolveSftConfig`. */
  readonly config: SftConfig;
  /** Run directory for checkpoints and `metrics.jsonl`; with one, an interrupted run goes on where it was. */
  readonly dir?: string;
  /** Forked by purpose: order of rows, adapter's start, dropout. */
  readonly seed: number | string;
  /** Where training starts, e.g. the baseline's adapter; default: a fresh one drawn from the seed. */
  readonly start?: Adapter;
  readonly watch?: AdapterWatch;
}

export interface SftResult {
  readonly adapter: Adapter;
  /** Steps of the whole run, resumed ones included. */
  readonly steps: number;
  readonly metrics: readonly StepMetrics[];
  /** Steps that changed nothing because their gradient was not finite. */
  readonly skippedSteps: number;
  readonly dropped: readonly { readonly id: string; readonly reason: string }[];
  /** Share of the places computed over the whole run that held no token, 0 to 1. */
  readonly paddingShare: number;
  /** Programs that ran and whether XLA compiled each, with the reason where it did not; empty with `xla: 'off'`. */
  readonly compiled: readonly CompiledProgram[];
}

/** What a checkpoint records beside the tensors. */
interface RunFacts {
  readonly runHash: string;
  readonly updates: number;
  readonly skippedInARow: number;
  readonly elapsedSeconds: number;
}

/**
 * Trains a LoRA adapter on completions: per step the mean of -log p over all supervised tokens of the window,
 * AdamW on the adapter alone. Yields to the event loop between steps.
 *
 * With `dir`, a run that was aborted or killed continues from its last checkpoint and gives bit for bit what it
 * would have given; a kill loses at most `checkpointEvery` steps. On abort a checkpoint is saved first.
 * A step whose gradient is not finite changes nothing and is counted.
 * Throws MachineError before it begins if memory will not suffice (with what would fit), ConfigError (settings not built;
 * `dir` holds another run), DataError (no supervised token), NumericError (ten steps in a row not finite), AbortedError.
 */
export async function trainSft(options: TrainSftOptions): Promise<SftResult> {
  const { model, config, dir, seed, signal } = options;
  checkBase(config, model);
  throwIfAborted(signal, 'trainSft', 'Nothing has begun');
  const random = new RandomStream(seed);
  const plan = planSft(options.examples, config, random.fork('order'));
  const evaluation = evalPlan(options, random);
  const programs = sftPrograms(sftGraph(model, config), plan, evaluation);
  refuseUnlessItFits(options, sftMemory(model, config, plan, evaluation, programs));
  const run: Run = {
    options,
    plan,
    memory: peakMemory(model.backend),
    runHash: runHash(options),
    metricsPath: dir === undefined ? null : join(dir, 'metrics.jsonl'),
    trainer: new SftTrainer(model, config, plan, evaluation, seed, programs),
    metrics: [],
    state: { step: 0, updates: 0, skippedInARow: 0, elapsedSeconds: 0 },
  };
  try {
    begin(run, random);
    while (run.state.step < plan.windows.length) {
      if (signal?.aborted) save(run);
      throwIfAborted(
        signal,
        'trainSft',
        dir === undefined ? 'Without dir nothing is kept' : `Step ${run.state.step} is saved in ${dir}`,
      );
      await oneStep(run);
    }
    save(run);
    return {
      adapter: adapterOf(run.trainer),
      steps: plan.windows.length,
      metrics: run.metrics,
      skippedSteps: run.metrics.filter(({ skipped }) => skipped).length,
      dropped: plan.dropped,
      paddingShare: plan.paddingShare,
      compiled: config.xla === 'off' ? [] : run.trainer.compiled,
    };
  } finally {
    run.trainer.dispose();
  }
}

interface Run {
  readonly options: TrainSftOptions;
  readonly plan: SftPlan;
  readonly memory: PeakMemory;
  readonly runHash: string;
  readonly metricsPath: string | null;
  readonly trainer: SftTrainer;
  metrics: StepMetrics[];
  state: { step: number; updates: number; skippedInARow: number; elapsedSeconds: number };
}

/** Loads the newest checkpoint, or starts from a fresh adapter. */
function begin(run: Run, random: RandomStream): void {
  const { model, config, dir, start } = run.options;
  const { trainer } = run;
  const saved = dir === undefined ? null : loadCheckpoint<RunFacts>(dir);
  if (saved && saved.facts.runHash !== run.runHash)
    throw new ConfigError(
      `trainSft: dir must hold this run or none, got one of another config, data, model or seed (${dir}). Choose another dir or remove it.`,
    );
  if (saved) {
    const { updates, skippedInARow, elapsedSeconds } = saved.facts;
    trainer.assign(saved.tensors);
    run.state = { step: saved.step, updates, skippedInARow, elapsedSeconds };
  } else {
    const adapter = start ?? initAdapter(model.config, config.lora, random.fork('init'));
    trainer.assign({ [ADAPTER_VARIABLE]: trainer.vector(flattenAdapter(adapter, trainer.layout)) });
  }
  if (run.metricsPath) run.metrics = rewindStepLines<StepMetrics>(run.metricsPath, run.state.step);
}

async function oneStep(run: Run): Promise<void> {
  const { config, signal, onProgress } = run.options;
  const { state, trainer } = run;
  run.memory.reset();
  const started = performance.now();
  const result = await trainer.step(state.step, state.updates);
  const seconds = (performance.now() - started) / 1000;
  state.step++;
  state.elapsedSeconds += seconds;
  if (result.finite) state.updates++;
  state.skippedInARow = result.finite ? 0 : state.skippedInARow + 1;
  const total = run.plan.windows.length;
  const last = state.step === total;
  const due = last || (config.evalEvery > 0 && state.step % config.evalEvery === 0);
  const metrics: StepMetrics = {
    step: state.step,
    loss: finiteOrNull(result.loss),
    tokens: result.tokens,
    supervisedTokens: result.supervised,
    learningRate: result.learningRate,
    gradNorm: finiteOrNull(result.gradNorm),
    tokensPerSecond: result.tokens / seconds,
    elapsedSeconds: state.elapsedSeconds,
    peakMemoryMb: run.memory.readMb(),
    skipped: !result.finite,
    evalLoss: due ? await trainer.evaluate({ signal }) : null,
  };
  run.metrics.push(metrics);
  if (run.metricsPath) appendStepLine(run.metricsPath, metrics);
  onProgress?.({ what: 'train', done: state.step, total, unit: 'steps', detail: progressDetail(run, metrics) });
  if (state.skippedInARow >= MAX_SKIPPED_IN_A_ROW)
    throw new NumericError(
      `trainSft: gradients must be finite, got ${state.skippedInARow} steps in a row with NaN or infinity (up to step ${state.step}): ` +
        `${whereNotFinite(trainer, state.step - 1)}. Lower the learning rate, or train in f32; if a weight is named, get its file anew.`,
    );
  if (config.checkpointEvery > 0 && state.step % config.checkpointEvery === 0 && !last) save(run);
  const { watch } = run.options;
  if (watch && (last || state.step % watch.every === 0)) await watch.look(adapterOf(trainer), state.step);
  await yieldToEventLoop();
}

function adapterOf(trainer: SftTrainer): Adapter {
  return unflattenAdapter(trainer.read()[ADAPTER_VARIABLE].data as Float32Array, trainer.layout);
}

function whereNotFinite(trainer: SftTrainer, step: number): string {
  const diagnosis = trainer.diagnose(step);
  // Sums over a batch can overflow where each gradient is finite.
  return diagnosis ? diagnosisText(diagnosis) : 'each gradient alone is finite, their squares overflow';
}

function progressDetail(run: Run, metrics: StepMetrics): Record<string, number | string> {
  const { step, elapsedSeconds } = run.state;
  return {
    loss: metrics.loss ?? 'not finite',
    tokensPerSecond: metrics.tokensPerSecond,
    learningRate: metrics.learningRate,
    gradNorm: metrics.gradNorm ?? 'not finite',
    remainingSeconds: (elapsedSeconds / step) * (run.plan.windows.length - step),
    ...(metrics.evalLoss === null ? {} : { evalLoss: metrics.evalLoss }),
  };
}

function save(run: Run): void {
  const { dir } = run.options;
  if (dir === undefined) return;
  const { step, ...facts } = run.state;
  saveCheckpoint<RunFacts>(dir, { step, facts: { runHash: run.runHash, ...facts }, tensors: run.trainer.read() });
}

function evalPlan(options: TrainSftOptions, random: RandomStream): SftPlan | null {
  const { evalExamples = [], config } = options;
  if (evalExamples.length === 0) return null;
  const once: SftConfig = { ...config, epochs: 1, maxSteps: null, accumulation: 1, groupByLength: true };
  return planSft(evalExamples, once, random.fork('eval'));
}

/** Names what decides a run's numbers: settings, rows, base model, dtype, backend, seed. */
function runHash({ model, examples, config, seed, start }: TrainSftOptions): string {
  // Saving and measuring more or less often does not change the numbers.
  const { checkpointEvery: _, evalEvery: __, ...settings } = config;
  return contentHash({
    settings,
    rows: examples.map(({ id, ids, promptLength }) => [
      id,
      promptLength,
      sha256(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength)),
    ]),
    model: model.files.hash,
    computeDtype: model.computeDtype,
    backend: model.backend.name,
    seed: String(seed),
    start: start
      ? Object.entries(start.tensors).map(([key, { data }]) => [
          key,
          sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
        ])
      : null,
  });
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
