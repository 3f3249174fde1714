export { type AuditLabel, type AuditOptions, type AuditRow, auditReward, auditText, type RewardAudit } from './audit';
export {
  type AdditionData,
  type AdditionOptions,
  type AdditionProblem,
  additionProblems,
  wrongAnswerDistribution,
} from './problems';
export {
  articleReward,
  episodeRewards,
  gradedReward,
  type MonitorOutcome,
  REWARD_SCHEMES,
  type RewardScheme,
} from './reward';
