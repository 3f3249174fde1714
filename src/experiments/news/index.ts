export { differencesText, newsDifferences } from './article';
export { newsFindings } from './beside-article';
export { type CheckedClaim, checkClaims } from './claims';
export { type Condition, conditionName, sweepConditions } from './conditions';
export {
  configText,
  NEWS_PRESETS,
  type NewsConfig,
  type NewsOverrides,
  type NewsPreset,
  newsConfigSchema,
  type ResolvedNewsConfig,
  resolveNewsConfig,
} from './config';
export { estimateNews, estimateText, type NewsEstimate } from './estimate';
export {
  armsFigure,
  atDeployment,
  deploymentComparisons,
  differencesFigure,
  heatmapFigure,
  lossFigure,
  type NewsFigureContext,
  type NewsMeasure,
  spokenCondition,
  sweepFigure,
  verdictsFigure,
} from './figures';
export { NewsExperiment } from './news-experiment';
export { askedText, newsLabelLeak, preflightText } from './preflight';
export type { PreparedNews } from './prepare';
export { claimsText, summaryText } from './report';
export { newsRequirements } from './requirements';
export type { ContrastRow, SampleRow } from './rows';
export { seedSpreadFrame, seedsFigure } from './seed-figures';
export { type NewsSeed, type NewsSeedsSummary, type SeedsComparison, summariseSeeds } from './seeds';
export type { Comparison, ConditionSummary, MeasuredCondition, NewsSummary } from './summary';
export { comparisonsFrame, conditionsFrame, contrastFrame, samplesFrame } from './tables';
export type { TrainedArm } from './train-arm';
