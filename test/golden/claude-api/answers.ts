import type Anthropic from '@anthropic-ai/sdk';

/**
 * One answer of each endpoint, in the fields of the API's reference and held to the types of the SDK by the compiler:
 * a field that the SDK adds, drops or renames does not compile here. Ids and times are made up.
 */
export const MESSAGE = {
  id: 'msg_013Zva2CMHLNnXjNJJKqJ2EF',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5-5',
  content: [{ type: 'text', text: 'Both sides are heard.', citations: null }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  stop_details: null,
  container: null,
  diagnostics: null,
  usage: {
    input_tokens: 12,
    output_tokens: 6,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    inference_geo: null,
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: 'standard',
    speed: null,
  },
} satisfies Anthropic.Message;

/** A message that was refused: no text, and why. */
export const REFUSAL = {
  ...MESSAGE,
  content: [],
  stop_reason: 'refusal',
  stop_details: { type: 'refusal', category: 'general_harms', explanation: null },
} satisfies Anthropic.Message;

/** A message with its thinking, which is paid like text. */
export const THOUGHT = {
  ...MESSAGE,
  content: [
    { type: 'thinking', thinking: '', signature: 'c2lnbmVk' },
    { type: 'text', text: 'Both sides are heard.', citations: null },
  ],
  usage: { ...MESSAGE.usage, output_tokens: 46, output_tokens_details: { thinking_tokens: 40 } },
} satisfies Anthropic.Message;

export const TOKEN_COUNT = { input_tokens: 12 } satisfies Anthropic.MessageTokensCount;

export const BATCH_IN_PROGRESS = {
  id: 'msgbatch_013Zva2CMHLNnXjNJJKqJ2EF',
  type: 'message_batch',
  processing_status: 'in_progress',
  request_counts: { processing: 5, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
  created_at: '2026-11-02T18:37:24.100435Z',
  expires_at: '2026-11-03T18:37:24.100435Z',
  ended_at: null,
  cancel_initiated_at: null,
  archived_at: null,
  results_url: null,
} satisfies Anthropic.Messages.MessageBatch;

export const BATCH_ENDED = {
  ...BATCH_IN_PROGRESS,
  processing_status: 'ended',
  request_counts: { processing: 0, succeeded: 2, errored: 1, canceled: 1, expired: 1 },
  ended_at: '2026-11-02T19:37:24.100435Z',
  results_url: 'https://api.anthropic.com/v1/messages/batches/msgbatch_013Zva2CMHLNnXjNJJKqJ2EF/results',
} satisfies Anthropic.Messages.MessageBatch;

export const BATCH_PAGE = {
  data: [BATCH_IN_PROGRESS],
  has_more: false,
  first_id: BATCH_IN_PROGRESS.id,
  last_id: BATCH_IN_PROGRESS.id,
} satisfies Pick<Anthropic.Messages.MessageBatchesPage, 'data' | 'has_more' | 'first_id' | 'last_id'>;

export const BATCH_DELETED = {
  id: BATCH_IN_PROGRESS.id,
  type: 'message_batch_deleted',
} satisfies Anthropic.Messages.DeletedMessageBatch;

export const API_ERROR = {
  type: 'error',
  error: { type: 'api_error', message: 'Internal server error' },
  request_id: 'req_011CSHoEeqs5C35K2UUqR7Fy',
} satisfies Anthropic.ErrorResponse;

/** Lines of a batch's results, one of each kind. */
export const BATCH_RESULTS = {
  succeeded: {
    custom_id: 'item-0',
    result: { type: 'succeeded', message: { ...MESSAGE, usage: { ...MESSAGE.usage, service_tier: 'batch' } } },
  },
  errored: { custom_id: 'item-1', result: { type: 'errored', error: API_ERROR } },
  canceled: { custom_id: 'item-2', result: { type: 'canceled' } },
  expired: { custom_id: 'item-3', result: { type: 'expired' } },
} satisfies Record<Anthropic.Messages.MessageBatchResult['type'], Anthropic.Messages.MessageBatchIndividualResponse>;

export const MODEL = {
  id: 'claude-sonnet-5-5',
  type: 'model',
  display_name: 'Claude Sonnet 5.5',
  created_at: '2026-01-01T00:00:00Z',
  deprecated_at: null,
  retires_at: null,
  lifecycle: 'active',
  line: 'sonnet',
  max_input_tokens: 1_000_000,
  max_tokens: 64_000,
  capabilities: null,
} satisfies Anthropic.ModelInfo;
