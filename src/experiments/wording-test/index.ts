export { bestOf, type HalvingPlan, LEAST_CONFIRM_TOPICS, planHalving } from './halving';
export type { ConfirmedWording, PilotResult, TestedWording, WordingTest } from './types';
export { testWordings, type WordingTestOptions } from './wording-test';
