export { type AgreementChartInput, type AgreementLine, agreementChart } from './agreement-chart';
export { type ArmBar, type ArmBarsInput, armBars } from './arm-bars';
export { type ArmStyle, armStyles } from './arm-style';
export { type ChartNotes, differenceSentence, signed } from './caption';
export { type ConfusionChartInput, confusionChart } from './confusion-chart';
export { type DoseChartInput, type DosePoint, doseChart } from './dose-chart';
export {
  type DoseCurveInput,
  type DoseCurvePoint,
  doseCurve,
} from './dose-curve';
export { type Figure, figureWidthPx } from './figure';
export { figureHtml } from './figure-html';
export { figurePng } from './figure-png';
export { type HeatmapCell, type LabelHeatmapInput, labelHeatmap } from './label-heatmap';
export { type LeaderboardInput, type LeaderboardRow, leaderboard } from './leaderboard';
export { type PairedStrip, type PairedStripsInput, pairedStrips } from './paired-strip';
export { type RewardAuditCell, type RewardAuditInput, rewardAuditChart } from './reward-audit-chart';
export { type RlAlarm, type RlCurve, type RlCurvesInput, rlCurves } from './rl-curves';
export { type StepLine, type StepPanel, type StepPanelsInput, stepPanels } from './step-panels';
export { type TrainingCurve, type TrainingCurvesInput, trainingCurves } from './training-curves';
export { type VerdictCounts, type VerdictStackInput, verdictStack } from './verdict-stack';
