import { MachineError, MstlabError, type RandomStream } from '../../core';
import type { BatchApi, BatchLine, SubmittedRequest } from './batch-api';
import type { BatchSettings } from './batch-settings';
import type { BatchItem, BatchStore, Submission } from './batch-store';
import type { Failure } from './failures';
import { readMessage } from './message-shape';
import type { AttemptFailure, CallStore } from './store';
import type { ClaudeReply } from './types';
import { backoffMs, type Sleep, sleepUntil } from './waiting';

/** What one submission is followed with. */
export interface FollowContext {
  readonly store: CallStore;
  readonly batches: BatchStore;
  readonly api: BatchApi;
  readonly settings: BatchSettings;
  /** Holds the lease on the submission: no other call follows it meanwhile. */
  readonly holder: string;
  readonly baseUrl: string;
  readonly describe: (thrown: unknown) => Failure;
  readonly redact: (text: string) => string;
  readonly standing: () => string;
  readonly random: RandomStream;
  readonly signal: AbortSignal | undefined;
  readonly now: () => number;
  readonly sleep: Sleep;
  readonly onEnd: (key: string, end: ItemEnd) => void;
}

/** How a request left its batch: with a reply, to be asked again in another batch, or for good. */
export type ItemEnd =
  | { readonly kind: 'paid'; readonly reply: ClaudeReply }
  | { readonly kind: 'again'; readonly why: string; readonly mayBePaid: boolean; readonly arrived: boolean }
  | { readonly kind: 'ended'; readonly reason: string; readonly mayBePaid: boolean };

/** `moved`: something happened, look again at once. `stuck`: it cannot be followed now; it stays as it is. */
export type Step =
  | { readonly kind: 'waiting' | 'moved' | 'closed' }
  | { readonly kind: 'stuck'; readonly reason: string };

const waiting: Step = { kind: 'waiting' };
const moved: Step = { kind: 'moved' };
const closed: Step = { kind: 'closed' };

/** This machine's clock and the API's may differ by so much (milliseconds). */
const clockSkewMs = 3_600_000;
/** The API keeps results for so long after the submission (milliseconds). */
const keptMs = 29 * 24 * 3_600_000;
/** Results that are stored in one transaction. */
const storedAtOnce = 32;
/** The most of the API's own words that is shown (characters). */
const shownWords = 300;

/** Statuses that say that the batch was not taken; after any other one it may have been. */
const refusals = [409, 429, 529];
/** Errors of one request that another try may not meet. */
const passing = ['api_error', 'overloaded_error', 'rate_limit_error', 'timeout_error'];

/** One submission, from its sending to the end of its last request. Its lease must be held by `context.holder`. */
export class FollowedBatch {
  private submission: Submission;
  /** Requests that have no end yet, by custom id. */
  readonly open: Map<string, BatchItem>;
  /** Of the open ones, as the API counted them at the last look; null before the first. */
  processing: number | null = null;
  private readonly strangers = new Set<string>();
  private failures = 0;

  constructor(
    private readonly context: FollowContext,
    readonly id: string,
  ) {
    this.submission = context.batches.submission(id)!;
    this.open = context.batches.openItems(id);
  }

  get batchId(): string | null {
    return this.submission.batchId;
  }

  /** Why a request in it has no reply yet. */
  get waitingText(): string {
    return waitingText(this.submission);
  }

  /**
   * Sends it. What is surely refused is tried again, or ends its requests; after an answer that is lost the submission stays unconfirmed.
   * Throws what ends every call: a wrong key, no credit, no network.
   */
  async send(requests: readonly SubmittedRequest[]): Promise<void> {
    const { api, settings, signal, store, random } = this.context;
    for (let tries = 1; ; tries++) {
      const sent = await api.create(requests).then(
        (state) => ({ state }),
        (thrown: unknown) => ({ failure: this.context.describe(thrown) }),
      );
      if ('state' in sent) return this.confirm(sent.state.id, sent.state.createdAt);
      const { failure } = sent;
      if (failure.kind === 'stop') {
        this.drop(failure, { kind: 'ended', reason: 'not asked', mayBePaid: false }, 'absent');
        throw failure.error;
      }
      if (failure.kind === 'request')
        return this.drop(failure, { kind: 'ended', reason: failure.why, mayBePaid: false }, 'absent');
      const isRefused = failure.status === null ? !failure.mayBePaid : refusals.includes(failure.status);
      if (!isRefused) return this.doubt();
      const why = `the batch was not taken in ${tries} attempts, the last: ${failure.why}`;
      if (signal?.aborted)
        return this.drop(failure, { kind: 'again', why, mayBePaid: false, arrived: false }, 'absent');
      if (tries >= settings.attempts) {
        this.drop(failure, { kind: 'ended', reason: why, mayBePaid: false }, 'absent');
        if (failure.status === null) throw this.unreachable(why);
        return;
      }
      const until = this.context.now() + backoffMs(tries, failure.afterMs, random);
      await sleepUntil(
        () => until,
        this.context,
        () => store.showLife(),
        signal,
      );
    }
  }

