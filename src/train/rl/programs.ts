import {
  add,
  cast,
  concat,
  div,
  fill,
  gradients,
  input,
  matmul,
  type Program,
  reshape,
  slice,
  stopGradient,
  topologicalOrder,
  type Value,
  variable,
} from '../../compute/graph';
import { type AdapterLayout, adapterGraph } from '../../model/adapters';
import { type LoadedModel, type LoraInput, unpackedWeights } from '../../model/families';
import { type AnswerGraph, type AnswerShape, type AnswerTokens, answerGraph } from '../../model/generate';
import { optimiserStep } from '../optimiser';
import type { RlConfig } from './config';
import { type Objective, objective } from './objective';
import { type Rollout, rollout } from './rollout';

/** The trained numbers of a policy in one f32 vector: the adapter's, then the value head's weights [D] and bias. */
export const POLICY_VARIABLE = 'policy';
/** The policy before RL, as a frozen adapter, where KL is measured to it. */
export const START_VARIABLE = 'start';
export const POLICY_GRADIENT_SUM = 'policyGradientSum';

/** What all programs of a run are made from. */
export interface RlGraph {
  readonly model: Pick<LoadedModel, 'config' | 'computeDtype' | 'quantisation'>;
  readonly layout: AdapterLayout;
  readonly config: RlConfig;
  readonly answers: AnswerTokens;
  /** Prompts of a step, of a backward pass, and of a pass over the probe. */
  readonly stepShape: AnswerShape;
  readonly passShape: AnswerShape;
  readonly probeShape: AnswerShape | null;
}

/** Whether a step draws and updates in one pass: then one forward gives sample, log-probability and value. */
export function isSinglePass({ miniBatch, promptsPerStep, epochs, accumulation }: RlConfig): boolean {
  return (miniBatch ?? promptsPerStep) === promptsPerStep && epochs === 1 && accumulation === 1;
}

export function hasValueHead(config: RlConfig): boolean {
  return config.estimator === 'ppo';
}

/** Sizes of the tensors in the policy vector, end to end. */
export function policySizes({ model, layout, config }: Pick<RlGraph, 'model' | 'layout' | 'config'>): number[] {
  const head = hasValueHead(config) ? [model.config.hiddenSize, 1] : [];
  return [...layout.entries.map(({ size }) => size), ...head];
}

/** Every program of a run. */
export function rlPrograms(graph: RlGraph): Program[] {
  const { config, probeShape } = graph;
  const asked = config.kl.coefficient > 0 || config.kl.logEvery > 0;
  return [
    ...(isSinglePass(config)
      ? [singlePassProgram(graph)]
      : [
          rolloutProgram(graph),
          ...(config.accumulation > 1 ? [accumulateProgram(graph), applyProgram(graph)] : [updateProgram(graph)]),
        ]),
    ...(asked ? [referenceProgram(graph)] : []),
    ...(probeShape ? [probeProgram(graph, probeShape)] : []),
  ];
}

/**
 * A step in one run: forward, draw, reward, backward, update. Inputs: prompts (`answerFeeds`), rewards f32 [B,A], uniforms f32
 * [B,G], temperature, entropy and rarity f32 [], `reference` f32 [B,A] where KL is charged, AdamW's numbers.
 */
function singlePassProgram(graph: RlGraph): Program {
  const policy = policyGraph(graph, graph.stepShape);
  const drawn = rollout(graph.config, rolloutInput(graph, policy, graph.stepShape));
  const loss = objective(
    graph.config,
    { logits: policy.answer.scores, value: policy.value, reference: referenceInput(graph, graph.stepShape) },
    { ...drawn, oldValue: policy.value && stopGradient(policy.value) },
    scalars(),
  );
  const { gradient } = gradientOf(graph, policy, loss);
  const step = optimiserStep(graph.config.optimiser, policy.flat, gradient, graph.config, policySizes(graph));
  return {
    name: 'step',
    outputs: {
      ...rolloutOutputs(policy, drawn),
      ...lossOutputs(loss),
      gradNorm: step.gradNorm,
      finite: cast(step.finite, 'f32'),
    },
    updates: step.updates,
  };
}

/** Draws a step's answers without updating. */
function rolloutProgram(graph: RlGraph): Program {
  const policy = policyGraph(graph, graph.stepShape);
  const drawn = rollout(graph.config, rolloutInput(graph, policy, graph.stepShape));
  return { name: 'rollout', outputs: rolloutOutputs(policy, drawn), updates: [] };
}

/** One update from prompts whose answers were drawn before. */
function updateProgram(graph: RlGraph): Program {
  const { policy, loss } = backward(graph);
  const { gradient } = gradientOf(graph, policy, loss);
  const step = optimiserStep(graph.config.optimiser, policy.flat, gradient, graph.config, policySizes(graph));
  return {
    name: 'update',
    outputs: {
      ...lossOutputs(loss),
      ...valueOutput(policy),
      gradNorm: step.gradNorm,
      finite: cast(step.finite, 'f32'),
    },
    updates: step.updates,
  };
}

/** The same without moving: its gradient is added to a sum. */
function accumulateProgram(graph: RlGraph): Program {
  const { policy, loss } = backward(graph);
  const { gradient } = gradientOf(graph, policy, loss);
  const sum = variable(POLICY_GRADIENT_SUM, policy.flat.shape, 'f32');
  return {
    name: 'accumulate',
    outputs: { ...lossOutputs(loss), ...valueOutput(policy) },
    updates: [{ variable: sum, value: add(sum, gradient) }],
  };
}

