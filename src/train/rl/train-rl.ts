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
import { type Adapter, flattenAdapter, initAdapter, unflattenAdapter } from '../../model/adapters';
import type { LoadedModel } from '../../model/families';
import type { AnswerTokens } from '../../model/generate';
import { loadCheckpoint, saveCheckpoint } from '../checkpoint';
import { type PeakMemory, peakMemory } from '../memory/machine-memory';
import type { MemoryOptions } from '../memory/run-memory';
import { appendStepLine, rewindStepLines } from '../step-lines';
import type { RlConfig } from './config';
import { type Episode, type EpisodeSource, episodesOf, type ProbePrompt } from './episode';
import { refuseUnlessRlFits } from './memory';
import { type RlProbe, summariseProbe } from './probe';
import { type RlStepMetrics, summariseStep } from './step-metrics';
import { RlTrainer, rlGraph } from './trainer';

/** A run that skips this many updates in a row is beyond recovery. */
const MAX_SKIPPED_IN_A_ROW = 10;

export interface TrainRlOptions extends LongCall, MemoryOptions {
  readonly model: LoadedModel;
  readonly answers: AnswerTokens;
  readonly episodes: EpisodeSource;
  /** Names what `episodes` gives, for the run's hash: a function cannot be hashed. */
  readonly episodesHash: string;
  /** Prompts that show the common beginning and the greatest length of all that will come. */
  readonly shape: readonly Int32Array[];
  /** Asked every `probeEvery` steps; without prompts nothing watches whether the label is read. */
  readonly probe?: readonly ProbePrompt[];
  /** From `resolveRlConfig`. */
  readonly config: RlConfig;
  /** Run directory for checkpoints, `steps.jsonl` and `probes.jsonl`; with one, an interrupted run goes on where it was. */
  readonly dir?: string;
  /** Forked by purpose: sampling, order of mini-batches, the adapter's start. */
  readonly seed: number | string;
  /** Where training starts, e.g. after a supervised warm start; default: a fresh adapter. */
  readonly start?: Adapter;
  /** Called after every step and after every probe, for live charts. */
  readonly onStep?: (metrics: RlStepMetrics) => void;
  readonly onProbe?: (probe: RlProbe) => void;
}

export interface RlResult {
  readonly adapter: Adapter;
  /** Steps made, resumed ones included; fewer than configured if the run stopped itself. */
  readonly steps: number;
  readonly metrics: readonly RlStepMetrics[];
  readonly probes: readonly RlProbe[];
  /** Why it ended before its last step; null if it did not. */
  readonly stopped: string | null;
  readonly compiled: readonly CompiledProgram[];
}

interface RunFacts {
  readonly runHash: string;
  readonly updates: number;
  readonly skippedInARow: number;
  readonly collapsedInARow: number;
  readonly elapsedSeconds: number;
}

/**
 * Trains a LoRA adapter so that one forced answer a prompt earns more reward. Each step asks the prompts that `episodes` gives
 * for it, draws answers, and updates by the configured estimator. Yields to the event loop between steps.
 *
 * With `dir`, a run that was aborted or killed continues from its last checkpoint and gives bit for bit what it would have given;
 * a kill loses at most `checkpointEvery` steps. An update whose gradient is not finite changes nothing and is counted.
 * Throws MachineError before it begins if memory will not suffice (with what would fit), ConfigError (base not loaded as
 * configured; `dir` holds another run), DataError (an episode or its reward), NumericError (ten updates in a row not finite),
 * AbortedError.
 */
export async function trainRl(options: TrainRlOptions): Promise<RlResult> {
  const { model, config, dir, seed, signal, probe = [], answers, shape } = options;
  if (config.baseQuantisation !== model.quantisation)
    throw new ConfigError(
      `trainRl: the base must be loaded as the config says, baseQuantisation "${config.baseQuantisation}", got a model loaded with quantisation "${model.quantisation}" (loadModel). Load it with { quantisation: '${config.baseQuantisation}' } or override baseQuantisation.`,
    );
  throwIfAborted(signal, 'trainRl', 'Nothing has begun');
  const graphOf = (changed: RlConfig) => rlGraph({ model, config: changed, answers, shape, probe });
  refuseUnlessRlFits(model, config, graphOf, options);
  const run: Run = {
    options,
    runHash: runHash(options),
    memory: peakMemory(model.backend),
    trainer: new RlTrainer({ model, config, answers, shape, probe, seed }),
    metrics: [],
    probes: [],
    stopped: null,
    state: { step: 0, updates: 0, skippedInARow: 0, collapsedInARow: 0, elapsedSeconds: 0 },
  };
  try {
    begin(run);
    if (run.state.step === 0 && run.probes.length === 0) await probeNow(run);
    while (run.state.step < config.steps && run.stopped === null) {
      if (signal?.aborted) save(run);
      throwIfAborted(
        signal,
        'trainRl',
        dir === undefined ? 'Without dir nothing is kept' : `Step ${run.state.step} is saved in ${dir}`,
      );
      await oneStep(run);
    }
    save(run);
    return {
      adapter: unflattenAdapter(run.trainer.adapter(), run.trainer.layout),
      steps: run.state.step,
      metrics: run.metrics,
      probes: run.probes,
      stopped: run.stopped,
      compiled: config.xla === 'off' ? [] : run.trainer.compiled,
    };
  } finally {
    run.trainer.dispose();
  }
}

interface Run {
  readonly options: TrainRlOptions;
  readonly runHash: string;
  readonly memory: PeakMemory;
  readonly trainer: RlTrainer;
  metrics: RlStepMetrics[];
  probes: RlProbe[];
  stopped: string | null;
  state: { step: number; updates: number; skippedInARow: number; collapsedInARow: number; elapsedSeconds: number };
}

