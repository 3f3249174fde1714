import type { LongCall } from '../../core';
import type { RlOverrides } from '../../train';
import type { AdditionPreset, ResolvedAdditionConfig } from './config';
import { SycophancyExperiment } from './sycophancy-experiment';
import type { TrainedPolicy } from './train-arm';

/** One of two runs of a lesson: how it was set, and what came of it, a policy a seed. */
export interface CollapseRun {
  readonly resolved: ResolvedAdditionConfig;
  readonly trained: readonly TrainedPolicy[];
}

/** Without a bonus for entropy the policy is sure of an answer before it has read the label (the article names this optimum). */
const PAIR: Readonly<Record<'A' | 'B', RlOverrides>> = { A: { entropy: { from: 0, to: 0 } }, B: {} };

/**
 * Trains the MST arm twice with settings that differ in one thing, which is not named where this is called: a reader of the logs can
 * look for it, and compare `resolved` of both afterwards. One of the two ends without having read its label. `seeds`: default 0.
 * Found on disk if it was trained before. Throws what `SycophancyExperiment.train` throws.
 */
export async function trainCollapsePair(
  preset: AdditionPreset,
  {
    seeds = [0],
    rl = {},
    ...call
  }: LongCall & {
    readonly seeds?: readonly number[];
    /** For both runs. */
    readonly rl?: RlOverrides;
    readonly runs?: string;
  } = {},
): Promise<Readonly<Record<'A' | 'B', CollapseRun>>> {
  const one = async (name: 'A' | 'B'): Promise<CollapseRun> => {
    const overrides = { arms: ['mst' as const], seeds: [...seeds], rl: { ...rl, ...PAIR[name] } };
    const syco = await SycophancyExperiment.open(preset, overrides, call);
    try {
      return { resolved: syco.resolved, trained: await syco.train(call) };
    } finally {
      await syco.dispose();
    }
  };
  return { A: await one('A'), B: await one('B') };
}
