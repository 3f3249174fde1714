export type { ClaudeCallsOptions } from './claude-calls';
export { openClaudeCalls } from './claude-calls';
export { estimateText, usdText } from './estimate';
export { findKey, howToGiveKey, KeySource, keyringFile } from './key';
export { ledgerText } from './ledger';
export type { ClaudeModel, ClaudeModels } from './models';
export { defaultModel, findModel, priceOf, readModels } from './models';
export { requestKey } from './request-key';
export type {
  AskCall,
  AskedReply,
  BudgetLimits,
  CallEstimate,
  CallMode,
  ClaudeCalls,
  ClaudeReply,
  ClaudeRequest,
  LedgerRow,
  ModeEstimate,
  Thinking,
  TokenUsage,
} from './types';
