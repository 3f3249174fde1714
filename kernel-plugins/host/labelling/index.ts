export { type LabelTextsOptions, type LabelTextsResult, labelTexts, type TextOfSheet } from './label-texts';
export type { CompleteRating, Rating } from './labelling-session';
