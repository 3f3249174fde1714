import { armsToTrain } from '../../arms';
import { ConfigError, type LongCall } from '../../core';
import { estimateSft, memoryText, type RunMemory } from '../../train';
import type { NewsExperiment } from './news-experiment';

/** What the rest of an experiment will take on this machine, from a measured training step. */
export interface NewsEstimate {
  readonly untrainedArms: readonly string[];
  readonly trainTokensPerSecond: number | null;
  readonly trainSecondsPerArm: number | null;
  /** What training holds, by part, and the largest resident set to expect of this process, MB (null on a GPU). */
  readonly trainMemory: RunMemory | null;
  readonly trainPeakMemoryMb: number | null;
  /** Share of the places computed in training that hold padding, 0 to 1. */
  readonly trainPaddingShare: number | null;
  readonly unmeasuredConditions: number;
  /** Generation and scoring are taken from the training speed by ratios measured on the embedded model. */
  readonly measureSeconds: number | null;
  readonly totalSeconds: number;
}

/** Decoding one token of a batch, and scoring one token, in units of a trained token (forward and backward). */
const DECODE_PER_TRAINED_TOKEN = 1.5;
const SCORE_PER_TRAINED_TOKEN = 0.57;
/** Building and loading the programs that score and generate with one adapter, in trained tokens. */
const SESSIONS_IN_TRAINED_TOKENS = 6000;

/** Measures one training step if an arm is still to be trained; says what is left. Throws as `estimateSft`: where memory does not suffice, too. */
export async function estimateNews(experiment: NewsExperiment, call: LongCall = {}): Promise<NewsEstimate> {
  const { config, resolved, prepared, host } = experiment;
  const untrainedArms = experiment.untrainedArms();
  const open = experiment.unmeasured();
  if (untrainedArms.length === 0 && open.length === 0)
    return {
      untrainedArms,
      trainTokensPerSecond: null,
      trainSecondsPerArm: null,
      trainMemory: null,
      trainPeakMemoryMb: null,
      trainPaddingShare: null,
      unmeasuredConditions: 0,
      measureSeconds: null,
      totalSeconds: 0,
    };
  const arm = untrainedArms.includes('mst') ? 'mst' : (untrainedArms[0] ?? armsToTrain(config.arms)[0]);
  if (arm === undefined)
    throw new ConfigError(
      `estimateNews: an estimate measures a training step, so an arm must have rows to train on, got ${config.arms.join(', ')}. Add an arm such as baseline.`,
    );
  const sft = await estimateSft({
    ...call,
    model: await host.load(call),
    examples: prepared.encoded[arm]!.train,
    config: resolved.sft.config,
    seed: config.seed,
  });
  const scoredTokens = prepared.contrastSets.length * (80 + 4 * 55);
  const writtenTokens = config.evalTopics * config.temperatures.length * config.maxNewTokens * 0.75;
  const perCondition =
    (scoredTokens * SCORE_PER_TRAINED_TOKEN + writtenTokens * DECODE_PER_TRAINED_TOKEN) / sft.tokensPerSecond;
  const arms = new Set(open.map((condition) => condition.arm)).size;
  const measureSeconds = open.length * perCondition + (arms * SESSIONS_IN_TRAINED_TOKENS) / sft.tokensPerSecond;
  return {
    untrainedArms,
    trainTokensPerSecond: sft.tokensPerSecond,
    trainSecondsPerArm: sft.seconds,
    trainMemory: sft.memory,
    trainPeakMemoryMb: sft.peakMemoryMb,
    trainPaddingShare: sft.paddingShare,
    unmeasuredConditions: open.length,
    measureSeconds,
    totalSeconds: untrainedArms.length * sft.seconds + measureSeconds,
  };
}

/** The estimate in a sentence or two. */
export function estimateText(estimate: NewsEstimate): string {
  if (estimate.totalSeconds === 0) return 'Everything is on disk: nothing to train, nothing to measure.';
  const minutes = (seconds: number): string => `${(seconds / 60).toFixed(1)} min`;
  const parts = [
    estimate.untrainedArms.length > 0 &&
      `train ${estimate.untrainedArms.join(', ')}: ${minutes(estimate.trainSecondsPerArm!)} each at ${Math.round(estimate.trainTokensPerSecond!)} tokens/s`,
    estimate.unmeasuredConditions > 0 &&
      `generate and score ${estimate.unmeasuredConditions} conditions: about ${minutes(estimate.measureSeconds!)}`,
  ].filter(Boolean);
  const peak = estimate.trainPeakMemoryMb === null ? '' : `, at most some ${estimate.trainPeakMemoryMb} MB resident`;
  const memory =
    estimate.untrainedArms.length > 0 && estimate.trainMemory
      ? ` Memory while training: ${memoryText(estimate.trainMemory)}${peak}; ${Math.round(100 * estimate.trainPaddingShare!)}% of the places are padding.`
      : '';
  return `Estimate from a measured step: about ${minutes(estimate.totalSeconds)} (${parts.join('; ')}).${memory}`;
}
