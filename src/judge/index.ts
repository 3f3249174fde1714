export * from './blind';
export * from './calls';
export * from './claude';
export { type JudgedShare, judgedShare, requireJudged } from './gate';
export * from './offline';
export {
  type ComparePairsOptions,
  comparePairs,
  estimatePairs,
  type OrderedAnswer,
  type PairCounts,
  type PairResult,
  pairCounts,
  pairRequests,
  type TextPair,
} from './pairwise';
export { type PanelJudge, type PanelJudgement, panelJudge } from './panel';
export * from './rubric';
export type { Indicator, Judge, JudgeCall, Judgement, Verdict } from './types';
