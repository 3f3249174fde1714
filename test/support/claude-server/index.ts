export type { BatchBehaviour, ItemFault } from './batch-book';
export type { Endpoint, Fault, FaultKind, FaultQuery, FaultSchedule, Faults } from './faults';
export { inputTokens, type ReplyScript, type ScriptedReply, systemText, userText } from './messages';
export type { MessageBody } from './request-schemas';
export {
  type ClaudeServer,
  type ClaudeServerOptions,
  type HoldPlan,
  type SeenRequest,
  startClaudeServer,
  TEST_API_KEY,
} from './server';
