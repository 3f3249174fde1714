import { PROJECTIONS } from '../../src/model/families';
import { resolveSftConfig, type SftConfig } from '../../src/train';
import type { SftJob } from './job';

/** What is trained on both sides: LoRA of rank 16, alpha 32, no dropout, on all seven projections. */
export const BENCH_LORA = {
  rank: 16,
  alpha: 32,
  dropout: 0,
  targets: [...PROJECTIONS],
  rsLora: false,
};
export const BENCH_BATCH = 12;

type Settings = Pick<SftJob, 'epochs' | 'batchSize' | 'learningRate' | 'warmupSteps' | 'maxGradNorm' | 'quantisation'>;

/** Settings of a training job; AdamW with its usual betas, and nothing else in a step than the step. */
export function benchSftConfig(settings: Settings): SftConfig {
  return resolveSftConfig(null, {
    lora: BENCH_LORA,
    baseQuantisation: settings.quantisation,
    optimiser: 'adamw',
    learningRate: settings.learningRate,
    schedule: 'cosine',
    warmupSteps: settings.warmupSteps,
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    maxTokens: 4096,
    maxGradNorm: settings.maxGradNorm,
    checkpointEvery: 0,
  }).config;
}
