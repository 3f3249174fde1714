export { type ArticleDifference, articleDifferences } from './article';
export {
  checkSftConfig,
  type Origin,
  type ResolvedSftConfig,
  resolveSftConfig,
  SFT_PRESETS,
  type SftConfig,
  type SftOverrides,
  type SftPreset,
  sftConfigSchema,
} from './config';
export { estimateSft, type SftEstimate } from './estimate';
export { estimateSftMemory } from './memory';
export type { StepMetrics } from './metrics';
export { type Bucket, planSft, type SftExample, type SftPlan } from './plan';
export { type SftGraph, stepProgram } from './programs';
export { type AdapterWatch, type SftResult, type TrainSftOptions, trainSft } from './train-sft';
