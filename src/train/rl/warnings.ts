import type { RlConfig } from './config';
import { isSinglePass } from './programs';

/** Share of groups whose answers all have one reward, where each is 1 with probability p. */
export function shareWithoutSignal(p: number, group: number): number {
  return p ** group + (1 - p) ** group;
}

/** The rate of success at which the warning of groups gives its number. */
const EXAMPLE_RATE = 0.18;

/** Ranks from here on are told of; a convention, not a measurement. */
const LARGE_RANK = 256;

/** What a researcher would want to know of a config before it runs, a sentence each; nothing here is refused. */
export function rlWarnings(config: RlConfig): string[] {
  const { estimator, samplesPerPrompt: samples, learningRate: rate, epochs, promptsPerStep, accumulation } = config;
  const sampled = estimator !== 'exact';
  const singlePass = isSinglePass(config);
  const hottest = Math.max(config.temperature.from, config.temperature.to);
  const perUpdate = (config.miniBatch ?? promptsPerStep) * accumulation;
  const percent = Math.round(100 * shareWithoutSignal(EXAMPLE_RATE, samples));
  const found: (string | false)[] = [
    rate < 1e-6 &&
      `The learning rate ${rate} is far below the usual range of RL with LoRA (1e-6 to 5e-3): with AdamW each update moves a weight by about that much, ${(rate * updatesOf(config)).toExponential(1)} over the whole run at most.`,
    rate > 5e-3 &&
      `The learning rate ${rate} is above the usual range of RL with LoRA (1e-6 to 5e-3): expect the policy to lose its entropy within a few steps.`,
    hottest > 1.5 &&
      `The temperature rises to ${hottest}: the trained policy is flatter than the one that is asked at temperature 1, so rewards in the log are not those of evaluation.`,
    estimator === 'ppo' &&
      samples === 1 &&
      config.valueCoefficient === 0 &&
      'PPO draws one answer a prompt and its value head is not trained (valueCoefficient 0): no baseline takes the difficulty of a prompt out of its advantage.',
    !sampled &&
      epochs > 1 &&
      `The exact gradient goes ${epochs} times over the prompts of a step with the rewards of the first time: a rarity bonus or KL price is that of the old policy, and neither clip nor ratio corrects it.`,
    sampled &&
      singlePass &&
      'A step is a single pass, so every ratio is 1: clip and maxMeanRatio have no effect, and the estimator is a plain policy gradient.',
    config.kl.coefficient === 0 &&
      config.entropy.to === 0 &&
      'The entropy bonus falls to 0 and KL is not charged: at the end nothing keeps the policy from certainty, and a certain policy explores no more. Watch the entropy and the label effect of the probe.',
    (estimator === 'rloo' || estimator === 'grpo') &&
      samples <= 4 &&
      `Groups have ${samples} answers: with rewards of 0 or 1 and a success rate of ${EXAMPLE_RATE}, ${percent}% of them have one reward throughout and teach nothing. Draw more answers a prompt, or use the exact gradient.`,
    config.lora.rank >= LARGE_RANK &&
      `LoRA rank ${config.lora.rank} is large for a small model: its adapter can hold about as many numbers as the layers that it adapts, at a cost in memory and time. The default is 16.`,
    sampled &&
      !singlePass &&
      config.maxMeanRatio !== null &&
      `A mini-batch whose mean ratio is above ${config.maxMeanRatio} has loss 0, as in TRL up to 0.11; AdamW still moves the policy by its momentum.`,
    perUpdate !== promptsPerStep &&
      `An update sees ${perUpdate} of the ${promptsPerStep} prompts of a step (mini-batch times accumulation), so a step makes ${epochs * (promptsPerStep / perUpdate)} updates: an "effective batch" of ${promptsPerStep} is the batch of the rollout, not of the update.`,
    isArticle(config) &&
      'The article names LoRA dropout 0.05, and here it is 0: dropout makes the ratio differ from 1 before the first update, and TRL switches it off as well.',
  ];
  return found.filter((warning) => warning !== false);
}

function updatesOf({ steps, epochs, promptsPerStep, miniBatch, accumulation }: RlConfig): number {
  return (steps * epochs * promptsPerStep) / ((miniBatch ?? promptsPerStep) * accumulation);
}

/** The adapter and the estimator of the article's addition experiment. */
function isArticle({ estimator, lora, baseQuantisation }: RlConfig): boolean {
  return estimator === 'ppo' && lora.rank === 512 && baseQuantisation === 'nf4';
}
