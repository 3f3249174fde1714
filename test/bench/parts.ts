import { join } from 'node:path';
import { productFlops, productsOf } from '../../src/compute/profile';
import { RandomStream } from '../../src/core';
import { adapterLayout, initAdapter, saveAdapter } from '../../src/model/adapters';
import type { ModelFiles } from '../../src/model/weights';
import { planSft, type SftExample, stepProgram } from '../../src/train';
import { checkLosses, checkTokens } from './checks';
import { type BenchDtype, DTYPES, type GenerateJob, type SftJob, SIDES, type Side } from './job';
import { stepFlops } from './multiply-adds';
import type { Part, ResultRow } from './results';
import { type Contestant, compete, type Entry, type Launch } from './rounds';
import { BENCH_BATCH, BENCH_LORA, benchSftConfig } from './sft-config';
import { newsRows, roundTokens, sftJob, syntheticRows } from './sft-work';
import { measured, median } from './statistics';

/** What all parts share. */
export interface BenchContext {
  readonly files: ModelFiles;
  /** How our side names the model, and the folder with the same weights for the peer. */
  readonly model: Readonly<Record<Side, string>>;
  readonly launch: Readonly<Record<Side, Launch>>;
  readonly cache: string;
  readonly rounds: number;
  readonly quick: boolean;
  readonly say: (text: string) => void;
}

export interface PartResult {
  readonly rows: readonly ResultRow[];
  readonly about: Readonly<Record<string, string>>;
}

/** (a) LoRA training on news rows in f32 and bf16, or (b) with the base in NF4. Memory (d) and roofline share (e) come with it. */
export async function trainingPart(context: BenchContext, part: 'sft' | 'qlora'): Promise<PartResult> {
  const { files, rounds, quick } = context;
  const rows = newsRows(files, quick ? 24 : 64);
  const quantisation = part === 'qlora' ? 'nf4' : 'none';
  const dtypes: readonly BenchDtype[] = part === 'qlora' ? ['bf16'] : DTYPES;
  const job = jobMaker(context, rows, { batchSize: BENCH_BATCH, rounds }, quantisation);
  const found = await run(
    context,
    DTYPES.filter((dtype) => dtypes.includes(dtype)).flatMap((dtype) => both(job, dtype)),
    checkLosses,
  );
  const differences = checkLosses(found);
  const work = `${rows.length} news rows, batch ${BENCH_BATCH}, LoRA r ${BENCH_LORA.rank} on 7 projections${part === 'qlora' ? ', NF4 base' : ''}`;
  const one = job('ours', 'f32');
  const flops = {
    needed: neededFlops(files, one),
    executed: executedFlops(files, one, rows),
  };
  return resultOf(found, (contestant) => {
    const rates = contestant.rounds.map(({ seconds }, i) => roundTokens(one, i + 1).supervised / seconds);
    const shares = contestant.rounds.flatMap(({ seconds, matmulGflopPerSecond }, i) =>
      matmulGflopPerSecond
        ? [{ needed: flops.needed[i + 1], executed: flops.executed[i + 1] }].map(({ needed, executed }) => ({
            needed: needed / seconds / (matmulGflopPerSecond * 1e9),
            executed: executed / seconds / (matmulGflopPerSecond * 1e9),
          }))
        : [],
    );
    const matmul = contestant.rounds.flatMap((round) => round.matmulGflopPerSecond ?? []);
    return {
      part,
      work,
      unit: 'supervised tokens/s',
      rounds: rates,
      tokensPerSecond: median(contestant.rounds.map(({ seconds }, i) => roundTokens(one, i + 1).tokens / seconds)),
      ...(shares.length > 0
        ? {
            rooflineShare: median(shares.map(({ needed }) => needed)),
            executedShare: median(shares.map(({ executed }) => executed)),
            matmulGflopPerSecond: median(matmul),
          }
        : {}),
      equal: `losses of ${one.batches.length} steps within ${(differences[contestant.dtype] ?? Number.NaN).toPrecision(2)}`,
    };
  });
}

/** (c) Greedy generation of 128 tokens after 16 prompts in one batch. */
export async function generationPart(context: BenchContext): Promise<PartResult> {
  const { files, quick } = context;
  const newTokens = quick ? 32 : 128;
  const prompts = newsRows(files, 64)
    .slice(0, 16)
    .map(({ id, ids, promptLength }) => ({
      id,
      ids: [...ids.slice(0, promptLength)],
    }));
  const job = (side: Side, dtype: BenchDtype): GenerateJob => ({
    kind: 'generate',
    dtype,
    model: context.model[side],
    prompts,
    newTokens,
    padTokenId: files.tokenizer.padTokenId,
  });
  const found = await run(
    context,
    DTYPES.flatMap((dtype) => both(job, dtype)),
    checkTokens,
  );
  const shares = checkTokens(found);
  return resultOf(found, ({ rounds, dtype }) => ({
    part: 'generate',
    work: `${prompts.length} prompts x ${newTokens} new tokens, greedy`,
    unit: 'new tokens/s',
    rounds: rounds.map(({ seconds }) => (prompts.length * newTokens) / seconds),
    equal: `${(100 * (shares[dtype] ?? 0)).toFixed(2)}% of tokens identical`,
  }));
}

