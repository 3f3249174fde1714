import {
  cast,
  crossEntropy,
  div,
  gradients,
  input,
  mul,
  type Program,
  reshape,
  sum,
  type Value,
} from '../../compute/graph';
import { forward, logits } from '../../model/families';
import type { ModelConfig } from '../../model/weights';
import { adamWStep } from '../adamw';
import type { PretrainConfig } from './config';
import { joinGradients, type ParameterLayout, parameterGraph, parameterLayout } from './parameters';

/** What a training pass over B rows of T places computes before any update. */
export interface PretrainLoss {
  /** f32 []: mean of -log p over the predicted tokens, nats a token. */
  readonly loss: Value;
  /** f32 [P], in the order of the layout. */
  readonly gradient: Value;
  readonly flat: Value;
  readonly layout: ParameterLayout;
}

/**
 * The loss of a batch and its gradient with respect to every tensor of the model, embedding, norms and head included; all f32.
 * Inputs: those of `lineBatches`, and `normaliser` f32 [], the number of predicted tokens.
 */
export function pretrainLoss(model: ModelConfig, { rows: B, rowTokens: T }: PretrainConfig): PretrainLoss {
  const layout = parameterLayout(model);
  const { flat, leaves, params } = parameterGraph(layout);
  const place = (name: string): Value => input(name, [B, T], 'i32');
  const inputs = { tokens: place('tokens'), positions: place('positions'), segments: place('segments') };
  const { hidden } = forward(model, params, inputs, { computeDtype: 'f32' });
  const scores = logits(model, params, reshape(hidden, [B * T, model.hiddenSize]), 'f32');
  const losses = crossEntropy(scores, reshape(place('targets'), [B * T]));
  const weights = reshape(input('weights', [B, T], 'f32'), [B * T]);
  const loss = div(sum(mul(losses, weights)), input('normaliser', [], 'f32'));
  return { loss, gradient: joinGradients(layout, gradients(loss, leaves)), flat, layout };
}

/** Forward, backward and update in one run. Outputs loss, gradNorm before clipping, finite 0 or 1. */
export function pretrainProgram(model: ModelConfig, config: PretrainConfig): Program {
  const { loss, gradient, flat } = pretrainLoss(model, config);
  const step = adamWStep(flat, gradient, config);
  return {
    name: 'pretrain',
    outputs: { loss, gradNorm: step.gradNorm, finite: cast(step.finite, 'f32') },
    updates: step.updates,
  };
}
