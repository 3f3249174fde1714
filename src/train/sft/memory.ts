import type { Program } from '../../compute/graph';
import { RandomStream } from '../../core';
import { adapterLayout } from '../../model/adapters';
import { type ComputeDType, type LoadedModel, weightShapes } from '../../model/families';
import type { ModelConfig } from '../../model/weights';
import { assertFits, type MemoryOptions, type RunMemory, runMemory, savedByNf4 } from '../memory/run-memory';
import { optimiserBytes } from '../optimiser';
import type { SftConfig } from './config';
import { planSft, type SftExample, type SftPlan } from './plan';
import { sftGraph, sftPrograms } from './programs';

/** What the programs of a plan hold. */
export function sftMemory(
  model: LoadedModel,
  config: SftConfig,
  plan: SftPlan,
  evalPlan: SftPlan | null = null,
  programs: readonly Program[] = sftPrograms(sftGraph(model, config), plan, evalPlan),
): RunMemory {
  const { layout } = sftGraph(model, config);
  const adapter = 4 * layout.size;
  const sizes = layout.entries.map(({ size }) => size);
  return runMemory(model, programs, {
    adapter,
    optimiserState: optimiserBytes(config.optimiser, sizes),
    gradientSum: config.accumulation > 1 ? adapter : 0,
  });
}

/**
 * What a supervised run over a model of these sizes will hold, before anything of it is on disk or loaded: one micro-batch of rows of
 * `rowTokens`, half of them supervised. Takes seconds for a large model: its programs are built and walked.
 */
export function estimateSftMemory(options: {
  readonly sizes: ModelConfig;
  readonly computeDtype: ComputeDType;
  readonly config: SftConfig;
  readonly rowTokens: number;
}): RunMemory {
  const { sizes, computeDtype, rowTokens } = options;
  const config = { ...options.config, maxSteps: 1 };
  const row = { ids: new Int32Array(rowTokens).fill(1), promptLength: Math.floor(rowTokens / 2) };
  const rows = Array.from({ length: config.batchSize * config.accumulation }, (_, at) => ({ id: `${at}`, ...row }));
  const quantisation = config.baseQuantisation;
  const layout = adapterLayout(sizes, config.lora);
  const graph = { model: sizes, layout, computeDtype, quantisation, config };
  const programs = sftPrograms(graph, planSft(rows, config, new RandomStream(0)), null);
  const adapter = 4 * layout.size;
  return runMemory({ weights: weightShapes(sizes, computeDtype, quantisation) }, programs, {
    adapter,
    optimiserState: optimiserBytes(
      config.optimiser,
      layout.entries.map(({ size }) => size),
    ),
    gradientSum: config.accumulation > 1 ? adapter : 0,
  });
}

export interface MemoryCheck extends MemoryOptions {
  readonly model: LoadedModel;
  readonly examples: readonly SftExample[];
  readonly config: SftConfig;
  readonly seed: number | string;
}

/** Throws MachineError if a run needs more than there is, with the changes of the config after which it fits; see `assertFits`. */
export function refuseUnlessItFits(check: MemoryCheck, memory: RunMemory): void {
  assertFits('trainSft', check.model, memory, check, (fits) => whatWouldFit(check, fits));
}

interface Change {
  readonly text: string;
  readonly overrides: Partial<SftConfig>;
}

/** Changes of the config, single ones first, then the least that help together, each estimated anew. */
function whatWouldFit(check: MemoryCheck, enough: (changed: RunMemory, saved?: number) => boolean): string[] {
  const { config, examples, model } = check;
  const fits = (overrides: Partial<SftConfig>): boolean => {
    // The programs of a quantised base are those of this one; only its weights differ.
    const changed = { ...config, ...overrides, baseQuantisation: config.baseQuantisation };
    const saved = overrides.baseQuantisation === 'nf4' ? savedByNf4(model) : 0;
    try {
      const plan = planSft(examples, changed, new RandomStream(check.seed).fork('order'));
      return enough(sftMemory(model, changed, plan), saved);
    } catch {
      return false; // no example left at that length
    }
  };
  const recompute: Change[] = config.gradientCheckpointing
    ? []
    : [{ text: 'gradientCheckpointing: true', overrides: { gradientCheckpointing: true } }];
  const moments: Change[] =
    config.optimiser === 'adamw8bit' ? [] : [{ text: "optimiser: 'adamw8bit'", overrides: { optimiser: 'adamw8bit' } }];
  const quantised: Change[] =
    config.baseQuantisation === 'nf4' || savedByNf4(model) <= 0
      ? []
      : [{ text: "baseQuantisation: 'nf4'", overrides: { baseQuantisation: 'nf4' } }];
  const found: string[] = [];
  const keep = (changes: readonly Change[]): boolean => {
    const overrides = Object.assign({}, ...changes.map((change) => change.overrides)) as Partial<SftConfig>;
    if (!fits(overrides)) return false;
    found.push(changes.map(({ text }) => text).join(', '));
    return true;
  };
  for (const change of [...recompute, ...moments, ...quantised]) keep([change]);
  smallerBatches(config).some((change) => keep([change]));
  shorterRows(check).some((change) => keep([change]));
  if (found.length > 0) return found;
  const all = [...recompute, ...moments, ...quantised];
  if (!keep(all)) smallerBatches(config).some((change) => keep([...all, change]));
  return found;
}

/** Fewer rows a pass and more passes a step: the same step. */
function smallerBatches({ batchSize, accumulation }: SftConfig): Change[] {
  const changes: Change[] = [];
  for (let rows = Math.ceil(batchSize / 2); rows < batchSize; rows = Math.ceil(rows / 2)) {
    const passes = Math.ceil((batchSize * accumulation) / rows);
    changes.push({
      text: `batchSize: ${rows}, accumulation: ${passes}`,
      overrides: { batchSize: rows, accumulation: passes },
    });
    if (rows === 1) break;
  }
  return changes;
}

/** Shorter limits that still keep nine rows of ten; what they drop is said. */
function shorterRows({ config, examples }: MemoryCheck): Change[] {
  const lengths = examples.map(({ ids }) => ids.length).filter((length) => length <= config.maxTokens);
  const longest = Math.max(...lengths);
  return [0.75, 0.5]
    .map((share) => Math.ceil((longest * share) / 8) * 8)
    .map((maxTokens) => ({ maxTokens, dropped: lengths.filter((length) => length > maxTokens).length }))
    .filter(({ maxTokens, dropped }) => maxTokens < longest && dropped <= 0.1 * lengths.length)
    .map(({ maxTokens, dropped }) => ({
      text: `maxTokens: ${maxTokens} (drops ${dropped} of ${lengths.length} rows)`,
      overrides: { maxTokens },
    }));
}