/** (f) How training grows with the length of the rows and with the batch, in the dtype that is faster on each side. */
export async function growthPart(
  context: BenchContext,
  dtypeOf: Readonly<Record<Side, BenchDtype>>,
): Promise<PartResult> {
  const tokens = context.quick ? [64, 128] : [64, 128, 256, 512];
  const batches = context.quick ? [1, 4] : [1, 4, 8, 16];
  const shapes = [
    ...tokens.map((length) => ({ batch: 4, length })),
    ...batches.filter((batch) => batch !== 4).map((batch) => ({ batch, length: 128 })),
  ];
  const rows: ResultRow[] = [];
  let about: Readonly<Record<string, string>> = {};
  for (const { batch, length } of shapes) {
    const examples = syntheticRows(batch, length, context.files.config.vocabSize);
    const job = jobMaker(context, examples, { batchSize: batch, rounds: context.rounds, epochsPerRound: 2 }, 'none');
    const entries = SIDES.map(
      (side): Entry => ({
        side,
        dtype: dtypeOf[side],
        job: job(side, dtypeOf[side]),
      }),
    );
    const found = await run(context, entries, checkLosses);
    const one = entries[0].job as SftJob;
    const result = resultOf(found, ({ rounds }) => ({
      part: 'growth',
      work: `batch ${batch} x ${length} tokens`,
      unit: 'tokens/s',
      rounds: rounds.map(({ seconds }, i) => roundTokens(one, i + 1).tokens / seconds),
    }));
    rows.push(...result.rows);
    about = { ...about, ...result.about };
  }
  return { rows, about };
}

type JobMaker = (side: Side, dtype: BenchDtype) => SftJob;

function jobMaker(
  { files, model, cache }: BenchContext,
  rows: readonly SftExample[],
  work: {
    readonly batchSize: number;
    readonly rounds: number;
    readonly epochsPerRound?: number;
  },
  quantisation: SftJob['quantisation'],
): JobMaker {
  const adapter = join(cache, 'adapter');
  saveAdapter(initAdapter(files.config, BENCH_LORA, new RandomStream('bench/adapter')), adapter, {
    config: files.config,
    files,
  });
  const { padTokenId } = files.tokenizer;
  return (side, dtype) =>
    sftJob(rows, work, {
      dtype,
      quantisation,
      model: model[side],
      adapter,
      padTokenId,
    });
}

export function both<J extends Entry['job']>(job: (side: Side, dtype: BenchDtype) => J, dtype: BenchDtype): Entry[] {
  return SIDES.map((side) => ({ side, dtype, job: job(side, dtype) }));
}

export function run(
  { rounds, launch, cache, say }: BenchContext,
  entries: readonly Entry[],
  check: (found: readonly Contestant[]) => unknown,
): Promise<readonly Contestant[]> {
  return compete(entries, {
    rounds,
    launch,
    folder: join(cache, 'jobs'),
    check,
    say,
  });
}

type RowFacts = Pick<ResultRow, 'work' | 'unit' | 'rounds'> & {
  readonly part: Part;
} & Partial<ResultRow>;

export function resultOf(found: readonly Contestant[], facts: (contestant: Contestant) => RowFacts): PartResult {
  const date = new Date().toISOString();
  const rows = found.map((contestant): ResultRow => {
    const { side, dtype, peakBytes, othersShares } = contestant;
    const known = facts(contestant);
    return {
      ...known,
      side,
      dtype,
      ...measured(known.rounds),
      ...(peakBytes ? { peakBytes } : {}),
      ...(othersShares.length > 0 ? { othersShare: Math.max(...othersShares) } : {}),
      date,
    };
  });
  const about: Record<string, string> = {};
  for (const contestant of found)
    for (const [name, value] of Object.entries(contestant.about))
      if (name !== 'ready') about[name === 'threads' ? 'torch threads' : name] = String(value);
  return { rows, about };
}

/** Operations that each round needs. */
function neededFlops(files: ModelFiles, job: SftJob): number[] {
  const steps = job.batches.map((batch) =>
    stepFlops(
      files.config,
      BENCH_LORA.rank,
      batch
        .map((index) => job.rows[index])
        .map(({ ids, promptLength }) => ({
          places: ids.length - 1,
          supervised: ids.length - promptLength,
        })),
    ),
  );
  return sumByRound(steps, job.stepsPerRound);
}

/** Operations of all matrix products that our programs run in each round, padding and recomputation included. */
function executedFlops(files: ModelFiles, job: SftJob, rows: readonly SftExample[]): number[] {
  const config = benchSftConfig(job);
  const plan = planSft(rows, config, new RandomStream(job.seed).fork('order'));
  const graph = {
    model: files.config,
    layout: adapterLayout(files.config, config.lora),
    computeDtype: 'f32',
    config,
  } as const;
  const each = plan.buckets.map((bucket) => {
    const { outputs, updates } = stepProgram(graph, bucket);
    return productFlops(productsOf([...Object.values(outputs), ...updates.map(({ value }) => value)]));
  });
  const steps = plan.windows.map((window) => window.reduce((sum, { bucket }) => sum + each[bucket], 0));
  return sumByRound(steps, job.stepsPerRound);
}

function sumByRound(steps: readonly number[], stepsPerRound: number): number[] {
  const sums: number[] = [];
  steps.forEach((value, step) => {
    const round = Math.floor(step / stepsPerRound);
    sums[round] = (sums[round] ?? 0) + value;
  });
  return sums;
}
