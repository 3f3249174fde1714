import { ConfigError, DataError, type RandomStream } from '../../core';
import type { SftConfig } from './config';
import { candidateLengths, type PackedRow, packRows, placesCost } from './pack';

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
  /** The same examples by row; one a row unless they are packed. */
  readonly rows: readonly PackedRow[];
  readonly bucket: number;
}

/** The whole course of a run, known before its first step. */
export interface SftPlan {
  /** One entry a step: its forward passes. */
  readonly windows: readonly (readonly MicroBatch[])[];
  readonly buckets: readonly Bucket[];
  readonly examples: readonly SftExample[];
  readonly dropped: readonly { readonly id: string; readonly reason: string }[];
  /** Share of the places computed over the whole run that hold no token, 0 to 1. */
  readonly paddingShare: number;
}

/** Rows whose length is compared when grouping; more would make batches alike over the epoch. */
const GROUPED_WINDOWS = 8;
/** What one more program costs (its graph is built and loaded), in tokens of training at CPU speed. */
const BUCKET_COST_TOKENS = 3000;
const MAX_BUCKETS = 6;

/**
 * Orders the examples for all epochs, cuts them into windows of batchSize · accumulation rows and these into
 * micro-batches, and picks a few static shapes that waste little padding. The last window of an epoch may be
 * smaller; no example is left out. The same windows come out for 1×12 as for 12×1, and packed or not.
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
  const { buckets, batches } = config.packing
    ? packedBuckets(cut.flat(), kept, config)
    : paddedBuckets(cut.flat(), kept, config.batchSize);
  const laidOut = batches.values();
  const places = batches.reduce((total, { bucket }) => total + buckets[bucket].rows * buckets[bucket].tokens, 0);
  const filled = cut.flat(2).reduce((total, index) => total + placesOf(kept[index]), 0);
  return {
    windows: cut.map((window) => window.map(() => laidOut.next().value!)),
    buckets,
    examples: kept,
    dropped,
    paddingShare: 1 - filled / places,
  };
}

/** Places that an example takes in a row: its last token is only a target. */
function placesOf(example: SftExample): number {
  return example.ids.length - 1;
}

/** Tokens of an example that are predicted. */
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

interface LaidOut {
  readonly buckets: Bucket[];
  readonly batches: MicroBatch[];
}

/**
 * One example a row. Static shapes: lengths rounded up to 8, split into at most six runs so that padded tokens plus
 * the cost of each program are least (dynamic programming over the distinct lengths). Batches of fewer rows, at the end of
 * an epoch, get programs of their own where that costs less than the rows it saves.
 */
function paddedBuckets(
  batches: readonly (readonly number[])[],
  examples: readonly SftExample[],
  rows: number,
): LaidOut {
  const size = (batch: readonly number[]): number =>
    Math.ceil(Math.max(...batch.map((i) => placesOf(examples[i]))) / 8) * 8;
  const laidOut = (some: readonly (readonly number[])[], rowsOfEach: number): LaidOut =>
    inBuckets(
      some.map((batch) => ({ examples: batch, rows: batch.map((i) => [i]), size: size(batch) })),
      examples,
      rowsOfEach,
      (tokens) => ({ rows: rowsOfEach, tokens }),
    );
  const together = laidOut(batches, rows);
  const [full, short] = [
    batches.filter(({ length }) => length === rows),
    batches.filter(({ length }) => length < rows),
  ];
  if (full.length === 0 || short.length === 0) return together;
  const apart = [laidOut(full, rows), laidOut(short, Math.max(...short.map(({ length }) => length)))];
  const costOf = ({ buckets, batches: placed }: LaidOut): number =>
    placed.reduce((sum, { bucket }) => sum + buckets[bucket].rows * buckets[bucket].tokens, 0) +
    buckets.length * BUCKET_COST_TOKENS;
  if (costOf(together) <= costOf(apart[0]) + costOf(apart[1])) return together;
  const [ofFull, ofShort] = apart.map(({ batches: placed }) => placed.values());
  const shift = apart[0].buckets.length;
  return {
    buckets: apart.flatMap(({ buckets }) => buckets),
    batches: batches.map(({ length }) => {
      if (length === rows) return ofFull.next().value!;
      const batch = ofShort.next().value!;
      return { ...batch, bucket: batch.bucket + shift };
    }),
  };
}

