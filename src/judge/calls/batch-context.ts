import type Anthropic from '@anthropic-ai/sdk';
import type { RandomStream } from '../../core';
import type { BatchSettings } from './batch-settings';
import type { Budget, Spending } from './budget';
import type { KeyedRequest } from './request-key';
import type { CallStore } from './store';
import type { ClaudeReply, ClaudeRequest } from './types';
import type { Sleep } from './waiting';

/** What came of a request, by its key. Exactly one of the two is null. */
export interface Outcome {
  readonly reply: ClaudeReply | null;
  readonly reason: string | null;
}

/** What a way of asking is given: the open requests, and everything it may use to ask them. */
export interface AskContext {
  readonly store: CallStore;
  /** Finds the key and makes the client at the first call; throws ConfigError if there is no key. */
  readonly client: () => Promise<Anthropic>;
  /** Where the key came from; empty before `client` has been called. */
  readonly keyOrigin: () => string;
  readonly baseUrl: string;
  /** Takes the key out of a text. Every text of the SDK, the network or the API passes it before it is shown or stored. */
  readonly redact: (text: string) => string;
  /** Each key once, none in the store when the call began. */
  readonly requests: readonly KeyedRequest[];
  readonly purpose: string;
  readonly signal: AbortSignal | undefined;
  readonly budget: Budget;
  /** The most that a request can cost in a mode; money is null if the price is not known. */
  readonly mostOf: (request: ClaudeRequest) => Spending;
  /** What a reply cost. */
  readonly spendingOf: (reply: ClaudeReply) => Spending;
  /** Called once for each request that has come to its end. */
  readonly onOutcome: (key: string, outcome: Outcome) => void;
  /** How far the call is, for the message of an error that ends it: `412 of 1000 replies are there`. */
  readonly standing: () => string;
  readonly now: () => number;
  readonly sleep: Sleep;
}

export interface BatchContext extends AskContext {
  /** Whether to wait for the end, or to give what is there and a reason for the rest. */
  readonly wait: boolean;
  readonly settings: Partial<BatchSettings> | undefined;
  /** For the jitter of waits. */
  readonly random: RandomStream;
  /** Called when the API has said how its batches are. */
  readonly onPoll: (state: BatchesState) => void;
}

/** How the batches of a call are: how many there are, how many requests in them are under way and have ended, and the API's ids of them. */
export interface BatchesState {
  readonly batches: number;
  readonly processing: number;
  readonly ended: number;
  readonly batchIds: readonly string[];
}
