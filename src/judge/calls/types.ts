import type { LongCall } from '../../core';

/** How hard a model thinks before it answers: whether it may think at all, and how much effort it is to spend. Null leaves the model's own default. */
export interface Thinking {
  readonly thinking: 'disabled' | 'adaptive' | null;
  readonly effort: 'low' | 'medium' | 'high' | null;
}

/** One question to a Claude model: everything that decides its reply, and the id by which the reply is joined. */
export interface ClaudeRequest extends Thinking {
  /** Names the item among those asked together. It is not sent and not part of the cache key. */
  readonly id: string;
  readonly model: string;
  readonly system: string;
  readonly user: string;
  /** Longest reply, thinking included (tokens). */
  readonly maxTokens: number;
  /** JSON schema that the reply must follow (structured output); null for plain text. */
  readonly schema: Readonly<Record<string, unknown>> | null;
  /** Hash of the rubric or prompt file that the text was made from. */
  readonly rubricHash: string;
  /** Which of several replies to the same question, from 0. */
  readonly sample: number;
}

/** `messages`: answered at once at full price. `batch`: the Message Batches API, half the price, within 24 hours. */
export type CallMode = 'messages' | 'batch';

export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheWriteTokens: number;
  readonly cacheReadTokens: number;
}

/** A reply as the store holds it. */
export interface ClaudeReply {
  /** SHA-256 of what decides the reply. */
  readonly key: string;
  readonly text: string;
  /** `end_turn`, `max_tokens`, `refusal`, ... as the API says it. */
  readonly stopReason: string | null;
  /** The model that answered, by its own word. */
  readonly model: string;
  readonly usage: TokenUsage;
  /** US dollars; null if the model's price is not known. */
  readonly costUsd: number | null;
  readonly mode: CallMode;
  /** The API's id of the message. */
  readonly messageId: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** True if this call did not pay for it: it was in the store, or another call put it there meanwhile. */
  readonly fromStore: boolean;
}

/** What came of one request. Exactly one of `reply` and `reason` is null. */
export interface AskedReply {
  readonly id: string;
  readonly reply: ClaudeReply | null;
  /** Why there is no reply. */
  readonly reason: string | null;
}

/** A limit on what may be spent; null is no limit. */
export interface BudgetLimits {
  readonly usd: number | null;
  /** Input and output together. */
  readonly tokens: number | null;
}

export interface AskCall extends LongCall {
  readonly mode?: CallMode;
  /** Batch mode: whether to wait for the end (default), or to give what is there and a reason for the rest. */
  readonly wait?: boolean;
  /** What it is for, as the ledger shows it: `judge news-bias`, `write articles`. */
  readonly purpose: string;
  /** Limits of this call, beside those of the session. */
  readonly budget?: Partial<BudgetLimits>;
}

/** One way of asking, with its price. */
export interface ModeEstimate {
  readonly mode: CallMode;
  /** US dollars: expected, and the most that replies of full length would cost; null if the price is not known. */
  readonly expectedUsd: number | null;
  readonly mostUsd: number | null;
}

/** What a call would cost, before it is made. */
export interface CallEstimate {
  readonly requests: number;
  /** Those whose reply is in the store already: they cost nothing. */
  readonly stored: number;
  readonly inputTokens: number;
  readonly expectedOutputTokens: number;
  readonly modes: readonly ModeEstimate[];
  /** Null if prices are not known or nothing is to be asked. */
  readonly cheaper: CallMode | null;
  /** Models whose price is not known. */
  readonly unknownPrices: readonly string[];
  /** Of the questions to be asked, those whose expected length comes from stored replies to the same rubric; the others count half of `maxTokens`. */
  readonly lengthsFromReplies: number;
}

/** What was asked and paid, by purpose and model. */
export interface LedgerRow {
  readonly purpose: string;
  readonly model: string;
  readonly mode: CallMode;
  /** Attempts that reached a full reply, and were paid. */
  readonly paid: number;
  /** Attempts that failed without a reply: refused by the server, broken off, garbage. */
  readonly failed: number;
  /** Attempts whose process ended before the reply was stored: they may have been paid. */
  readonly uncertain: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Null if some price was not known. */
  readonly costUsd: number | null;
  /** The most that the failed and uncertain attempts that had gone out can have cost beside it; null if some price was not known. */
  readonly mayHaveCostUsd: number | null;
}

/** Asks Claude models: through the store, within the limits, each question paid for once. */
export interface ClaudeCalls {
  /** Replies in the order of the requests. Throws BudgetError when a limit is reached and AbortedError on request; what was answered is kept. */
  ask(requests: readonly ClaudeRequest[], call: AskCall): Promise<AskedReply[]>;
  estimate(requests: readonly ClaudeRequest[]): CallEstimate;
  /** Everything in the store's ledger, or what was asked since a time (ISO 8601). */
  ledger(since?: string): LedgerRow[];
  close(): void;
}