  /** One look at it, and everything that follows from what is seen. Throws what ends every call. */
  async step(): Promise<Step> {
    if (this.open.size === 0) return this.close();
    try {
      const step = await (this.submission.state === 'sent' ? this.find() : this.poll());
      this.failures = 0;
      return step;
    } catch (thrown) {
      // Faults of the store, and the end of the cell.
      if (thrown instanceof MstlabError) throw thrown;
      if (this.context.signal?.aborted) return waiting;
      const failure = this.context.describe(thrown);
      if (failure.kind === 'stop') throw failure.error;
      if (failure.kind === 'request') return this.gone(failure);
      if (++this.failures < this.context.settings.attempts) return waiting;
      return this.stuck(`${this.failures} looks at it failed, the last: ${failure.why}`);
    }
  }

  /** Looks for a batch that was sent and not confirmed, among those that the API has and this store does not know. */
  private async find(): Promise<Step> {
    const { api, batches, settings, now } = this.context;
    if (this.submission.doubtedAt === null) this.doubt();
    const { writtenAt, doubtedAt, requests } = this.submission;
    const lookedAt = now();
    let undecided = 0;
    for await (const batch of api.newest(Date.parse(writtenAt) - clockSkewMs)) {
      if (batch.requests !== requests || this.strangers.has(batch.id) || batches.knows(batch.id)) continue;
      // Its requests have names only in its results.
      if (!batch.hasEnded) undecided++;
      else if (batch.hasResults && (await this.isOurs(batch.id))) {
        this.confirm(batch.id, batch.createdAt);
        return moved;
      } else {
        this.strangers.add(batch.id);
        // A look that ruled one out came further than the one before, however it ends.
        this.failures = 0;
      }
    }
    if (undecided > 0 || lookedAt - Date.parse(doubtedAt!) < settings.graceMs) return waiting;
    const why = 'the batch never arrived';
    const failure = { status: null, requestId: null, errorClass: 'BatchNotFound', mayBePaid: false };
    this.drop(failure, { kind: 'again', why, mayBePaid: false, arrived: false }, 'absent');
    return closed;
  }

  private async isOurs(batchId: string): Promise<boolean> {
    // Every custom id begins with the submission's own number, so one line decides.
    for await (const line of this.context.api.results(batchId)) return this.open.has(line.custom_id);
    return false;
  }

  private async poll(): Promise<Step> {
    const { api } = this.context;
    const { batchId, submittedAt } = this.submission;
    const state = await api.retrieve(batchId!);
    this.processing = state.processing;
    if (!state.hasEnded) return waiting;
    if (!state.hasResults) return this.lose(`the results of batch ${batchId} of ${submittedAt} have been deleted`);
    await this.collect();
    return this.close();
  }

  /** Reads the results and stores them one after the other; what is stored already is passed over. */
  private async collect(): Promise<void> {
    let lines: BatchLine[] = [];
    for await (const line of this.context.api.results(this.batchId!)) {
      lines.push(line);
      if (lines.length < storedAtOnce) continue;
      this.settle(lines);
      lines = [];
    }
    this.settle(lines);
    const failure = { status: null, requestId: null, errorClass: 'ResultMissing', mayBePaid: true };
    const why = `the results of batch ${this.batchId} say nothing of it`;
    this.end(
      [...this.open.values()].map((item) =>
        this.failed(item, failure, { kind: 'again', why, mayBePaid: true, arrived: true }),
      ),
    );
  }

  private settle(lines: readonly BatchLine[]): void {
    const ends = lines.flatMap((line) => {
      const item = this.open.get(line.custom_id);
      return item === undefined ? [] : [this.endOf(item, line)];
    });
    this.end(ends);
  }

