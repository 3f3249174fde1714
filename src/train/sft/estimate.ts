import { performance } from 'node:perf_hooks';
import { type LongCall, RandomStream, throwIfAborted, yieldToEventLoop } from '../../core';
import { ADAPTER_VARIABLE, flattenAdapter, initAdapter } from '../../model/adapters';
import type { LoadedModel } from '../../model/families';
import { expectedPeakMb, type MemoryOptions, type RunMemory } from '../memory/run-memory';
import { checkBase, type SftConfig } from './config';
import { refuseUnlessItFits, sftMemory } from './memory';
import { planSft, type SftExample } from './plan';
import { SftTrainer } from './trainer';

/** What a run will take, from its plan and a measured step. */
export interface SftEstimate {
  readonly steps: number;
  /** Tokens of all rows over all epochs, and places computed for them with padding. */
  readonly tokens: number;
  readonly paddedTokens: number;
  readonly programs: number;
  /** Tokens of rows per second in a step of the longest common shape. */
  readonly tokensPerSecond: number;
  /** Share of computed places that hold padding, 0 to 1. */
  readonly paddingShare: number;
  /** What the run holds, bytes by part, from a walk over its programs. */
  readonly memory: RunMemory;
  /** Largest resident set to expect of this process, MB; null on a GPU. */
  readonly peakMemoryMb: number | null;
  /** Building the programs and running all steps; evaluation and checkpoints left out. */
  readonly seconds: number;
}

/**
 * Builds the program of the commonest shape, runs one step to warm up and two that are timed, and extends that over
 * the plan by padded tokens. The adapter that it trains is thrown away. Takes seconds.
 * Throws as `trainSft` does.
 */
export async function estimateSft(
  options: LongCall &
    MemoryOptions & {
      readonly model: LoadedModel;
      readonly examples: readonly SftExample[];
      readonly config: SftConfig;
      readonly seed: number | string;
    },
): Promise<SftEstimate> {
  const { model, examples, config, seed, signal } = options;
  checkBase(config, model);
  const plan = planSft(examples, config, new RandomStream(seed).fork('order'));
  const memory = sftMemory(model, config, plan);
  refuseUnlessItFits(options, memory);
  const peakMemoryMb = expectedPeakMb(model, memory);
  const batches = plan.windows.flat();
  const counts = plan.buckets.map((_, bucket) => batches.filter((batch) => batch.bucket === bucket).length);
  const common = counts.indexOf(Math.max(...counts));
  const probe = plan.windows.find((window) => window.some((batch) => batch.bucket === common)) ?? plan.windows[0];
  const used = [...new Set(probe.map((batch) => batch.bucket))];
  const small = {
    ...plan,
    buckets: used.map((bucket) => plan.buckets[bucket]),
    windows: [probe.map((batch) => ({ ...batch, bucket: used.indexOf(batch.bucket) }))],
  };
  const building = performance.now();
  const trainer = new SftTrainer(model, config, small, null, seed);
  try {
    const adapter = initAdapter(model.config, config.lora, new RandomStream(seed).fork('init'));
    trainer.assign({ [ADAPTER_VARIABLE]: trainer.vector(flattenAdapter(adapter, trainer.layout)) });
    await trainer.step(0, 0);
    await yieldToEventLoop();
    throwIfAborted(signal, 'estimateSft');
    const started = performance.now();
    const { tokens } = await trainer.step(0, 1);
    const first = (performance.now() - started) / 1000;
    // Buffers settle over the first steps: the faster of two is nearer to the run's mean.
    await trainer.step(0, 2);
    const seconds = Math.min(first, (performance.now() - started) / 1000 - first);
    const placesOf = (list: readonly { bucket: number }[]): number =>
      list.reduce((total, { bucket }) => total + plan.buckets[bucket].rows * plan.buckets[bucket].tokens, 0);
    const paddedTokens = placesOf(batches);
    const buildSeconds = Math.max(0, (started - building) / 1000 - seconds);
    return {
      steps: plan.windows.length,
      tokens: batches.reduce(
        (sum, { examples: rows }) => sum + rows.reduce((n, i) => n + plan.examples[i].ids.length, 0),
        0,
      ),
      paddedTokens,
      paddingShare: plan.paddingShare,
      memory,
      peakMemoryMb,
      programs: plan.buckets.length,
      tokensPerSecond: tokens / seconds,
      seconds: (paddedTokens / placesOf(probe)) * seconds + (buildSeconds * plan.buckets.length) / used.length,
    };
  } finally {
    trainer.dispose();
  }
}