/**
 * Several examples a row, all rows of one length; static shapes differ in how many rows they have. Where no length is given,
 * lengths are tried and the cheapest is taken, padded rows, attention and programs included.
 */
function packedBuckets(
  batches: readonly (readonly number[])[],
  examples: readonly SftExample[],
  { packedTokens, maxTokens }: SftConfig,
): LaidOut {
  const places = (index: number): number => placesOf(examples[index]);
  const longest = batches.flat().reduce((sofar, index) => Math.max(sofar, places(index)), 0);
  if (packedTokens !== null && packedTokens < longest)
    throw new ConfigError(
      `planSft: packedTokens must hold the longest example, got ${packedTokens} for ${longest} places. Raise it to ${longest} or lower maxTokens.`,
    );
  const ofLength = (tokens: number): LaidOut & { cost: number } => {
    const laidOut = batches.map((batch) => {
      const rows = packRows(batch, places, tokens);
      return { examples: batch, rows, size: rows.length };
    });
    const chosen = inBuckets(laidOut, examples, tokens, (rows) => ({ rows, tokens }));
    const cost = chosen.batches.reduce(
      (total, { bucket }) => total + placesCost(chosen.buckets[bucket].rows, tokens),
      0,
    );
    return { ...chosen, cost: cost + chosen.buckets.length * BUCKET_COST_TOKENS };
  };
  if (packedTokens !== null) return ofLength(packedTokens);
  const [first, ...others] = candidateLengths(batches, places, maxTokens);
  return others.reduce((best, tokens) => {
    const tried = ofLength(tokens);
    return tried.cost < best.cost ? tried : best;
  }, ofLength(first));
}

/** Few static shapes over the sizes of the batches; a place more of size costs `width` places. */
function inBuckets(
  batches: readonly (Omit<MicroBatch, 'bucket'> & { readonly size: number })[],
  examples: readonly SftExample[],
  width: number,
  shape: (size: number) => Omit<Bucket, 'supervised'>,
): LaidOut {
  const counts = new Map<number, number>();
  for (const { size } of batches) counts.set(size, (counts.get(size) ?? 0) + 1);
  const sizes = splitSizes(
    [...counts.entries()].sort((a, b) => a[0] - b[0]),
    width,
  );
  const supervised = sizes.map(() => 0);
  const placed = batches.map(({ size, examples: members, rows }) => {
    const bucket = sizes.findIndex((limit) => limit >= size);
    const count = members.reduce((total, i) => total + supervisedCount(examples[i]), 0);
    supervised[bucket] = Math.max(supervised[bucket], Math.ceil(count / 16) * 16);
    return { examples: members, rows, bucket };
  });
  return { buckets: sizes.map((size, i) => ({ ...shape(size), supervised: supervised[i] })), batches: placed };
}

/** Upper sizes of the runs; `counts` holds [size, batches] in ascending order of size. */
function splitSizes(counts: readonly (readonly [number, number])[], width: number): number[] {
  const n = counts.length;
  // best[k][i]: least cost of the first i sizes in k runs; a run costs its largest size for all its batches.
  const best = Array.from({ length: MAX_BUCKETS + 1 }, () => new Array<number>(n + 1).fill(Number.POSITIVE_INFINITY));
  const from = Array.from({ length: MAX_BUCKETS + 1 }, () => new Array<number>(n + 1).fill(0));
  best[0][0] = 0;
  for (let k = 1; k <= MAX_BUCKETS; k++)
    for (let i = 1; i <= n; i++) {
      let batches = 0;
      for (let j = i - 1; j >= 0; j--) {
        batches += counts[j][1];
        const cost = best[k - 1][j] + batches * width * counts[i - 1][0] + BUCKET_COST_TOKENS;
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
