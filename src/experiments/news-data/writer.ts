import type { LongCall } from '../../core';
import type { CallEstimate } from '../../judge';

/** What a writer gives for one item, before it is checked: `{ headline, context }` or `{ article }`. */
export type Candidate = Readonly<Record<string, unknown>>;

/** What is asked of a writer at once. */
export interface WriteRequest {
  /** Unique in the making of a set; a local model draws from a stream of its own for it. */
  readonly id: string;
  readonly kind: 'topics' | 'texts';
  /** Candidates asked for; 1 for a text. */
  readonly items: number;
  readonly system: string;
  readonly user: string;
  /** Told to a writer that gives plain text: how it is to be laid out. */
  readonly plainFormat: string;
  /** Longest reply (tokens). */
  readonly maxTokens: number;
  readonly promptHash: string;
  /** Which of several replies to the same question, from 0. */
  readonly sample: number;
}

/** Why a reply holds nothing to check. */
export type Unusable = 'refused' | 'cut off' | 'not as asked';

/** What came of one request. */
export interface Written {
  readonly id: string;
  readonly candidates: readonly Candidate[];
  /** Null if there are candidates, or if there was no reply. */
  readonly unusable: Unusable | null;
  /** The reply as it came, where it holds nothing to check; null otherwise. */
  readonly said: string | null;
  /** Why there was no reply; such a request costs nothing and is asked again. */
  readonly missing: string | null;
  /** Key of the reply in the writer's own store; null if it has none. */
  readonly replyKey: string | null;
  readonly model: string;
  /** US dollars; null if the price is not known. */
  readonly costUsd: number | null;
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface WriteCall extends LongCall {
  /** Called with replies as they come, so that what an interruption would lose is kept. */
  readonly onWritten?: (written: readonly Written[]) => void;
}

/** Writes topics and texts to order: a Claude model, a local model, or a script in a test. */
export interface Writer {
  /** Holds everything that decides its replies: model, sampling, seed. */
  readonly id: string;
  /** What one request may ask and say: topics a reply, and headlines that are named as taken. */
  readonly limits: { readonly topicsPerRequest: number; readonly takenShown: number };
  /** One answer a request, in their order. Throws BudgetError at a limit and AbortedError on request; what was given to `onWritten` or is in its store is kept. */
  write(requests: readonly WriteRequest[], call: WriteCall): Promise<Written[]>;
  /** What the requests would cost; null if they cost no money. */
  estimate(requests: readonly WriteRequest[]): CallEstimate | null;
}