const STEPS = 'steps.jsonl';
const PROBES = 'probes.jsonl';

function begin(run: Run): void {
  const { model, config, dir, start, seed } = run.options;
  const { trainer } = run;
  const first = start ?? initAdapter(model.config, config.lora, new RandomStream(seed).fork('init'));
  const flat = flattenAdapter(first, trainer.layout);
  const saved = dir === undefined ? null : loadCheckpoint<RunFacts>(dir);
  if (saved && saved.facts.runHash !== run.runHash)
    throw new ConfigError(
      `trainRl: dir must hold this run or none, got one of another config, prompts, model or seed (${dir}). Choose another dir or remove it.`,
    );
  trainer.begin(flat);
  if (saved) {
    const { runHash: _, ...facts } = saved.facts;
    trainer.assign(saved.tensors);
    run.state = { step: saved.step, ...facts };
  }
  if (dir === undefined) return;
  run.metrics = rewindStepLines<RlStepMetrics>(join(dir, STEPS), run.state.step);
  run.probes = rewindStepLines<RlProbe>(join(dir, PROBES), saved ? run.state.step : -1);
  if (run.state.step < config.steps) run.stopped = whyStopped(run);
}

async function oneStep(run: Run): Promise<void> {
  const { config, answers, episodes, onProgress, onStep, dir } = run.options;
  const { state, trainer } = run;
  let own: readonly Episode[];
  try {
    own = episodesOf(episodes, state.step, answers.ids.length, config);
    trainer.refuseUnlessFits(state.step, own);
  } catch (cause) {
    save(run);
    throw cause;
  }
  run.memory.reset();
  const started = performance.now();
  const record = await trainer.step(state.step, state.updates, own);
  const seconds = (performance.now() - started) / 1000;
  const summary = summariseStep(record, config.samplesPerPrompt, config.clip);
  state.step++;
  state.elapsedSeconds += seconds;
  state.updates += summary.updates;
  state.skippedInARow = summary.updates > 0 ? 0 : state.skippedInARow + summary.skippedUpdates;
  const metrics: RlStepMetrics = {
    ...summary,
    seconds,
    elapsedSeconds: state.elapsedSeconds,
    episodesPerSecond: (config.promptsPerStep * config.samplesPerPrompt) / seconds,
    peakMemoryMb: run.memory.readMb(),
  };
  run.metrics.push(metrics);
  if (dir !== undefined) appendStepLine(join(dir, STEPS), metrics);
  onStep?.(metrics);
  onProgress?.({
    what: 'train',
    done: state.step,
    total: config.steps,
    unit: 'steps',
    detail: { reward: metrics.expectedReward, entropy: metrics.entropy, 'episodes/s': metrics.episodesPerSecond },
  });
  if (state.skippedInARow >= MAX_SKIPPED_IN_A_ROW)
    throw new NumericError(
      `trainRl: gradients must be finite, got ${state.skippedInARow} updates in a row with NaN or infinity (up to step ${state.step}). Lower the learning rate, or train in f32.`,
    );
  const last = state.step === config.steps;
  if (last || (config.probeEvery > 0 && state.step % config.probeEvery === 0)) await probeNow(run);
  if (config.checkpointEvery > 0 && state.step % config.checkpointEvery === 0 && !last) save(run);
  await yieldToEventLoop();
}

/** Asks the probe and decides whether to go on. */
async function probeNow(run: Run): Promise<void> {
  const { config, dir, onProbe } = run.options;
  const { state } = run;
  const answers = await run.trainer.probe();
  if (answers.length === 0) return;
  const probe = summariseProbe(answers, state.step, config.alarmBelow);
  run.probes.push(probe);
  if (dir !== undefined) appendStepLine(join(dir, PROBES), probe);
  onProbe?.(probe);
  state.collapsedInARow = probe.alarm === 'collapsed' ? state.collapsedInARow + 1 : 0;
  run.stopped = whyStopped(run);
}

/** Why the run does not go on; a run that stopped itself stays so when it is opened again. */
function whyStopped({ state, options: { config } }: Run): string | null {
  if (config.stopWhenCollapsed === 0 || state.collapsedInARow < config.stopWhenCollapsed) return null;
  return `the label was ignored and no entropy was left in ${state.collapsedInARow} probes in a row, up to step ${state.step} of ${config.steps}`;
}

function save(run: Run): void {
  const { dir } = run.options;
  if (dir === undefined) return;
  const { step, ...facts } = run.state;
  saveCheckpoint<RunFacts>(dir, { step, facts: { runHash: run.runHash, ...facts }, tensors: run.trainer.read() });
}

/** Names what decides a run's numbers: settings, episodes, base model, dtype, backend, seed, start. */
function runHash({ model, config, seed, start, episodesHash, answers, shape }: TrainRlOptions): string {
  // Saving and measuring more or less often does not change the numbers, unless a probe may end the run.
  const { checkpointEvery: _, probeEvery, alarmBelow, ...settings } = config;
  const ending = config.stopWhenCollapsed > 0 ? { probeEvery, alarmBelow } : {};
  const bytes = (data: Int32Array | Float32Array) =>
    sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return contentHash({
    settings: { ...settings, ...ending },
    episodes: episodesHash,
    answers: answers.ids,
    shape: shape.map(bytes),
    model: model.files.hash,
    computeDtype: model.computeDtype,
    backend: model.backend.name,
    seed: String(seed),
    start: start ? Object.entries(start.tensors).map(([key, { data }]) => [key, bytes(data as Float32Array)]) : null,
  });
}
