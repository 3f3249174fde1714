import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainedArmName } from '../../arms';
import { InternalError, type LongCall } from '../../core';
import { type Adapter, loadAdapter, saveAdapter } from '../../model/adapters';
import { RunDirectory, type RunManifest, readJsonl, writeFileAtomic } from '../../runs';
import { type AdapterWatch, type ResolvedSftConfig, type StepMetrics, trainSft } from '../../train';
import type { ModelHost } from '../model-host';
import type { EncodedArm } from './prepare';

/** One arm after training. */
export interface TrainedArm {
  readonly arm: TrainedArmName;
  readonly run: RunDirectory;
  readonly manifest: RunManifest;
  readonly metrics: readonly StepMetrics[];
  /** False if it was found on disk. */
  readonly trainedNow: boolean;
  adapter(): Adapter;
}

/** The run of an arm: its path does not depend on whether it exists yet. */
export function trainingRun(
  root: string,
  host: ModelHost,
  arm: TrainedArmName,
  encoded: EncodedArm,
  sft: ResolvedSftConfig,
  seed: number,
): RunDirectory {
  // How often a checkpoint is saved does not change what is learned.
  const { checkpointEvery: _, ...deciding } = sft.config;
  return new RunDirectory(root, 'news-train', {
    format: 1,
    arm,
    ...host.identity,
    rows: encoded.hash,
    sft: deciding,
    seed,
  });
}

/**
 * Trains one arm, or loads it if the same config was trained before; an interrupted run goes on from its last
 * checkpoint. Throws what `trainSft` throws.
 */
export async function trainArm(
  host: ModelHost,
  run: RunDirectory,
  arm: TrainedArmName,
  encoded: EncodedArm,
  options: LongCall & { readonly sft: ResolvedSftConfig; readonly seed: number; readonly watch?: AdapterWatch },
): Promise<TrainedArm> {
  let trainedNow = false;
  const adapterDir = run.file('adapter');
  const work = run.file('checkpoint');
  const manifest = await run.complete(async () => {
    trainedNow = true;
    const model = await host.load(options);
    const startedMs = performance.now();
    const result = await trainSft({
      model,
      examples: encoded.train,
      evalExamples: encoded.evaluation,
      config: options.sft.config,
      dir: work,
      seed: `${options.seed}/sft`,
      ...(options.signal ? { signal: options.signal } : {}),
      ...(options.watch ? { watch: options.watch } : {}),
      onProgress: (progress) => {
        const { loss = '', tokensPerSecond = '' } = progress.detail ?? {};
        options.onProgress?.({ ...progress, what: `train ${arm}`, detail: { loss, 'tokens/s': tokensPerSecond } });
      },
    });
    saveAdapter(result.adapter, adapterDir, model);
    writeFileAtomic(run.file('metrics.jsonl'), result.metrics.map((row) => `${JSON.stringify(row)}\n`).join(''));
    rmSync(work, { recursive: true, force: true });
    return {
      seconds: (performance.now() - startedMs) / 1000,
      steps: result.steps,
      skippedSteps: result.skippedSteps,
      paddingShare: result.paddingShare,
      peakMemoryMb: Math.max(0, ...result.metrics.map(({ peakMemoryMb }) => peakMemoryMb ?? 0)) || null,
      droppedRows: [...encoded.dropped, ...result.dropped],
      model: host.files.id,
      origins: options.sft.origins,
    };
  });
  const metrics = readJsonl<StepMetrics>(run.file('metrics.jsonl'));
  if (metrics.length === 0) throw new InternalError(`trainArm: a finished run has metrics, got none (${run.path}).`);
  return {
    arm,
    run,
    manifest,
    metrics,
    trainedNow,
    adapter: () => loadAdapter(join(run.path, 'adapter'), { config: host.files.config, files: host.files }),
  };
}
