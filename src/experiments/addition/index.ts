export { additionDifferences } from './article';
export type { AnswerRow, PolicyName } from './ask';
export { articleFindings } from './beside-article';
export { checkAdditionClaims } from './claims';
export { type CollapseRun, trainCollapsePair } from './collapse-pair';
export {
  ADDITION_PRESETS,
  type AdditionConfig,
  type AdditionOverrides,
  type AdditionPreset,
  additionConfigSchema,
  additionConfigText,
  type ResolvedAdditionConfig,
  resolveAdditionConfig,
} from './config';
export { interpolatedPercents, sycophancyDose } from './dose';
export { atTemperature, drawnAnswers } from './drawn-answers';
export { type AdditionEstimate, additionEstimateText, estimateAddition } from './estimate';
export {
  atStrictest,
  auditFigure,
  comparisonFigure,
  type DoseFigureOptions,
  doseFigure,
  riseFigure,
  strictestFigure,
  trainingFigure,
  warmStartFigure,
} from './figures';
export type { LabelEffect } from './label-effect';
export { type LiveTraining, type LiveTrainingOptions, liveTraining, type ShowFigure } from './live';
export { additionPreflightText, deploymentPromptsText } from './preflight';
export type { PreparedAddition } from './prepare';
export {
  additionSummaryText,
  alarmText,
  besideArticleText,
  comparisonsText,
  spokenComparison,
  spokenPolicy,
  trainingText,
  warmStartText,
} from './report';
export { additionRequirements } from './requirements';
export {
  INSIDE_PERCENTS,
  type RiseVariant,
  type RiseVerdict,
  riseText,
  riseVariants,
  riseVerdict,
  spellingVariants,
  type VariantRise,
} from './rise';
export { TRAINED_VARIANTS, type TrainedVariant, trainRiseVariants } from './rise-variants';
export {
  ADDITION_MEASURES,
  type AdditionComparison,
  type AdditionCondition,
  type AdditionMeasure,
  type AdditionSummary,
  conditionAt,
  conditionAtPercent,
  isHeldOut,
  summariseAnswers,
} from './summary';
export { SycophancyExperiment } from './sycophancy-experiment';
export * from './tables';
export type { TrainedPolicy, TrainingListener } from './train-arm';
export type { WarmStart } from './warm-start';
