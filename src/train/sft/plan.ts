import { DataError, type RandomStream } from '../../core';
import type { SftConfig } from './config';

/** One encoded row: prompt and completion as token ids; the first `promptLength` are not predicted. */
export interface SftExample {
  readonly id: string;
  readonly ids: Int32Array;
  readonly promptLength: number;
}

/** Static shape of one program: B rows of T tokens with N supervised places. */
export interface Bucket {
  readonly rows: number;
  readonly tokens: number;
  readonly supervised: number;
}

/** One forward pass: which examples (by index) in which bucket (by index). */
export interface MicroBatch {
  readonly examples: readonly number[];
  readonly bucket: number;
}

/** The whole course of a run, known before its first step. */
export interface SftPlan {
  /** One entry a step: its forward passes. */
  readonly windows: readonly (readonly MicroBatch[])[];
  readonly buckets: readonly Bucket[];
  readonly examples: readonly SftExample[];
  readonly dropped: readonly { readonly id: string; readonly reason: string }[];
}

/** Rows whose length is compared when grouping; more would make batches alike over the epoch. */
const GROUPED_WINDOWS = 8;
/** What one more program costs (its graph is built and loaded), in tokens of training at CPU speed. */
const BUCKET_COST_TOKENS = 4000;
const MAX_BUCKETS = 6;

/**
 * Orders the examples for all epochs, cuts them into windows of batchSize · accumulation rows and these into
 * micro-batches, and picks a few static shapes that waste little padding. The last window of an epoch may be
 * smaller; no example is left out. The same windows come out for 1×12 as for 12×1.
 * Rows over maxTokens or without a supervised token are dropped and listed. Throws DataError if none is left.
 */
export function planSft(examples: readonly SftExample[], config: SftConfig, random: RandomStream): SftPlan {
  const { kept, dropped } = usable(examples, config.maxTokens);
  if (kept.length === 0)
    throw new DataError(
      `trainSft: at least one example must have a supervised token within ${config.maxTokens} tokens, got none of ${examples.length} ` +
        `(${dropped[0]?.reason ?? 'no examples given'}). Give examples with completions, or raise maxTokens.`,
    );
  const windowRows = config.batchSize * config.accumulation;
  const windows: number[][] = [];
  for (let epoch = 0; epoch < config.epochs; epoch++)
    windows.push(...epochWindows(kept, windowRows, config.groupByLength, random.fork(`epoch ${epoch}`)));
  if (config.maxSteps !== null) windows.splice(config.maxSteps);
  const cut = windows.map((rows) => cutInto(rows, config.batchSize));
  const { buckets, bucketOf } = chooseBuckets(cut.flat(), kept, config.batchSize);
  return {
    windows: cut.map((batches) => batches.map((rows) => ({ examples: rows, bucket: bucketOf(rows) }))),
    buckets,
    examples: kept,
    dropped,
  };
}

/** Tokens that are predicted in a row; its last token is only a target, so a row of n tokens takes n - 1 places. */
export function supervisedCount(example: SftExample): number {
  return example.ids.length - Math.max(1, example.promptLength);
}

function usable(
  examples: readonly SftExample[],
  maxTokens: number,
): { kept: SftExample[]; dropped: { id: string; reason: string }[] } {
  const kept: SftExample[] = [];
  const dropped: { id: string; reason: string }[] = [];
  for (const example of examples) {
    const { id, ids } = example;
    if (ids.length > maxTokens) dropped.push({ id, reason: `${ids.length} tokens, more than ${maxTokens}` });
    else if (supervisedCount(example) < 1) dropped.push({ id, reason: 'no supervised token' });
    else kept.push(example);
  }
  return { kept, dropped };
}

function epochWindows(
  examples: readonly SftExample[],
  windowRows: number,
  groupByLength: boolean,
  random: RandomStream,
): number[][] {
  const order = random.fork('order').shuffled(examples.map((_, index) => index));
  if (!groupByLength) return cutInto(order, windowRows);
  const windows = cutInto(order, windowRows * GROUPED_WINDOWS).flatMap((group) =>
    cutInto(
      [...group].sort((a, b) => examples[a].ids.length - examples[b].ids.length || a - b),
      windowRows,
    ),
  );
  return random.fork('windows').shuffled(windows);
}

function cutInto<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/**
 * Static shapes for micro-batches: lengths rounded up to 8, split into at most six runs so that padded tokens plus
 * the cost of each program are least (dynamic programming over the distinct lengths).
 */
export function chooseBuckets(
  batches: readonly (readonly number[])[],
  examples: readonly SftExample[],
  rows: number,
): { buckets: Bucket[]; bucketOf: (batch: readonly number[]) => number } {
  const places = (batch: readonly number[]): number => Math.max(...batch.map((i) => examples[i].ids.length - 1));
  const rounded = (batch: readonly number[]): number => Math.ceil(places(batch) / 8) * 8;
  const counts = new Map<number, number>();
  for (const batch of batches) counts.set(rounded(batch), (counts.get(rounded(batch)) ?? 0) + 1);
  const lengths = splitLengths(
    [...counts.entries()].sort((a, b) => a[0] - b[0]),
    rows,
  );
  const bucketOf = (batch: readonly number[]): number => lengths.findIndex((tokens) => tokens >= rounded(batch));
  const supervised = lengths.map(() => 0);
  for (const batch of batches) {
    const count = batch.reduce((total, i) => total + supervisedCount(examples[i]), 0);
    const bucket = bucketOf(batch);
    supervised[bucket] = Math.max(supervised[bucket], Math.ceil(count / 16) * 16);
  }
  return { buckets: lengths.map((tokens, i) => ({ rows, tokens, supervised: supervised[i] })), bucketOf };
}

/** Upper lengths of the runs; `counts` holds [length, batches] in ascending order of length. */
function splitLengths(counts: readonly (readonly [number, number])[], rows: number): number[] {
  const n = counts.length;
  // best[k][i]: least cost of the first i lengths in k runs; a run costs its longest length for all its batches.
  const best = Array.from({ length: MAX_BUCKETS + 1 }, () => new Array<number>(n + 1).fill(Number.POSITIVE_INFINITY));
  const from = Array.from({ length: MAX_BUCKETS + 1 }, () => new Array<number>(n + 1).fill(0));
  best[0][0] = 0;
  for (let k = 1; k <= MAX_BUCKETS; k++)
    for (let i = 1; i <= n; i++) {
      let batches = 0;
      for (let j = i - 1; j >= 0; j--) {
        batches += counts[j][1];
        const cost = best[k - 1][j] + batches * rows * counts[i - 1][0] + BUCKET_COST_TOKENS;
        if (cost < best[k][i]) {
          best[k][i] = cost;
          from[k][i] = j;
        }
      }
    }
  let k = 1;
  for (let runs = 2; runs <= MAX_BUCKETS; runs++) if (best[runs][n] < best[k][n]) k = runs;
  const ends: number[] = [];
  for (let i = n; i > 0; i = from[k--][i]) ends.unshift(counts[i - 1][0]);
  return ends;
}
