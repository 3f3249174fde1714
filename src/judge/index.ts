export * from './offline';
export type { Indicator, Judge, JudgeCall, Judgement, Verdict } from './types';
