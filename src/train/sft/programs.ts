import {
  add,
  cast,
  concat,
  div,
  fill,
  type GradientOptions,
  gradients,
  input,
  type Program,
  reshape,
  topologicalOrder,
  type Value,
  variable,
} from '../../compute/graph';
import { type AdapterLayout, adapterGraph, adapterLayout } from '../../model/adapters';
import {
  type ComputeDType,
  forward,
  type LoadedModel,
  paramVariables,
  type Quantisation,
  supervisedLoss,
  unpackedWeights,
} from '../../model/families';
import type { ModelConfig } from '../../model/weights';
import type { AdamWStep } from '../adamw';
import { optimiserStep } from '../optimiser';
import type { SftConfig } from './config';
import type { Bucket, SftPlan } from './plan';

export const GRADIENT_SUM = 'gradientSum';

export interface SftGraph {
  readonly model: ModelConfig;
  readonly layout: AdapterLayout;
  readonly computeDtype: ComputeDType;
  /** How the frozen base is held; default 'none'. */
  readonly quantisation?: Quantisation;
  readonly config: SftConfig;
}

/** What the programs of a run are made from. */
export function sftGraph(model: LoadedModel, config: SftConfig): SftGraph {
  const layout = adapterLayout(model.config, config.lora);
  const { computeDtype, quantisation } = model;
  return { model: model.config, layout, computeDtype, quantisation, config };
}

/** Every program of a run: one for each training bucket, the update where gradients are summed, the evaluation. */
export function sftPrograms(graph: SftGraph, plan: SftPlan, evalPlan: SftPlan | null): Program[] {
  const accumulates = graph.config.accumulation > 1;
  const train = accumulates ? accumulateProgram : stepProgram;
  return [
    ...plan.buckets.map((bucket) => train(graph, bucket)),
    ...(accumulates ? [applyProgram(graph)] : []),
    ...(evalPlan?.buckets ?? []).map((bucket) => evalProgram(graph, bucket)),
  ];
}

export function programName(kind: 'step' | 'accumulate' | 'eval', bucket: Bucket): string {
  return `${kind} ${bucket.rows}x${bucket.tokens}:${bucket.supervised}`;
}

/**
 * Forward, backward and update in one run, for windows of one micro-batch.
 * Inputs: a batch (`batchFeeds`), AdamW's numbers, `normaliser` f32 [] (supervised tokens of the window), and with
 * dropout `dropoutSeed` i32 [2]. Outputs loss (nats a token), gradNorm before clipping, finite 0 or 1.
 */
export function stepProgram(graph: SftGraph, bucket: Bucket): Program {
  const { lossSum, gradient, flat } = lossAndGradient(graph, bucket);
  const normaliser = input('normaliser', [], 'f32');
  const step = update(graph, flat, div(gradient, normaliser));
  return {
    name: programName('step', bucket),
    outputs: { loss: div(lossSum, normaliser), gradNorm: step.gradNorm, finite: cast(step.finite, 'f32') },
    updates: step.updates,
  };
}

/** Forward and backward; the gradient of the summed loss is added to the variable `gradientSum`. Outputs lossSum. */
export function accumulateProgram(graph: SftGraph, bucket: Bucket): Program {
  const { lossSum, gradient } = lossAndGradient(graph, bucket);
  const sum = variable(GRADIENT_SUM, [graph.layout.size], 'f32');
  return {
    name: programName('accumulate', bucket),
    outputs: { lossSum },
    updates: [{ variable: sum, value: add(sum, gradient) }],
  };
}

/** One optimiser step from `gradientSum` over `normaliser` tokens; the sum goes back to zero. */
export function applyProgram(graph: SftGraph): Program {
  const { flat } = adapterGraph(graph.layout, 'f32');
  const sum = variable(GRADIENT_SUM, [graph.layout.size], 'f32');
  const step = update(graph, flat, div(sum, input('normaliser', [], 'f32')));
  return {
    name: 'apply',
    outputs: { gradNorm: step.gradNorm, finite: cast(step.finite, 'f32') },
    updates: [...step.updates, { variable: sum, value: fill(0, sum.shape, 'f32') }],
  };
}

function update({ config, layout }: SftGraph, flat: Value, gradient: Value): AdamWStep {
  return optimiserStep(
    config.optimiser,
    flat,
    gradient,
    config,
    layout.entries.map(({ size }) => size),
  );
}

/** The summed loss of a batch without dropout. */
export function evalProgram(graph: SftGraph, bucket: Bucket): Program {
  return { name: programName('eval', bucket), outputs: { lossSum: loss(graph, bucket, false).lossSum }, updates: [] };
}

/** What a training pass computes before any update. */
export interface LossAndGradients {
  /** f32 [], nats over all supervised tokens. */
  readonly lossSum: Value;
  /** The gradient of lossSum for each adapter tensor, in the order of the layout's entries, in the compute dtype. */
  readonly pieces: readonly Value[];
  readonly flat: Value;
  /** f32: what enters each layer, then the final hidden state. */
  readonly layerOutputs: readonly Value[];
}

export function lossAndGradients(graph: SftGraph, bucket: Bucket): LossAndGradients {
  const { lossSum, adapter, kept, layerOutputs } = loss(graph, bucket, true);
  return {
    lossSum,
    pieces: gradients(lossSum, adapter.leaves, storedValues(graph, lossSum, kept)),
    flat: adapter.flat,
    layerOutputs,
  };
}

/** What the backward pass may hold: with recompute the layers' mouths, else all but what a 4-bit base unpacks. */
function storedValues(
  { config, quantisation = 'none' }: SftGraph,
  lossSum: Value,
  kept: readonly Value[],
): GradientOptions {
  if (config.gradientCheckpointing) return { keep: kept };
  if (quantisation === 'none') return {};
  const values = topologicalOrder([lossSum]);
  const unpacked = unpackedWeights(values);
  return { keep: values.filter((value) => !unpacked.has(value)) };
}

function lossAndGradient(graph: SftGraph, bucket: Bucket): { lossSum: Value; gradient: Value; flat: Value } {
  const { lossSum, pieces, flat } = lossAndGradients(graph, bucket);
  const gradient = concat(
    pieces.map((piece, i) => reshape(piece, [graph.layout.entries[i].size])),
    0,
  );
  return { lossSum, gradient: cast(gradient, 'f32'), flat };
}

function loss(graph: SftGraph, bucket: Bucket, training: boolean) {
  const { model, layout, computeDtype, quantisation = 'none', config } = graph;
  const { rows: B, tokens: T, supervised: N } = bucket;
  const seed = training && config.lora.dropout > 0 ? input('dropoutSeed', [2], 'i32') : null;
  const adapter = adapterGraph(layout, computeDtype, seed);
  const params = paramVariables(model, computeDtype, quantisation);
  const place = (name: string): Value => input(name, [B, T], 'i32');
  const { hidden, layerInputs } = forward(
    model,
    params,
    { tokens: place('tokens'), positions: place('positions'), segments: place('segments') },
    { computeDtype, lora: adapter.lora },
  );
  const supervised = {
    rows: input('rows', [N], 'i32'),
    targets: input('targets', [N], 'i32'),
    weights: input('weights', [N], 'f32'),
  };
  const { lossSum, kept } = supervisedLoss(model, params, hidden, supervised, computeDtype, training);
  return { lossSum, adapter, kept: [...layerInputs, ...kept], layerOutputs: [...layerInputs, hidden] };
}
