export {
  ForcedAnswerExperiment,
  type ForcedAnswerOptions,
  type ForcedAnswerPolicy,
  type ForcedAnswerRow,
} from './experiment';
export { auditTask, checkTask, type ForcedAnswerTask, type LevelAudit } from './task';
