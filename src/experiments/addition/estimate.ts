import type { LongCall } from '../../core';
import { checkRlConfig, estimateSft, memoryText, type RlStepMetrics, type RunMemory, trainRl } from '../../train';
import type { SycophancyExperiment } from './sycophancy-experiment';

/** What the rest of a sycophancy experiment will take on this machine. */
export interface AdditionEstimate {
  /** Seconds of the warm start, and what it holds; null where it is on disk or none is asked for. */
  readonly warmStart: { readonly steps: number; readonly seconds: number; readonly memory: RunMemory } | null;
  /** Arms and seeds that are still to be trained. */
  readonly untrained: readonly string[];
  /** One RL step as measured, seconds; null where nothing is to be trained or asked. */
  readonly stepSeconds: number | null;
  readonly secondsPerPolicy: number | null;
  /** Most memory held during the measured steps, MB; null where it was not measured. */
  readonly peakMemoryMb: number | null;
  readonly unansweredPrompts: number;
  readonly askSeconds: number;
  readonly totalSeconds: number;
}

/** Steps that are run and thrown away: the first also warms buffers up. */
const MEASURED_STEPS = 3;
/** Asking a prompt without learning from it, in units of a prompt of a training step (a forward pass of three). */
const ASK_PER_TRAINED_PROMPT = 1 / 3;

/**
 * Measures a step of the warm start and of RL, if they are still to come, and extends them over what is not on disk. The adapters
 * that it trains are thrown away. Throws as `estimateSft` (where memory does not suffice, too) and `trainRl`.
 */
export async function estimateAddition(
  experiment: SycophancyExperiment,
  call: LongCall = {},
): Promise<AdditionEstimate> {
  const { config, resolved, prepared, host } = experiment;
  const { warmStart: needsWarmStart, policies: untrained, prompts: unansweredPrompts } = experiment.remaining();
  if (!needsWarmStart && untrained.length === 0 && unansweredPrompts === 0)
    return {
      warmStart: null,
      untrained,
      stepSeconds: null,
      secondsPerPolicy: null,
      peakMemoryMb: null,
      unansweredPrompts,
      askSeconds: 0,
      totalSeconds: 0,
    };
  const model = await host.load(call);
  const sft = needsWarmStart
    ? await estimateSft({
        ...call,
        model,
        examples: prepared.warmRows(),
        config: resolved.warmStart.config,
        seed: config.dataSeed,
      })
    : null;
  const rl = resolved.rl.config;
  const arm = config.arms.includes('mst') ? 'mst' : config.arms[0];
  const { episodes, hash } = prepared.source(arm, config.seeds[0]);
  const probe = prepared.probe(arm);
  const startedMs = performance.now();
  const seen: RlStepMetrics[] = [];
  // A step's length does not depend on where the adapter starts.
  await trainRl({
    signal: call.signal,
    model,
    answers: prepared.answers,
    episodes,
    episodesHash: hash,
    shape: prepared.shape(arm),
    config: checkRlConfig({ ...rl, steps: MEASURED_STEPS, warmupSteps: 0, checkpointEvery: 0 }),
    seed: 'estimate',
    onStep: (metrics) => seen.push(metrics),
  });
  const stepSeconds = Math.min(...seen.slice(1).map(({ seconds }) => seconds));
  const buildSeconds = (performance.now() - startedMs) / 1000 - seen.reduce((sum, { seconds }) => sum + seconds, 0);
  const promptSeconds = (stepSeconds / rl.promptsPerStep) * ASK_PER_TRAINED_PROMPT;
  const probes = rl.probeEvery > 0 ? Math.floor(rl.steps / rl.probeEvery) + 1 : 1;
  const secondsPerPolicy = buildSeconds + rl.steps * stepSeconds + probes * probe.length * promptSeconds;
  const askSeconds = unansweredPrompts * promptSeconds + (unansweredPrompts > 0 ? buildSeconds : 0);
  const peaks = seen.flatMap(({ peakMemoryMb }) => peakMemoryMb ?? []);
  return {
    warmStart: sft && { steps: sft.steps, seconds: sft.seconds, memory: sft.memory },
    untrained,
    stepSeconds,
    secondsPerPolicy,
    peakMemoryMb: peaks.length === 0 ? null : Math.max(...peaks),
    unansweredPrompts,
    askSeconds,
    totalSeconds: (sft?.seconds ?? 0) + untrained.length * secondsPerPolicy + askSeconds,
  };
}

/** The estimate in a sentence or two. */
export function additionEstimateText(estimate: AdditionEstimate): string {
  const { warmStart, untrained, stepSeconds, secondsPerPolicy, unansweredPrompts, askSeconds, peakMemoryMb } = estimate;
  if (stepSeconds === null) return 'Everything is on disk: nothing to train, nothing to ask.';
  const minutes = (seconds: number): string => `${(seconds / 60).toFixed(1)} min`;
  const parts = [
    warmStart && `warm start, ${warmStart.steps} steps: ${minutes(warmStart.seconds)}`,
    untrained.length > 0 &&
      `train ${untrained.join('; ')}: ${minutes(secondsPerPolicy!)} each at ${stepSeconds.toFixed(2)} s a step`,
    unansweredPrompts > 0 && `ask ${unansweredPrompts} prompts: about ${minutes(askSeconds)}`,
  ].filter(Boolean);
  const memory = [
    warmStart && ` Memory of the warm start: ${memoryText(warmStart.memory)}.`,
    peakMemoryMb !== null && ` At most ${Math.round(peakMemoryMb)} MB held in the measured RL steps.`,
  ].filter(Boolean);
  return `Estimate from measured steps: about ${minutes(estimate.totalSeconds)} (${parts.join('; ')}).${memory.join('')}`;
}
