export { labelFormatSchema, labelSetSchema, loadLabelSet, parseLabelSet } from './label-set';
export {
  assertLabelsClean,
  customLabel,
  type LabelProblem,
  type LabelProblemKind,
  type LintOptions,
  labelName,
  lintLabel,
  lintLabels,
  MAX_LABEL_CHARACTERS,
} from './lint';
export { NEAR_DISTANCE, type NearDuplicate, nearDuplicates, textDistance, textKey } from './near-duplicates';
export { applyLabel, cutSpan, type LabelSpan, placeLabel, renderLabel } from './render';
export { type LabelScale, SCALE_ENCODINGS, type ScaleEncoding, suggestibilityScale } from './scale';
export type { ChatMessage, Label, LabelEmphasis, LabelFormat, LabelPlacement, LabelSet, LabelValue } from './types';
