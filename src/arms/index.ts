export { type BuildArmsOptions, buildArms, promptMessages } from './build';
export {
  type ArmEpisode,
  type EpisodeProof,
  type EpisodeStream,
  type EpisodeStreamOptions,
  episodeStream,
  proveEpisodes,
} from './episodes';
export { type ArmFacts, type ArmProof, type ArmTokens, type CountTokens, proofText, proveArms } from './prove';
export { ARM_NAMES, type ArmExample, type ArmName } from './types';
