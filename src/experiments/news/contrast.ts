import type { LongCall } from '../../core';
import type { Adapter } from '../../model/adapters';
import type { Scorer } from '../../model/generate';
import { RunDirectory, readJsonl, writeFileAtomic } from '../../runs';
import type { ModelHost } from '../model-host';
import { idsHash } from '../rows-hash';
import type { Switched } from '../switched';
import { type Condition, runRecord } from './conditions';

/** Log-probabilities (nats) of a topic's texts under a condition, by the value each was written for. */
export interface ContrastScores {
  readonly topicId: string;
  readonly logprobs: Readonly<Record<string, number>>;
}

/** One topic's prompt under a condition, and its texts. */
export interface ContrastItem {
  readonly topicId: string;
  readonly promptIds: Int32Array;
  readonly values: readonly string[];
  readonly texts: readonly Int32Array[];
}

export interface ContrastJob {
  readonly condition: Condition;
  readonly run: RunDirectory;
  readonly items: readonly ContrastItem[];
}

export function contrastJob(
  root: string,
  host: ModelHost,
  condition: Condition,
  adapterHash: string | null,
  items: readonly ContrastItem[],
): ContrastJob {
  const rows = items.flatMap(({ topicId, promptIds, values, texts }) => [
    { id: topicId, ids: promptIds },
    ...texts.map((ids, index) => ({ id: `${topicId} as ${values[index]}`, ids })),
  ]);
  const run = new RunDirectory(root, 'news-contrast', {
    format: 1,
    ...host.identity,
    adapter: adapterHash,
    rows: idsHash(rows),
  });
  return { condition, run, items };
}

/** Scores the jobs of one adapter that are not on disk yet; forward passes only. */
export async function contrastJobs(
  scorers: Switched<Scorer>,
  adapter: () => Adapter | null,
  jobs: readonly ContrastJob[],
  call: LongCall & { readonly what: string },
): Promise<void> {
  const open = jobs.filter((job) => job.run.manifest() === null);
  if (open.length === 0) return;
  const total = open.reduce((sum, job) => sum + job.items.length, 0);
  const scorer = await scorers.under(adapter());
  let before = 0;
  for (const job of open) {
    await job.run.complete(async () => {
      const startedMs = performance.now();
      const scored = await scorer.score(
        job.items.map(({ topicId, promptIds, texts }) => ({ id: topicId, promptIds, texts })),
        {
          ...(call.signal ? { signal: call.signal } : {}),
          onProgress: ({ done, total: rows }) =>
            call.onProgress?.({
              what: call.what,
              done: before + Math.floor((done / rows) * job.items.length),
              total,
              unit: 'topics',
              detail: { under: job.condition.label?.value ?? 'no label' },
            }),
        },
      );
      const rows = scored.map(({ id, logprobs }, index): ContrastScores => {
        const { values } = job.items[index];
        return { topicId: id, logprobs: Object.fromEntries(values.map((value, at) => [value, logprobs[at]])) };
      });
      writeFileAtomic(job.run.file('scores.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
      return runRecord(job.condition, startedMs);
    });
    before += job.items.length;
  }
}

export function readContrast(job: ContrastJob): ContrastScores[] {
  const rows = new Map(readJsonl<ContrastScores>(job.run.file('scores.jsonl')).map((row) => [row.topicId, row]));
  return job.items.flatMap(({ topicId }) => rows.get(topicId) ?? []);
}