  private endOf(item: BatchItem, { result }: BatchLine): PlannedEnd {
    const batch = `batch ${this.batchId}`;
    const fail = (errorClass: string, end: Exclude<ItemEnd, { kind: 'paid' }>): PlannedEnd =>
      this.failed(item, { status: null, requestId: null, errorClass, mayBePaid: end.mayBePaid }, end);
    if (result.type === 'succeeded') {
      const answer = readMessage(result.message);
      if (answer !== null) return { item, run: () => this.paid(item, answer) };
      return fail('GarbledAnswer', {
        kind: 'again',
        why: `${batch} holds no message for it`,
        mayBePaid: true,
        arrived: true,
      });
    }
    if (result.type === 'expired')
      return fail('Expired', {
        kind: 'again',
        why: `${batch} expired before its turn`,
        mayBePaid: false,
        arrived: true,
      });
    if (result.type === 'canceled')
      return fail('Canceled', { kind: 'ended', reason: `${batch} was canceled before its turn`, mayBePaid: false });
    const { type, message } = result.error.error;
    const words = this.context.redact(`${type} "${message}"`).slice(0, shownWords);
    const errorClass = /^\w{1,60}$/.test(type) ? type : 'errored';
    if (passing.includes(type)) return fail(errorClass, { kind: 'again', why: words, mayBePaid: false, arrived: true });
    return fail(errorClass, { kind: 'ended', reason: `refused in ${batch}: ${words}`, mayBePaid: false });
  }

  private paid(item: BatchItem, answer: NonNullable<ReturnType<typeof readMessage>>): ItemEnd | null {
    const reply = this.context.batches.pay(this.id, item, answer);
    return reply && { kind: 'paid', reply };
  }

  private failed(item: BatchItem, failure: AttemptFailure, end: ItemEnd): PlannedEnd {
    return {
      item,
      run: () => (this.context.batches.fail(this.id, item, failure) ? end : null),
    };
  }

  /** Puts ends on the disk in one transaction, and then says them. */
  private end(planned: readonly PlannedEnd[]): void {
    const { store, onEnd } = this.context;
    const ends = store.transaction(() => planned.map(({ item, run }) => ({ item, end: run() })));
    for (const { item, end } of ends) {
      this.open.delete(item.customId);
      if (end) onEnd(item.key, end);
    }
  }

  /** Ends all requests alike, and the submission with them. */
  private drop(failure: AttemptFailure, end: ItemEnd, state: 'done' | 'absent'): void {
    const { status, requestId, errorClass, mayBePaid } = failure;
    this.end(
      [...this.open.values()].map((item) => this.failed(item, { status, requestId, errorClass, mayBePaid }, end)),
    );
    this.close(state);
  }

  private lose(why: string): Step {
    const failure = { status: null, requestId: null, errorClass: 'ResultsDeleted', mayBePaid: true };
    this.drop(failure, { kind: 'again', why, mayBePaid: true, arrived: true }, 'done');
    return closed;
  }

  /** The API does not know the batch, or has no results of it any more. */
  private gone(failure: Failure & { readonly kind: 'request' }): Step {
    const { batchId, submittedAt, writtenAt } = this.submission;
    if (batchId === null || failure.status !== 404) return this.stuck(failure.why);
    if (this.context.now() - Date.parse(submittedAt ?? writtenAt) > keptMs)
      return this.lose(`the results of batch ${batchId} of ${submittedAt} have been deleted`);
    return this.stuck(`${failure.why}. Ask with a key of the workspace that submitted it`);
  }

  private stuck(why: string): Step {
    return { kind: 'stuck', reason: `${this.waitingText}, which could not be looked at: ${why}` };
  }

  private confirm(batchId: string, submittedAt: string): void {
    this.context.batches.confirm(this.id, batchId, submittedAt);
    this.submission = { ...this.submission, batchId, submittedAt, state: 'open' };
  }

  private doubt(): void {
    const doubtedAt = new Date(this.context.now()).toISOString();
    this.context.batches.doubt(this.id, doubtedAt);
    this.submission = { ...this.submission, doubtedAt };
  }

  private close(state: 'done' | 'absent' = 'done'): Step {
    this.context.batches.close(this.id, state, this.context.holder);
    return closed;
  }

  private unreachable(why: string): MachineError {
    const { baseUrl, standing } = this.context;
    return new MachineError(
      `ask: ${baseUrl} must be reachable, got: ${why}; ${standing()} and are kept. Ask again when the network is there.`,
    );
  }
}

interface PlannedEnd {
  readonly item: BatchItem;
  /** Writes the end; null if another call wrote it before. */
  readonly run: () => ItemEnd | null;
}

/** Why a request in a submission has no reply yet. */
export function waitingText({ batchId, submittedAt, writtenAt }: Submission): string {
  return batchId === null
    ? `waiting for a batch that was sent at ${writtenAt}, whose arrival is not confirmed`
    : `waiting for batch ${batchId} since ${submittedAt}`;
}
