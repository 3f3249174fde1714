import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ArmName } from '../../arms';
import type { LongCall } from '../../core';
import { type Adapter, loadAdapter, saveAdapter } from '../../model/adapters';
import { RunDirectory, type RunManifest, readJsonl, writeFileAtomic } from '../../runs';
import { type RlProbe, type RlStepMetrics, trainRl } from '../../train';
import type { ModelHost } from '../model-host';
import type { ResolvedAdditionConfig } from './config';
import type { PreparedAddition } from './prepare';
import type { WarmStart } from './warm-start';

/** One arm of one seed after training. */
export interface TrainedPolicy {
  readonly arm: ArmName;
  readonly seed: number;
  readonly run: RunDirectory;
  readonly manifest: RunManifest;
  readonly metrics: readonly RlStepMetrics[];
  readonly probes: readonly RlProbe[];
  /** Why training ended before its last step; null if it did not. */
  readonly stopped: string | null;
  /** False if it was found on disk. */
  readonly trainedNow: boolean;
  adapter(): Adapter;
}

/** What is told while an arm trains, for live charts. */
export interface TrainingListener {
  readonly onStep?: (arm: ArmName, seed: number, metrics: RlStepMetrics) => void;
  readonly onProbe?: (arm: ArmName, seed: number, probe: RlProbe) => void;
}

/** The run of an arm and a seed: its path does not depend on whether it exists yet. */
export function policyRun(
  root: string,
  host: ModelHost,
  resolved: ResolvedAdditionConfig,
  prepared: PreparedAddition,
  warm: RunDirectory | null,
  arm: ArmName,
  seed: number,
): RunDirectory {
  // How often a checkpoint is saved does not change what is learned.
  const { checkpointEvery: _, ...deciding } = resolved.rl.config;
  return new RunDirectory(root, 'addition-train', {
    format: 1,
    arm,
    seed,
    ...host.identity,
    episodes: prepared.source(arm, seed).hash,
    answers: prepared.answers.names,
    warmStart: warm?.hash ?? null,
    rl: deciding,
  });
}

/**
 * Trains one arm with one seed, or loads it if the same config was trained before; an interrupted run goes on from its last
 * checkpoint. Throws what `trainRl` throws.
 */
export async function trainPolicy(
  host: ModelHost,
  run: RunDirectory,
  resolved: ResolvedAdditionConfig,
  prepared: PreparedAddition,
  warm: WarmStart | null,
  arm: ArmName,
  seed: number,
  { signal, onProgress, onStep, onProbe }: LongCall & TrainingListener,
): Promise<TrainedPolicy> {
  let trainedNow = false;
  const manifest = await run.complete(async () => {
    trainedNow = true;
    const model = await host.load({ signal, onProgress });
    const work = run.file('checkpoint');
    const { episodes, hash } = prepared.source(arm, seed);
    const startedMs = performance.now();
    const result = await trainRl({
      model,
      answers: prepared.answers,
      episodes,
      episodesHash: hash,
      shape: prepared.shape(arm),
      probe: prepared.probe(arm),
      config: resolved.rl.config,
      dir: work,
      seed: `${seed}/rl`,
      ...(warm ? { start: warm.adapter() } : {}),
      ...(signal ? { signal } : {}),
      onProgress: (progress) =>
        onProgress?.({ ...progress, what: `train ${arm}${several(resolved) ? `, seed ${seed}` : ''}` }),
      onStep: (metrics) => onStep?.(arm, seed, metrics),
      onProbe: (probe) => onProbe?.(arm, seed, probe),
    });
    saveAdapter(result.adapter, run.file('adapter'), model);
    const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    writeFileAtomic(run.file('steps.jsonl'), lines(result.metrics));
    writeFileAtomic(run.file('probes.jsonl'), lines(result.probes));
    rmSync(work, { recursive: true, force: true });
    return {
      seconds: (performance.now() - startedMs) / 1000,
      steps: result.steps,
      stopped: result.stopped,
      skippedUpdates: result.metrics.reduce((sum, { skippedUpdates }) => sum + skippedUpdates, 0),
      peakMemoryMb: Math.max(0, ...result.metrics.map(({ peakMemoryMb }) => peakMemoryMb ?? 0)) || null,
      model: host.files.id,
      origins: resolved.rl.origins,
    };
  });
  return {
    arm,
    seed,
    run,
    manifest,
    metrics: readJsonl<RlStepMetrics>(run.file('steps.jsonl')),
    probes: readJsonl<RlProbe>(run.file('probes.jsonl')),
    stopped: (manifest.record.stopped as string | null) ?? null,
    trainedNow,
    adapter: () => loadAdapter(join(run.path, 'adapter'), { config: host.files.config, files: host.files }),
  };
}

function several({ config }: ResolvedAdditionConfig): boolean {
  return config.seeds.length > 1;
}
