import { DataError } from '../../core';
import type { RlConfig } from './config';

/** One prompt that waits for a forced answer, and what each answer is worth. */
export interface Episode {
  readonly id: string;
  readonly ids: Int32Array;
  /** The reward of each answer, in the order of the answers. */
  readonly rewards: readonly number[];
  /** Key of the per-label log, such as a decile of the label. */
  readonly bin: string;
}

/** The episodes of a step (0 is the first): a pure function of the step, so that a resumed run sees the same. */
export type EpisodeSource = (step: number) => readonly Episode[];

/** A prompt that is asked again and again while training goes on. */
export interface ProbePrompt {
  readonly ids: Int32Array;
  /** What is asked, whatever the label: prompts of one item differ in their label alone. */
  readonly item: string;
  /** The label it is asked under; null without one. */
  readonly label: string | null;
  /** Items that are averaged together, such as "wrong". */
  readonly facet: string;
}

export interface ProbeAnswer extends Omit<ProbePrompt, 'ids'> {
  /** Of each answer, among the answers. */
  readonly probabilities: readonly number[];
  /** Share of the next-token distribution that the answers have, 0 to 1. */
  readonly mass: number;
}

/**
 * The episodes of one step, held to what training needs. Throws DataError naming the episode for a wrong count, a reward that is
 * missing or not finite, or an empty prompt; an error of the source itself is passed on with the step in its message.
 */
export function episodesOf(
  source: EpisodeSource,
  step: number,
  answers: number,
  { promptsPerStep }: Pick<RlConfig, 'promptsPerStep'>,
): readonly Episode[] {
  let episodes: readonly Episode[];
  try {
    episodes = source(step);
  } catch (cause) {
    throw new DataError(
      `trainRl: the episodes of step ${step + 1} must be made without an error, got "${(cause as Error).message}" (prompts and rewards of the caller). Correct the reward function or the prompts; earlier steps are kept.`,
      { cause },
    );
  }
  if (episodes.length !== promptsPerStep)
    throw new DataError(
      `trainRl: a step must have promptsPerStep ${promptsPerStep} episodes, got ${episodes.length} (step ${step + 1}). Make as many.`,
    );
  for (const { id, ids, rewards } of episodes) {
    const wrong = rewards.length !== answers || rewards.some((reward) => !Number.isFinite(reward));
    if (wrong || ids.length === 0)
      throw new DataError(
        `trainRl: an episode must have a prompt and ${answers} finite rewards, got ${ids.length} tokens and [${rewards.join(', ')}] (episode "${id}", step ${step + 1}). Correct the reward function; earlier steps are kept.`,
      );
  }
  return episodes;
}
