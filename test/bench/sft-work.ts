import { RandomStream } from '../../src/core';
import { resolveNewsConfig } from '../../src/experiments/news/config';
import { prepareNews } from '../../src/experiments/news/prepare';
import type { ModelFiles } from '../../src/model/weights';
import { planSft, type SftExample } from '../../src/train';
import type { SftJob } from './job';
import { benchSftConfig } from './sft-config';

const SEED = 1;

/** Rows of the embedded news set, encoded as an experiment's arm MST encodes them (two-sentence briefs with a label). */
export function newsRows(files: ModelFiles, count: number): readonly SftExample[] {
  const config = resolveNewsConfig('quick', {
    trainRows: count,
    evalRows: 0,
    arms: ['mst'],
  });
  return prepareNews(config, files.tokenizer).encoded.mst!.train;
}

/** Rows of exactly `tokens` random ids, of which the second half is predicted. */
export function syntheticRows(count: number, tokens: number, vocabSize: number): readonly SftExample[] {
  const random = new RandomStream('bench/rows');
  return Array.from({ length: count }, (_, row) => ({
    id: `row ${row}`,
    ids: Int32Array.from({ length: tokens }, () => Math.floor(random.uniform() * vocabSize)),
    promptLength: tokens >> 1,
  }));
}

/**
 * The training job of these rows: `epochs` passes, of which the first round warms up. The batches are those that our own plan
 * makes of the rows; the peer gets them as a list.
 */
export function sftJob(
  rows: readonly SftExample[],
  work: {
    readonly batchSize: number;
    readonly rounds: number;
    readonly epochsPerRound?: number;
  },
  rest: Pick<SftJob, 'dtype' | 'quantisation' | 'model' | 'adapter' | 'padTokenId'>,
): SftJob {
  const epochsPerRound = work.epochsPerRound ?? 1;
  const settings = {
    epochs: (work.rounds + 1) * epochsPerRound,
    batchSize: work.batchSize,
    learningRate: 1e-3,
    warmupSteps: 2,
    maxGradNorm: 1,
  };
  const config = benchSftConfig({
    ...settings,
    quantisation: rest.quantisation,
  });
  const plan = planSft(rows, config, new RandomStream(SEED).fork('order'));
  const batches = plan.windows.map((window) => window.flatMap(({ examples }) => [...examples]));
  return {
    kind: 'sft',
    ...rest,
    ...settings,
    rows: plan.examples.map(({ id, ids, promptLength }) => ({
      id,
      ids: [...ids],
      promptLength,
    })),
    batches,
    stepsPerRound: batches.length / (work.rounds + 1),
    seed: SEED,
  };
}

/** Tokens of the rows of one round, and how many of them are predicted. */
export function roundTokens(job: SftJob, round: number): { readonly tokens: number; readonly supervised: number } {
  const rows = job.batches
    .slice(round * job.stepsPerRound, (round + 1) * job.stepsPerRound)
    .flat()
    .map((index) => job.rows[index]);
  const tokens = rows.reduce((sum, { ids }) => sum + ids.length, 0);
  return {
    tokens,
    supervised: tokens - rows.reduce((sum, { promptLength }) => sum + promptLength, 0),
  };
}
