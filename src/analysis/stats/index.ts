export { type AlphaMetric, krippendorffAlpha } from './agreement-alpha';
export type { AgreementEstimate, AgreementOptions } from './agreement-bootstrap';
export { type ConfusionTable, confusionTable, confusionText } from './agreement-confusion';
export { type RaterDifference, type RaterDifferenceOptions, raterDifference } from './agreement-difference';
export { type Category, type KappaWeights, type TwoRaters, weightedKappa } from './agreement-kappa';
export { auc, type Measured, pearson } from './association';
export { type ChangeOrSmooth, type ChangePointOptions, changeOrSmooth } from './change-point';
export { type Contrast, contrastLogOdds, logSumExp, strongToCenter } from './contrast';
export { crossedBootstrap } from './crossed-bootstrap';
export type { CurveKind, CurveName } from './curve-shapes';
export { type Detection, detection } from './detection';
export { DETECTION_MEASURES, type DetectionMeasure, type JudgedAnswer } from './detection-counts';
export { type DetectionOverSeeds, detectionOverSeeds, type SeedJudgedAnswer } from './detection-seeds';
export { normalQuantile } from './distributions';
export { cliffsDelta, type PairedDominance, pairedDominance } from './dominance';
export { type Estimate, type IntervalMethod, missingEstimate, printEstimate, type TopicValue } from './estimate';
export { benjaminiHochberg } from './false-discovery';
export { hodgesLehmann } from './hodges-lehmann';
export { type IsotonicFit, isotonicFit } from './isotonic';
export { type JonckheereTerpstra, jonckheereTerpstra } from './jonckheere';
export {
  differenceWithJudgeError,
  type JudgeErrorEstimate,
  type JudgeErrorOptions,
  meanWithJudgeError,
} from './judge-error';
export { type JudgeNoise, judgeNoise, type RepeatedJudgement } from './judge-error-repeats';
export type { JudgedText } from './judge-error-scores';
export { type LabelIdentification, type LabelledTexts, labelIdentification } from './label-identification';
export type { LabelTopicValue } from './label-table';
export { countPairs, type McNemar, mcnemar, type PairedCounts } from './mcnemar';
export {
  type Conclusion,
  type MissingVerdicts,
  type MissingVerdictsInput,
  missingVerdicts,
  type TippingPoint,
} from './missing-verdicts';
export { type Monotonicity, monotonicity, type NeighbourStep } from './monotonicity';
export { equalBins, type LabelledBehaviour, labelInformation, type MutualInformation } from './mutual-information';
export { type PageTrend, pageTrend } from './page-trend';
export {
  type PairedDifference,
  type PairedTopics,
  pairByTopic,
  pairedDifference,
  type TopicPair,
  type WinTieLoss,
  winTieLoss,
} from './paired';
export { type PowerOverTopics, type PowerTest, powerOverTopics } from './power';
export { type PowerOverSeeds, powerOverSeeds } from './power-seeds';
export { countVerdicts, wilsonProportion } from './proportion';
export type { TrendDirection } from './ranks';
export { type RiseAtEdge, type RiseInput, riseAtEdge } from './rise';
export {
  type CrossedDifference,
  type CrossedMean,
  type CrossedOptions,
  type SeedTopicValue,
  seedsAndTopics,
  seedsAndTopicsDifference,
} from './seeds';
export { type NoisyEstimate, type ShrunkEstimate, shrinkToMean } from './shrinkage';
export { type SignedRank, signedRankTest } from './signed-rank';
export { holm, pairedPermutationTest, signTest } from './significance';
export { type SimultaneousBand, simultaneousBand } from './simultaneous-band';
export { spearman } from './spearman';
export { type BootstrapOptions, meanOverTopics, type TopicEstimate, type TopicMean, topicMeans } from './topic-mean';
export { medianOverTopics, pairedMedianDifference } from './topic-median';
export { type WithinTopicSlope, withinTopicSlope } from './within-slope';
