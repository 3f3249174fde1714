export { auc, type Measured, pearson } from './association';
export { type Contrast, contrastLogOdds, logSumExp, strongToCenter } from './contrast';
export { type Detection, detection } from './detection';
export { DETECTION_MEASURES, type DetectionMeasure, type JudgedAnswer } from './detection-counts';
export { type DetectionOverSeeds, detectionOverSeeds, type SeedJudgedAnswer } from './detection-seeds';
export { type Estimate, type IntervalMethod, missingEstimate, printEstimate, type TopicValue } from './estimate';
export {
  type PairedDifference,
  type PairedTopics,
  pairByTopic,
  pairedDifference,
  type TopicPair,
  type WinTieLoss,
  winTieLoss,
} from './paired';
export { countVerdicts, wilsonProportion } from './proportion';
export { type RiseAtEdge, type RiseInput, riseAtEdge } from './rise';
export {
  type CrossedDifference,
  type CrossedMean,
  type CrossedOptions,
  type SeedTopicValue,
  seedsAndTopics,
  seedsAndTopicsDifference,
} from './seeds';
export { holm, pairedPermutationTest, signTest } from './significance';
export { type BootstrapOptions, meanOverTopics, type TopicEstimate, type TopicMean, topicMeans } from './topic-mean';
