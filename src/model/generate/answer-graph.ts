import { add, exp, gather, input, log, max, reshape, stopGradient, sub, sum, type Value } from '../../compute/graph';
import { forward, type LoadedModel, type LoraInput, logits, logitsOf, paramVariables } from '../families';
import type { AnswerShape } from './answer-layout';
import type { AnswerTokens } from './answer-tokens';

/** What one pass knows of each prompt's next token. */
export interface AnswerGraph {
  /** f32 [B,A]: scores of the answers. */
  readonly scores: Value;
  /** f32 [B]: log of the share of all next-token probability that the answers have together; no gradient. */
  readonly logMass: Value;
  /** f32 [B,D]: the final hidden state where the answer is read. */
  readonly hidden: Value;
  /** f32 [R·T,D]: what enters each layer, for recompute. */
  readonly layerInputs: readonly Value[];
}

/**
 * One forward pass over prompts laid out by `answerFeeds`. The scores are f32 products with the answers' rows of the head; the
 * mass comes from all scores in the compute dtype.
 */
export function answerGraph(
  model: Pick<LoadedModel, 'config' | 'computeDtype' | 'quantisation'>,
  shape: AnswerShape,
  answers: AnswerTokens,
  lora: LoraInput | null,
): AnswerGraph {
  const { config, computeDtype, quantisation } = model;
  const { rows: R, tokens: T, prompts: B } = shape;
  const params = paramVariables(config, computeDtype, quantisation);
  const grid = (name: string): Value => input(name, [R, T], 'i32');
  const { hidden: all, layerInputs } = forward(
    config,
    params,
    { tokens: grid('tokens'), positions: grid('positions'), segments: grid('segments') },
    { computeDtype, lora, positionLimit: shape.prefix.length + shape.tail },
  );
  const hidden = gather(reshape(all, [R * T, config.hiddenSize]), input('places', [B], 'i32'));
  const scores = logitsOf(config, params, hidden, answers.ids);
  const every = stopGradient(logits(config, params, hidden, computeDtype));
  const logMass = sub(logSum(stopGradient(scores)), logSum(every));
  return { scores, logMass, hidden, layerInputs };
}

/** log Σ exp over the last axis, [B,N] → [B]. */
function logSum(x: Value): Value {
  const most = max(x, -1, true);
  const total = log(sum(exp(sub(x, most)), -1));
  return add(total, reshape(most, total.shape));
}
