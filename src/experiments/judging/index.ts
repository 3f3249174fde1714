export { agreementFigure, confusionFigure } from './agreement-figures';
export {
  type AgreementInput,
  type AgreementReport,
  type AgreementRow,
  agreementReport,
  type PairKind,
} from './agreement-report';
export { AGREEMENT_COLUMNS, agreementFrame, agreementText } from './agreement-tables';
export {
  type ArmsWithJudgeError,
  type ArmWithJudgeError,
  armsWithJudgeError,
  JUDGE_ERROR_COLUMNS,
  type JudgedMeasure,
  judgeErrorFrame,
  judgeErrorText,
} from './arms-with-judge-error';
export { appendHumanLabel, HUMAN_LABEL_COLUMNS, type HumanLabel, readHumanLabels, textIdOf } from './human-labels';
export { judgeNoiseReport, judgeNoiseText } from './judge-noise-report';
export { labelSheet, type SheetRow, type SheetText } from './label-sheet';
export {
  MISSING_COLUMNS,
  type MissingSensitivity,
  missingFrame,
  missingText,
  missingVerdictSensitivity,
} from './missing-verdict-sensitivity';
export { humanRaters, humansTogether, judgeRater, type Rater, type RaterKind } from './raters';
