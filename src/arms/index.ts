export type { ArmFacts, ArmRepeats, ArmTokens, CountTokens, LabelInformation } from './arm-facts';
export { type AskedLabelsOptions, askedLabels } from './asked-labels';
export {
  type BuildArmsOptions,
  type BuiltArms,
  buildArms,
  DROPOUT_SHARE,
  NOISE_SHARE,
  promptMessages,
} from './build';
export { ARM_CATALOGUE, type ArmEntry, type AskedHow, armsToTrain, trainedAs } from './catalogue';
export {
  type ArmLabelSet,
  allControlLabels,
  type ControlLabels,
  type ControlSettings,
  controlLabels,
  leastBiasedValues,
  mirroredValues,
} from './control-labels';
export {
  type ArmEpisode,
  type EpisodeProof,
  type EpisodeStream,
  type EpisodeStreamOptions,
  episodeStream,
  proveEpisodes,
} from './episodes';
export { entropyNats, expectedMutualInformationNats, mutualInformationNats } from './mutual-information';
export { proofText } from './proof-text';
export { type ArmProof, type ArmRows, type ProveContext, proveArms } from './prove';
export {
  ARM_NAMES,
  type ArmExample,
  type ArmName,
  CONTROL_NAMES,
  type ControlName,
  LAB_ARMS,
  type LabArm,
  type RowsOf,
  type TrainedArmName,
} from './types';
