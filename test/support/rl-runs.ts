import { RandomStream } from '../../src/core';
import { type Adapter, initAdapter } from '../../src/model/adapters';
import type { LoadedModel } from '../../src/model/families';
import {
  type Episode,
  type ProbePrompt,
  type RlOverrides,
  resolveRlConfig,
  type TrainRlOptions,
} from '../../src/train';

/** Two tokens of the tiny vocabularies. */
export const ANSWERS = { names: ['Yes', 'No'], ids: [57, 14] };

const PREFIX = [5, 9, 21];

/** Prompts with one beginning and ragged rests. */
export function raggedPrompts(count: number, seed: number | string = 1, longest = 4): Int32Array[] {
  const random = new RandomStream(seed);
  return Array.from({ length: count }, (_, at) =>
    Int32Array.from([
      ...PREFIX,
      10 + (at % 7),
      ...Array.from({ length: random.below(longest) }, () => 4 + random.below(60)),
    ]),
  );
}

/** Random rewards for ragged prompts in two label bins of unequal size; a pure function of the step. */
export function raggedEpisodes(count: number, seed = 1): (step: number) => Episode[] {
  return (step) => {
    const random = new RandomStream(seed).fork(step);
    return raggedPrompts(count, `${seed} ${step}`).map((ids, at) => ({
      id: `s${step}e${at}`,
      ids,
      rewards: [random.uniform() * 2, random.uniform()],
      bin: at % 3 === 0 ? 'low' : 'high',
    }));
  };
}

/** Shows the prefix and the greatest length of `raggedPrompts`. */
export const SHAPE: readonly Int32Array[] = [10, 11].map((id) => Int32Array.from([...PREFIX, id, 4, 5, 6]));

/** Two labels over three items. */
export const PROBE: readonly ProbePrompt[] = [20, 21, 22].flatMap((item) =>
  [30, 31].map((label) => ({
    ids: Int32Array.from([...PREFIX, label, item]),
    item: `${item}`,
    label: `${label}`,
    facet: item === 20 ? 'right' : 'wrong',
  })),
);

export const rlConfig = (overrides: RlOverrides = {}) =>
  resolveRlConfig('smoke', {
    promptsPerStep: 8,
    samplesPerPrompt: overrides.estimator === undefined || overrides.estimator === 'exact' ? 1 : 3,
    learningRate: 5e-3,
    probeEvery: 0,
    ...overrides,
  }).config;

/** A run on ragged episodes. */
export function rlRun(
  model: LoadedModel,
  overrides: RlOverrides = {},
  more: Partial<TrainRlOptions> = {},
): TrainRlOptions {
  const config = rlConfig(overrides);
  return {
    ...{ model, answers: ANSWERS, episodes: raggedEpisodes(config.promptsPerStep), episodesHash: 'ragged' },
    ...{ shape: SHAPE, config, seed: 5 },
    ...more,
  };
}

/** An adapter that changes the base: no matrix of it is zero. */
export function movedAdapter(model: LoadedModel, scale = 0.1, lora = rlConfig().lora): Adapter {
  const random = new RandomStream('moved');
  const adapter = initAdapter(model.config, lora, new RandomStream(1));
  const tensors = Object.entries(adapter.tensors).map(([key, tensor]) => [
    key,
    { ...tensor, data: Float32Array.from(tensor.data as Float32Array, (x) => x + scale * random.normal()) },
  ]);
  return { ...adapter, tensors: Object.fromEntries(tensors) };
}
