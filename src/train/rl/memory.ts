import { adapterLayout } from '../../model/adapters';
import { type ComputeDType, type LoadedModel, weightShapes } from '../../model/families';
import { answerShape } from '../../model/generate';
import type { ModelConfig } from '../../model/weights';
import { assertFits, type MemoryOptions, type RunMemory, runMemory, savedByNf4 } from '../memory/run-memory';
import { optimiserBytes } from '../optimiser';
import type { RlConfig } from './config';
import { policySizes, type RlGraph, rlPrograms } from './programs';

/** Makes the graph of a run for a config; shapes depend on it. */
export type GraphOf = (config: RlConfig) => RlGraph;

/** What the programs of an RL run hold. */
export function rlMemory(model: Parameters<typeof runMemory>[0], graph: RlGraph): RunMemory {
  const sizes = policySizes(graph);
  const adapter = 4 * sizes.reduce((total, size) => total + size, 0);
  return runMemory(model, rlPrograms(graph), {
    adapter,
    optimiserState: optimiserBytes(graph.config.optimiser, sizes),
    gradientSum: graph.config.accumulation > 1 ? adapter : 0,
  });
}

/**
 * What an RL run over a model of these sizes will hold, before anything of it is on disk or loaded: prompts of `promptTokens` that
 * share no beginning, and two answers. Takes seconds for a large model: its programs are built and walked.
 */
export function estimateRlMemory(options: {
  readonly sizes: ModelConfig;
  readonly computeDtype: ComputeDType;
  readonly config: RlConfig;
  readonly promptTokens: number;
}): RunMemory {
  const { sizes, computeDtype, config, promptTokens } = options;
  const quantisation = config.baseQuantisation;
  const prompts = [1, 2].map((first) => new Int32Array(promptTokens).fill(first));
  const shapeOf = (count: number) => answerShape(prompts, count, sizes.maxPositions);
  const graph: RlGraph = {
    model: { config: sizes, computeDtype, quantisation },
    layout: adapterLayout(sizes, config.lora),
    config,
    answers: { names: ['Yes', 'No'], ids: [0, 1] },
    stepShape: shapeOf(config.promptsPerStep),
    passShape: shapeOf(config.miniBatch ?? config.promptsPerStep),
    probeShape: null,
  };
  return rlMemory({ weights: weightShapes(sizes, computeDtype, quantisation) }, graph);
}

/** Throws MachineError if a run needs more than there is, with the changes of the config after which it fits; see `assertFits`. */
export function refuseUnlessRlFits(
  model: LoadedModel,
  config: RlConfig,
  graphOf: GraphOf,
  options: MemoryOptions,
): void {
  assertFits('trainRl', model, rlMemory(model, graphOf(config)), options, (fits) => {
    const found: string[] = [];
    const keep = (text: string, changes: Partial<RlConfig>, saved = 0): boolean => {
      if (!fits(rlMemory(model, graphOf({ ...config, ...changes })), saved)) return false;
      found.push(text);
      return true;
    };
    if (!config.gradientCheckpointing) keep('gradientCheckpointing: true', { gradientCheckpointing: true });
    if (config.optimiser !== 'adamw8bit') keep("optimiser: 'adamw8bit'", { optimiser: 'adamw8bit' });
    const saved = savedByNf4(model);
    if (config.baseQuantisation !== 'nf4' && saved > 0) keep("baseQuantisation: 'nf4'", {}, saved);
    smallerPasses(config).some(([text, changes]) => keep(text, changes));
    return found;
  });
}

/** Fewer prompts a backward pass and more passes an update: the same update. */
function smallerPasses({ promptsPerStep, miniBatch, accumulation }: RlConfig): [string, Partial<RlConfig>][] {
  const now = miniBatch ?? promptsPerStep;
  const divisors = Array.from({ length: now - 1 }, (_, at) => now - 1 - at).filter((size) => now % size === 0);
  return divisors.map((size) => {
    const passes = accumulation * (now / size);
    return [`miniBatch: ${size}, accumulation: ${passes}`, { miniBatch: size, accumulation: passes }];
  });
}
