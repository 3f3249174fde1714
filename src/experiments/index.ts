export * from './addition';
export { type ArticleFinding, articleFindingsFrame } from './article-findings';
export * from './dose-response';
export * from './forced-answer';
export * from './frames';
export * from './judging';
export * from './meter';
export { ModelHost, type ModelHostOptions, measuredDtype } from './model-host';
export * from './news';
export * from './news-data';
export * from './preregistration';
export * from './probes';
export * from './report';
export {
  assertRequirements,
  type Machine,
  type Requirement,
  requirementsFrame,
  requirementsText,
} from './requirements';
export * from './wording-test';
export * from './workbench';
