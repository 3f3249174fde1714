export type { ArmState, ArmStatus } from './arm-status';
export type { ComparedMeasureResult, ComparedSide, LabelComparison } from './compare';
export type { JudgeCalls } from './counted-judge';
export { type DeviceReport, deviceReport, deviceText } from './device-report';
export {
  adapterFolder,
  type Exported,
  exportAdapter,
  exportFigure,
  exportFrame,
  exportInspectLog,
  exportJson,
  exportParquet,
  exportReport,
} from './export-files';
export { DEFAULT_BUDGET_USD, DEFAULT_RUBRIC, JUDGE_NAMES, type JudgeChoice, type JudgeName, judgeText } from './judges';
export { labInspectLog, labReport } from './lab-report';
export { type LiveAnswer, type LiveArm, type LiveArms, liveArms } from './live-arms';
export { type DefinedLabel, type DefineLabelOptions, defineLabel, type SessionLabel } from './session-labels';
export {
  type PresetName,
  presetsOf,
  settingsText,
  TASK_NAMES,
  type TaskName,
  type UseOptions,
  type WorkbenchSettings,
} from './settings';
export {
  NEWS_MEASURE_CHOICES,
  type NewsMeasureChoice,
  type NewsSweep,
  type Sweep,
  type SycophancySweep,
} from './sweep';
export { type ListedLabel, Workbench } from './workbench';
export type { WriteOptions, WrittenText } from './write-texts';
