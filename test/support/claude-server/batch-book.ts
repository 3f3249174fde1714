import type Anthropic from '@anthropic-ai/sdk';
import { contentHash, RandomStream } from '../../../src/core';
import { ApiError, errorBody } from './api-errors';
import { messageOf, type ReplyScript } from './messages';
import { type BatchCreateBody, messageBody } from './request-schemas';

/** How one request of a batch ends without a message. */
export type ItemFault = 'api-error' | 'overloaded' | 'invalid-request' | 'expired' | 'canceled';

export interface BatchBehaviour {
  /** Looks that still find the batch in progress, by its id or in a list (default 1). */
  readonly processingPolls?: number;
  /** The end of one request; `attempt` counts the batches in which its body stood before. Default: all succeed. */
  readonly itemFault?: (key: string, attempt: number, customId: string) => ItemFault | null;
  /** Results come in random order, drawn from this seed (default 0). */
  readonly shuffleSeed?: number;
}

interface StoredBatch {
  readonly batch: Anthropic.Messages.MessageBatch;
  readonly requests: BatchCreateBody['requests'];
  readonly results: Anthropic.Messages.MessageBatchIndividualResponse[];
  pollsLeft: number;
}

const NO_COUNTS = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 };

/** The batches that a server holds. */
export class BatchBook {
  private readonly stored: StoredBatch[] = [];
  private readonly attempts = new Map<string, number>();
  behaviour: BatchBehaviour;

  constructor(
    behaviour: BatchBehaviour,
    private readonly script: () => ReplyScript,
    private readonly onPaid: (key: string) => void,
  ) {
    this.behaviour = behaviour;
  }

  /** Ids, oldest first. */
  get ids(): string[] {
    return this.stored.map(({ batch }) => batch.id);
  }

  /** The requests of each batch, oldest first. */
  get requests(): BatchCreateBody['requests'][] {
    return this.stored.map(({ requests }) => requests);
  }

  create({ requests }: BatchCreateBody): Anthropic.Messages.MessageBatch {
    const now = new Date();
    const id = `msgbatch_${contentHash([this.stored.length, requests]).slice(0, 24)}`;
    const batch: Anthropic.Messages.MessageBatch = {
      id,
      type: 'message_batch',
      processing_status: 'in_progress',
      request_counts: { ...NO_COUNTS, processing: requests.length },
      created_at: now.toISOString(),
      expires_at: new Date(now.getTime() + 24 * 3_600_000).toISOString(),
      ended_at: null,
      cancel_initiated_at: null,
      archived_at: null,
      results_url: null,
    };
    this.stored.push({ batch, requests, results: [], pollsLeft: this.behaviour.processingPolls ?? 1 });
    return batch;
  }

  /** One look, which brings the batch nearer to its end. */
  retrieve(id: string, origin: string): Anthropic.Messages.MessageBatch {
    return this.look(this.find(id), origin);
  }

  list(query: URLSearchParams, origin: string): { data: Anthropic.Messages.MessageBatch[] } & Record<string, unknown> {
    const all = this.stored.map(({ batch }) => batch).reverse();
    const limit = Number(query.get('limit') ?? 20);
    const after = all.findIndex(({ id }) => id === query.get('after_id'));
    const data = all.slice(after + 1, after + 1 + limit);
    for (const { id } of data) this.look(this.find(id), origin);
    const rest = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
    return { data, has_more: after + 1 + limit < all.length, ...rest };
  }

  results(id: string): Anthropic.Messages.MessageBatchIndividualResponse[] {
    const { batch, results } = this.find(id);
    if (batch.results_url === null) throw new ApiError(404, `batch ${id} has no results`);
    return results;
  }

  cancel(id: string, origin: string): Anthropic.Messages.MessageBatch {
    const found = this.find(id);
    if (found.batch.processing_status === 'ended') throw new ApiError(400, `batch ${id} has ended`);
    found.batch.cancel_initiated_at = new Date().toISOString();
    this.end(id, origin, 'canceled');
    return found.batch;
  }

  delete(id: string): Anthropic.Messages.DeletedMessageBatch {
    const found = this.find(id);
    if (found.batch.processing_status !== 'ended') throw new ApiError(400, `batch ${id} is still in progress`);
    this.stored.splice(this.stored.indexOf(found), 1);
    return { id, type: 'message_batch_deleted' };
  }

  /** Lets the results of an ended batch become unavailable, as they are 29 days after its creation. */
  archive(id: string): void {
    const { batch } = this.find(id);
    batch.archived_at = new Date().toISOString();
    batch.results_url = null;
  }

  /** Ends a batch now; with `canceled`, without its messages. */
  end(id: string, origin: string, all: ItemFault | null = null): void {
    const found = this.find(id);
    const { batch, requests, results } = found;
    if (batch.processing_status === 'ended') return;
    for (const { custom_id, params } of requests)
      results.push({ custom_id, result: this.resultOf(custom_id, params, all) });
    const shuffled = new RandomStream(`${this.behaviour.shuffleSeed ?? 0}/${id}`).shuffled(results);
    results.splice(0, results.length, ...shuffled);
    const counts = { ...NO_COUNTS };
    for (const { result } of results) counts[result.type] += 1;
    Object.assign(batch, {
      processing_status: 'ended',
      request_counts: counts,
      ended_at: new Date().toISOString(),
      results_url: `${origin}/v1/messages/batches/${id}/results`,
    });
  }

  private resultOf(
    customId: string,
    params: Record<string, unknown>,
    all: ItemFault | null,
  ): Anthropic.Messages.MessageBatchResult {
    const key = contentHash(params);
    const attempt = this.attempts.get(key) ?? 0;
    this.attempts.set(key, attempt + 1);
    const fault = all ?? this.behaviour.itemFault?.(key, attempt, customId) ?? null;
    const errored = (status: number, message: string): Anthropic.Messages.MessageBatchErroredResult => ({
      type: 'errored',
      error: errorBody(status, message, `req_${customId}`),
    });
    if (fault === 'expired' || fault === 'canceled') return { type: fault };
    if (fault === 'api-error') return errored(500, 'Internal server error');
    if (fault === 'overloaded') return errored(529, 'Overloaded');
    if (fault === 'invalid-request') return errored(400, 'messages.0.content: not acceptable');
    try {
      const message = messageOf(messageBody(params), this.script(), 'batch', attempt);
      this.onPaid(key);
      return { type: 'succeeded', message };
    } catch (error) {
      if (error instanceof ApiError) return errored(error.status, error.message);
      throw error;
    }
  }

  private look(stored: StoredBatch, origin: string): Anthropic.Messages.MessageBatch {
    const { batch } = stored;
    if (batch.processing_status !== 'ended' && stored.pollsLeft-- <= 0) this.end(batch.id, origin);
    return batch;
  }

  private find(id: string): StoredBatch {
    const found = this.stored.find(({ batch }) => batch.id === id);
    if (!found) throw new ApiError(404, `No batch with id ${id}`);
    return found;
  }
}
