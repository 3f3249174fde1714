import type { LongCall } from '../../core';
import type { Adapter } from '../../model/adapters';
import type { Completion, Generator } from '../../model/generate';
import { appendJsonl, RunDirectory, readJsonl } from '../../runs';
import type { EvalItem } from '../../tasks';
import type { ModelHost } from '../model-host';
import { idsHash } from '../rows-hash';
import type { Switched } from '../switched';
import { type Condition, runRecord } from './conditions';
import type { NewsConfig } from './config';

/** A text that a model wrote under a condition. */
export interface SampledText {
  readonly topicId: string;
  readonly text: string;
  readonly tokens: number;
  /** True if it was cut at the longest length. */
  readonly truncated: boolean;
}

/** What is to be sampled: one run for each condition and temperature. */
export interface SampleJob {
  readonly condition: Condition;
  readonly temperature: number;
  readonly run: RunDirectory;
  readonly prompts: readonly { readonly id: string; readonly ids: Int32Array }[];
}

export function sampleJob(
  root: string,
  host: ModelHost,
  config: NewsConfig,
  condition: Condition,
  temperature: number,
  adapterHash: string | null,
  prompts: readonly { readonly id: string; readonly ids: Int32Array }[],
): SampleJob {
  const { topP, maxNewTokens, seed } = config;
  const run = new RunDirectory(root, 'news-samples', {
    format: 1,
    ...host.identity,
    adapter: adapterHash,
    prompts: idsHash(prompts),
    sampling: { temperature, topP, maxNewTokens },
    seed,
  });
  return { condition, temperature, run, prompts };
}

/**
 * Samples the jobs of one adapter that are not on disk yet, several prompts side by side. Each text is kept when it is
 * finished, so that an interruption loses only those that are being written.
 */
export async function sampleJobs(
  generators: Switched<Generator>,
  adapter: () => Adapter | null,
  jobs: readonly SampleJob[],
  config: NewsConfig,
  call: LongCall & { readonly what: string },
): Promise<void> {
  // The generator keeps the shape of its first call: the longest prompts go first.
  const longest = (job: SampleJob) => Math.max(...job.prompts.map(({ ids }) => ids.length));
  const open = jobs.filter((job) => job.run.manifest() === null).sort((a, b) => longest(b) - longest(a));
  if (open.length === 0) return;
  const total = open.reduce((sum, job) => sum + job.prompts.length, 0);
  const generator = await generators.under(adapter());
  let before = 0;
  for (const job of open) {
    await job.run.complete(async () => {
      const startedMs = performance.now();
      const path = job.run.file('texts.jsonl');
      const have = new Set(readJsonl<SampledText>(path).map((row) => row.topicId));
      const missing = job.prompts.filter(({ id }) => !have.has(id));
      await generator.generate(missing, {
        maxNewTokens: config.maxNewTokens,
        temperature: job.temperature,
        topP: config.topP,
        seed: `${config.seed}/sample`,
        batchSize: config.generateBatch,
        ...(call.signal ? { signal: call.signal } : {}),
        onBatch: (completions) => appendJsonl(path, completions.map(sampledText)),
        onProgress: ({ done }) =>
          call.onProgress?.({
            what: call.what,
            done: before + have.size + done,
            total,
            unit: 'texts',
            detail: { under: job.condition.label?.value ?? 'no label', temperature: job.temperature },
          }),
      });
      return runRecord(job.condition, startedMs);
    });
    before += job.prompts.length;
  }
}

function sampledText({ id, text, tokenIds, truncated }: Completion): SampledText {
  return { topicId: id, text, tokens: tokenIds.length, truncated };
}

/** The texts of a finished job in the order of its items. */
export function readSamples(job: SampleJob, items: readonly EvalItem[]): SampledText[] {
  const rows = new Map(readJsonl<SampledText>(job.run.file('texts.jsonl')).map((row) => [row.topicId, row]));
  return items.flatMap(({ topicId }) => rows.get(topicId) ?? []);
}
