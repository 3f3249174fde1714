export {
  type Confirmation,
  confirmPlan,
  type DecidedHypothesis,
  type Decision,
  type HypothesisNumbers,
  measureName,
  newsNumbers,
} from './confirm';
export { compareWithPlan, type Deviation, deviationsOf, recordDeviation } from './deviations';
export {
  type FrozenPlan,
  freezePlan,
  type Hypothesis,
  hypothesisSchema,
  type Plan,
  type PlanInput,
  planSchema,
  readPlan,
} from './plan';
