export * from './addition';
export {
  auditLabelLeak,
  type LabelLeakAudit,
  type LabelLeakOptions,
  type LabelLeakRow,
  LEAK_READERS,
  type LeakItem,
  type LeakReader,
} from './label-leak';
export * from './news';
export type { ContrastSet, EvalItem, Example } from './types';
