export * from './addition';
export * from './news';
export type { ContrastSet, EvalItem, Example } from './types';
