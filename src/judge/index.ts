export * from './offline';
export type { Indicator, Judge, Judgement, Verdict } from './types';