/** One update from the summed gradient over `passes` f32 []; the sum goes back to zero. */
function applyProgram(graph: RlGraph): Program {
  const sizes = policySizes(graph);
  const flat = variable(POLICY_VARIABLE, [sizes.reduce((total, size) => total + size, 0)], 'f32');
  const sum = variable(POLICY_GRADIENT_SUM, flat.shape, 'f32');
  const step = optimiserStep(graph.config.optimiser, flat, div(sum, input('passes', [], 'f32')), graph.config, sizes);
  return {
    name: 'apply',
    outputs: { gradNorm: step.gradNorm, finite: cast(step.finite, 'f32') },
    updates: [...step.updates, { variable: sum, value: fill(0, sum.shape, 'f32') }],
  };
}

/** Scores of the reference: the base with its adapter disabled, or the policy before RL. */
function referenceProgram(graph: RlGraph): Program {
  const frozen =
    graph.config.kl.reference === 'base'
      ? null
      : adapterGraph(graph.layout, graph.model.computeDtype, null, variable(START_VARIABLE, [graph.layout.size], 'f32'))
          .lora;
  const { scores } = answerGraph(graph.model, graph.stepShape, graph.answers, frozen);
  return { name: 'reference', outputs: { scores }, updates: [] };
}

function probeProgram(graph: RlGraph, shape: AnswerShape): Program {
  const { answer } = policyGraph(graph, shape);
  return { name: 'probe', outputs: { scores: answer.scores, logMass: answer.logMass }, updates: [] };
}

interface PolicyGraph {
  readonly flat: Value;
  readonly leaves: readonly Value[];
  readonly answer: AnswerGraph;
  /** f32 [B]; null without a value head. */
  readonly value: Value | null;
}

function policyGraph({ model, layout, config, answers }: RlGraph, shape: AnswerShape): PolicyGraph {
  const D = model.config.hiddenSize;
  const head = hasValueHead(config);
  const flat = variable(POLICY_VARIABLE, [layout.size + (head ? D + 1 : 0)], 'f32');
  const adapter = adapterGraph(layout, model.computeDtype, null, head ? slice(flat, [0], [layout.size]) : flat);
  const answer = answerGraph(model, shape, answers, adapter.lora as LoraInput);
  if (!head) return { flat, leaves: adapter.leaves, answer, value: null };
  const weight = slice(flat, [layout.size], [D]);
  const bias = slice(flat, [layout.size + D], [1]);
  const value = add(reshape(matmul(answer.hidden, reshape(weight, [D, 1])), [shape.prompts]), bias);
  return { flat, leaves: [...adapter.leaves, weight, bias], answer, value };
}

function backward(graph: RlGraph): { policy: PolicyGraph; loss: Objective } {
  const { config, passShape: shape, answers } = graph;
  const policy = policyGraph(graph, shape);
  const [M, A, G] = [shape.prompts, answers.ids.length, config.samplesPerPrompt];
  const grid = (name: string): Value => input(name, [M, G], 'f32');
  const sampled = {
    actions: input('actions', [M, G], 'i32'),
    taken: grid('taken'),
    advantages: grid('advantages'),
    returns: grid('returns'),
    oldValue: policy.value && input('oldValue', [M], 'f32'),
    shaped: input('shaped', [M, A], 'f32'),
  };
  const now = { logits: policy.answer.scores, value: policy.value, reference: referenceInput(graph, shape) };
  return { policy, loss: objective(config, now, sampled, scalars()) };
}

/** The gradient of the loss as one f32 vector [P]. */
function gradientOf(graph: RlGraph, policy: PolicyGraph, { loss }: Objective): { gradient: Value } {
  const { config, model } = graph;
  const unpacked = unpackedWeights(topologicalOrder([loss]));
  const keep = config.gradientCheckpointing
    ? policy.answer.layerInputs
    : model.quantisation === 'nf4'
      ? topologicalOrder([loss]).filter((value) => !unpacked.has(value))
      : undefined;
  const pieces = gradients(loss, policy.leaves, keep ? { keep } : {});
  const flat = pieces.map((piece) => cast(reshape(piece, [piece.shape.reduce((product, n) => product * n, 1)]), 'f32'));
  return { gradient: concat(flat, 0) };
}

function rolloutInput({ config, answers, ...graph }: RlGraph, policy: PolicyGraph, shape: AnswerShape) {
  return {
    logits: policy.answer.scores,
    value: policy.value,
    reference: referenceInput({ config, answers, ...graph }, shape),
    rewards: input('rewards', [shape.prompts, answers.ids.length], 'f32'),
    uniforms: input('uniforms', [shape.prompts, config.samplesPerPrompt], 'f32'),
    temperature: input('temperature', [], 'f32'),
    rarity: input('rarity', [], 'f32'),
  };
}

function referenceInput({ config, answers }: RlGraph, shape: AnswerShape): Value | null {
  return config.kl.coefficient > 0 ? input('reference', [shape.prompts, answers.ids.length], 'f32') : null;
}

function scalars() {
  return { temperature: input('temperature', [], 'f32'), entropy: input('entropy', [], 'f32') };
}

function rolloutOutputs(policy: PolicyGraph, drawn: Rollout): Record<string, Value> {
  const { logp, actions, taken, shaped, advantages, returns } = drawn;
  return {
    logp,
    actions,
    taken,
    shaped,
    advantages,
    returns,
    scores: policy.answer.scores,
    logMass: policy.answer.logMass,
    ...valueOutput(policy),
  };
}

function valueOutput({ value }: PolicyGraph): Record<string, Value> {
  return value ? { value } : {};
}

function lossOutputs({ loss, policyLoss, valueLoss, taken }: Objective): Record<string, Value> {
  return { loss, policyLoss, valueLoss, takenNow: taken };
}
