import { RandomStream } from '../../src/core';
import { resolveAdditionConfig } from '../../src/experiments/addition/config';
import { prepareAddition } from '../../src/experiments/addition/prepare';
import { type Adapter, initAdapter } from '../../src/model/adapters';
import type { ModelFiles } from '../../src/model/weights';
import { type RlConfig, resolveRlConfig } from '../../src/train';
import type { RlJob } from './job';
import { BENCH_LORA } from './sft-config';

const SEED = 1;

type Settings = Pick<
  RlJob,
  'estimator' | 'promptsPerStep' | 'samplesPerPrompt' | 'learningRate' | 'maxGradNorm' | 'clip'
>;

/** Settings of a reinforcement job: neither KL nor bonus nor probe, one update a step, as the peer does it by default. */
export function benchRlConfig(job: Settings & { readonly prompts: readonly unknown[] }): RlConfig {
  return resolveRlConfig(null, {
    lora: BENCH_LORA,
    estimator: job.estimator,
    steps: job.prompts.length / job.promptsPerStep,
    promptsPerStep: job.promptsPerStep,
    samplesPerPrompt: job.samplesPerPrompt,
    learningRate: job.learningRate,
    schedule: 'constant',
    warmupSteps: 0,
    maxGradNorm: job.maxGradNorm,
    entropy: { from: 0, to: 0 },
    kl: { coefficient: 0, logEvery: 0 },
    clip: job.clip,
    maxMeanRatio: null,
    probeEvery: 0,
    checkpointEvery: 0,
  }).config;
}

/** The job of these many steps on the prompts and rewards of the sycophancy experiment's arm MST; the first round warms up. */
export function rlJob(
  files: ModelFiles,
  work: Pick<RlJob, 'estimator' | 'promptsPerStep' | 'samplesPerPrompt' | 'stepsPerRound'> & {
    readonly rounds: number;
  },
  rest: Pick<RlJob, 'dtype' | 'model' | 'adapter' | 'padTokenId'>,
): RlJob {
  const { rounds, ...sizes } = work;
  const resolved = resolveAdditionConfig('quick', { rl: { promptsPerStep: work.promptsPerStep } });
  const prepared = prepareAddition(resolved, files.tokenizer);
  const source = prepared.source('mst', SEED);
  const steps = (rounds + 1) * work.stepsPerRound;
  const prompts = Array.from({ length: steps }, (_, step) => source.episodes(step)).flat();
  return {
    kind: 'rl',
    ...sizes,
    ...rest,
    prompts: prompts.map(({ id, ids, rewards }) => ({ id, ids: [...ids], rewards: [...rewards] })),
    answers: [...prepared.answers.ids],
    checkedPrompts: Math.min(16, prompts.length),
    learningRate: 1e-5,
    maxGradNorm: 1,
    clip: 0.2,
    seed: SEED,
  };
}

/** An adapter that changes the model: where B is zero, as at its birth, sides that forget it would agree too. */
export function startedAdapter(files: ModelFiles): Adapter {
  const adapter = initAdapter(files.config, BENCH_LORA, new RandomStream('bench/adapter'));
  const random = new RandomStream('bench/started');
  const tensors = Object.fromEntries(
    Object.entries(adapter.tensors).map(([name, tensor]) => {
      const data = (tensor.data as Float32Array).map((value) => value + 0.01 * random.normal());
      return [name, { ...tensor, data }];
    }),
  );
  return { ...adapter, tensors };
}
