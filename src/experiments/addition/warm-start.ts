import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LongCall } from '../../core';
import { type Adapter, loadAdapter, saveAdapter } from '../../model/adapters';
import { RunDirectory, type RunManifest, readJsonl, writeFileAtomic } from '../../runs';
import { type StepMetrics, trainSft } from '../../train';
import type { ModelHost } from '../model-host';
import { idsHash } from '../rows-hash';
import type { ResolvedAdditionConfig } from './config';
import type { PreparedAddition } from './prepare';

/** The policy that every arm starts from: it knows the task and has seen no label. */
export interface WarmStart {
  readonly run: RunDirectory;
  readonly manifest: RunManifest;
  readonly metrics: readonly StepMetrics[];
  /** False if it was found on disk. */
  readonly trainedNow: boolean;
  adapter(): Adapter;
}

/** The run of the warm start: its path does not depend on whether it exists yet. Null where the config asks for none. */
export function warmStartRun(
  host: ModelHost,
  { config, warmStart }: ResolvedAdditionConfig,
  prepared: PreparedAddition,
  root: string,
): RunDirectory | null {
  if (config.warmSteps === 0) return null;
  const { checkpointEvery: _, ...deciding } = warmStart.config;
  return new RunDirectory(root, 'addition-warm-start', {
    format: 1,
    ...host.identity,
    rows: idsHash(prepared.warmRows()),
    sft: deciding,
  });
}

/**
 * Trains the warm start once, or loads it: cross-entropy of the right answer on training problems without labels. Null where the
 * config asks for none. An interrupted one goes on from its last checkpoint. Throws what `trainSft` throws.
 */
export async function ensureWarmStart(
  host: ModelHost,
  resolved: ResolvedAdditionConfig,
  prepared: PreparedAddition,
  root: string,
  call: LongCall,
): Promise<WarmStart | null> {
  const { config, warmStart } = resolved;
  const run = warmStartRun(host, resolved, prepared, root);
  if (!run) return null;
  let trainedNow = false;
  const manifest = await run.complete(async () => {
    trainedNow = true;
    const model = await host.load(call);
    const work = run.file('checkpoint');
    const startedMs = performance.now();
    const result = await trainSft({
      model,
      examples: prepared.warmRows(),
      config: warmStart.config,
      dir: work,
      seed: `${config.dataSeed}/warm start`,
      ...(call.signal ? { signal: call.signal } : {}),
      onProgress: (progress) => call.onProgress?.({ ...progress, what: 'warm start' }),
    });
    saveAdapter(result.adapter, run.file('adapter'), model);
    writeFileAtomic(run.file('metrics.jsonl'), result.metrics.map((row) => `${JSON.stringify(row)}\n`).join(''));
    rmSync(work, { recursive: true, force: true });
    return {
      seconds: (performance.now() - startedMs) / 1000,
      steps: result.steps,
      skippedSteps: result.skippedSteps,
      model: host.files.id,
    };
  });
  return {
    run,
    manifest,
    metrics: readJsonl<StepMetrics>(run.file('metrics.jsonl')),
    trainedNow,
    adapter: () => loadAdapter(join(run.path, 'adapter'), { config: host.files.config, files: host.files }),
  };
}
