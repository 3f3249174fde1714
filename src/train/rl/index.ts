export { rlArticleDifferences } from './article';
export {
  checkRlConfig,
  ESTIMATORS,
  type EstimatorName,
  type ResolvedRlConfig,
  RL_PRESETS,
  type RlConfig,
  type RlOverrides,
  type RlPreset,
  resolveRlConfig,
  rlConfigSchema,
} from './config';
export type { Episode, EpisodeSource, ProbeAnswer, ProbePrompt } from './episode';
export { estimateRlMemory } from './memory';
export { type Objective, objective, type PolicyNow, type Sampled } from './objective';
export type { ProbeAlarm, RlProbe } from './probe';
export type { RlGroupMetrics, RlStepMetrics } from './step-metrics';
export { type RlResult, type TrainRlOptions, trainRl } from './train-rl';
export { rlWarnings } from './warnings';
