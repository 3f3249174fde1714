export { nonSemanticCodes } from './codes';
export {
  type EncodedValue,
  encodeValues,
  encodingId,
  type FamilyEncoding,
  type FamilyValue,
  levelNames,
} from './encodings';
export {
  type FamilySpec,
  familySpecOf,
  fillerFamily,
  type LabelFamily,
  labelFamily,
  type Paraphrase,
  type Wording,
} from './family';
export { type CountTextTokens, type Filler, fillerOf, irrelevantLabels, nonSemanticLabels } from './fillers';
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
export { type FamilyLintRow, familyLintText, lintFamily } from './lint-family';
export { NEAR_DISTANCE, type NearDuplicate, nearDuplicates, textDistance, textKey } from './near-duplicates';
export { loadParaphrases, paraphraseFileSchema } from './paraphrases';
export { applyLabel, cutSpan, type LabelSpan, placeLabel, renderLabel } from './render';
export { encodePercent, type LabelScale, SCALE_ENCODINGS, type ScaleEncoding, suggestibilityScale } from './scale';
export type { ChatMessage, Label, LabelEmphasis, LabelFormat, LabelPlacement, LabelSet, LabelValue } from './types';
