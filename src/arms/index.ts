export { type BuildArmsOptions, buildArms, promptMessages } from './build';
export { type ArmFacts, type ArmProof, type ArmTokens, type CountTokens, proofText, proveArms } from './prove';
export { ARM_NAMES, type ArmExample, type ArmName } from './types';
