import { AbortedError, BudgetError } from '../../core';
import { BatchApi, batchRequest } from './batch-api';
import type { BatchContext, Outcome } from './batch-context';
import { type BatchSettings, batchSettings } from './batch-settings';
import { BatchStore, batchHolder, type PricedRequest, submissionOf } from './batch-store';
import { type FollowContext, FollowedBatch, type ItemEnd, waitingText } from './batch-submission';
import type { Reservation, Spending } from './budget';
import { failureOf } from './failures';
import type { KeyedRequest } from './request-key';
import { sleepUntil } from './waiting';

const nothing: Spending = { usd: 0, tokens: 0 };
const pauseGrowth = 1.5;

/**
 * Asks through the Message Batches API. What an earlier call submitted is waited for and never submitted again, also after that call's
 * process was killed; a submission whose answer was lost is looked for in the API's list before its requests are submitted anew.
 * Requests that failed for a passing reason stand in up to `rounds` batches.
 * A submission is on the disk with its requests before it is sent, and each result with the end of its attempt before anything else is
 * done with it. Throws AbortedError on request (the batches go on, and asking again collects them), BudgetError when no further request
 * fits, and what ends every call: a wrong key, no credit, no network.
 */
export async function askInBatches(context: BatchContext): Promise<void> {
  await new BatchRun(context).toEnd();
}

/** Why requests are left unsubmitted. */
interface Blocked {
  readonly reservation: Exclude<Reservation, 'reserved'>;
  readonly most: Spending;
}

class BatchRun {
  private readonly batches: BatchStore;
  private readonly settings: BatchSettings;
  private readonly holder: string;
  private readonly unsettled: Map<string, KeyedRequest>;
  /** Submissions whose lease this call holds. */
  private readonly followed = new Map<string, FollowedBatch>();
  /** The submission of each key that is in a followed one. */
  private readonly place = new Map<string, FollowedBatch>();
  /** Keys that this call put into a batch that goes on. */
  private readonly submitted = new Set<string>();
  /** In how many batches a key stood without a reply, and which share of all its tries that is. */
  private readonly tried = new Map<string, { readonly batches: number; readonly share: number }>();
  private readonly reserved = new Map<string, Spending>();

  constructor(private readonly context: BatchContext) {
    const { store, requests } = context;
    this.batches = new BatchStore(store);
    this.settings = batchSettings(context.settings);
    this.holder = store.newHolder();
    this.unsettled = new Map(requests.map((keyed) => [keyed.key, keyed]));
  }

  async toEnd(): Promise<void> {
    try {
      const follow = await this.connect();
      let pauseMs = this.settings.firstPauseMs;
      for (;;) {
        const blocked = await this.submit(this.assign(follow), follow);
        const hasMoved = await this.look();
        this.throwIfAborted();
        if (this.unsettled.size === 0) return;
        if (hasMoved) {
          pauseMs = this.settings.firstPauseMs;
          continue;
        }
        if (blocked?.reservation === 'reached' && (this.followed.size === 0 || !this.context.wait))
          throw this.budgetError(blocked.most);
        if (!this.context.wait) return this.giveReasons();
        await this.pause(pauseMs);
        pauseMs = Math.min(this.settings.longestPauseMs, pauseMs * pauseGrowth);
      }
    } finally {
      this.leave();
    }
  }

  private async connect(): Promise<FollowContext> {
    const { context, settings, batches, holder } = this;
    const { baseUrl, redact, now, sleep, signal, store, standing, random } = context;
    const client = await context.client();
    const api = new BatchApi(client, settings, signal);
    const failures = { redact, baseUrl, now, keyOrigin: context.keyOrigin() };
    return {
      ...{ store, batches, api, settings, holder, baseUrl, redact, standing, random, signal, now, sleep },
      describe: (thrown) => failureOf(thrown, failures),
      onEnd: (key, end) => this.onEnd(key, end),
    };
  }

  /** Finds out where each open request stands, and gives those that are this call's to submit. */
  private assign(follow: FollowContext): KeyedRequest[] {
    const { store } = this.context;
    const mine: KeyedRequest[] = [];
    const found: [string, Outcome][] = [];
    store.transaction(() => {
      for (const keyed of this.unsettled.values()) {
        if (this.place.has(keyed.key)) continue;
        const claim = this.claim(keyed.key, follow);
        if (claim.status === 'stored') found.push([keyed.key, { reply: claim.reply, reason: null }]);
        else if (claim.status === 'claimed') mine.push(keyed);
      }
    });
    for (const [key, outcome] of found) this.outcome(key, outcome);
    return mine;
  }

  private claim(key: string, follow: FollowContext): ReturnType<BatchContext['store']['claim']> {
    const { store } = this.context;
    const claim = store.claim(key, this.holder);
    const id = claim.status === 'held' ? submissionOf(claim.holder) : null;
    if (id === null) return claim;
    const submission = this.batches.submission(id);
    if (submission === null || submission.state === 'done' || submission.state === 'absent') {
      store.releaseClaims(batchHolder(id), key);
      return store.claim(key, this.holder);
    }
    if (!this.followed.has(id) && store.claim(batchHolder(id), this.holder).status === 'claimed') {
      this.follow(new FollowedBatch(follow, id));
    }
    return claim;
  }

  private follow(batch: FollowedBatch): void {
    this.followed.set(batch.id, batch);
    for (const { key } of batch.open.values()) if (this.unsettled.has(key)) this.place.set(key, batch);
  }

  /** Submits as many as the budget has room for; null if that is all. */
  private async submit(mine: readonly KeyedRequest[], follow: FollowContext): Promise<Blocked | null> {
    const { budget, mostOf, signal } = this.context;
    const { mostRequests, mostBytes } = this.settings;
    const customId = this.batches.customId('0'.repeat(16), '0'.repeat(64));
    let chunk: PricedRequest[] = [];
    let bytes = 0;
    let blocked: Blocked | null = null;
    for (const keyed of mine) {
      if (signal?.aborted) break;
      const most = mostOf(keyed.request);
      const reservation = budget.reserve(most);
      if (reservation !== 'reserved') {
        blocked = { reservation, most };
        break;
      }
      this.reserved.set(keyed.key, most);
      const size = Buffer.byteLength(JSON.stringify(batchRequest({ customId, request: keyed.request }))) + 1;
      if (chunk.length === mostRequests || (chunk.length > 0 && bytes + size > mostBytes)) {
        await this.send(chunk, follow);
        [chunk, bytes] = [[], 0];
      }
      chunk.push({ keyed, mostUsd: most.usd });
      bytes += size;
    }
    if (chunk.length > 0 && !signal?.aborted) await this.send(chunk, follow);
    return blocked;
  }

  private async send(chunk: readonly PricedRequest[], follow: FollowContext): Promise<void> {
    const { purpose, now } = this.context;
    const { id } = this.batches.write(chunk, purpose, this.holder, new Date(now()).toISOString());
    const batch = new FollowedBatch(follow, id);
    this.follow(batch);
    const requests = chunk.map(({ keyed: { key, request } }) => ({
      customId: this.batches.customId(id, key),
      request,
    }));
    for (const { keyed } of chunk) this.submitted.add(keyed.key);
    try {
      await batch.send(requests);
    } finally {
      if (batch.open.size === 0) this.followed.delete(id);
    }
  }

  /** One look at each submission; true if something ended. */
  private async look(): Promise<boolean> {
    let hasMoved = false;
    for (const batch of [...this.followed.values()]) {
      if (this.context.signal?.aborted) return hasMoved;
      const step = await batch.step();
      if (step.kind === 'stuck') {
        for (const { key } of batch.open.values()) this.outcome(key, { reply: null, reason: step.reason });
        this.context.store.releaseClaims(this.holder, batchHolder(batch.id));
      }
      if (step.kind === 'stuck' || step.kind === 'closed') this.followed.delete(batch.id);
      hasMoved ||= step.kind !== 'waiting';
    }
    this.report();
    return hasMoved;
  }

  private onEnd(key: string, end: ItemEnd): void {
    const { spendingOf } = this.context;
    this.place.delete(key);
    this.submitted.delete(key);
    this.settleReserved(key, (most) => (end.kind === 'paid' ? spendingOf(end.reply) : end.mayBePaid ? most : nothing));
    if (end.kind === 'paid') this.outcome(key, { reply: end.reply, reason: null });
    else if (end.kind === 'ended') this.outcome(key, { reply: null, reason: end.reason });
    else this.onAgain(key, end);
  }

  private onAgain(key: string, { why, arrived }: ItemEnd & { readonly kind: 'again' }): void {
    const { rounds, attempts } = this.settings;
    const tried = this.tried.get(key) ?? { batches: 0, share: 0 };
    const next = { batches: tried.batches + 1, share: tried.share + (arrived ? 1 / rounds : 1 / attempts) };
    this.tried.set(key, next);
    // Sums of thirds and eighths fall short of 1 by rounding.
    if (next.share > 1 - 1e-9)
      this.outcome(key, { reply: null, reason: `no reply in ${next.batches} batches, the last: ${why}` });
  }

  private settleReserved(key: string, actual: (most: Spending) => Spending): void {
    const most = this.reserved.get(key);
    if (most === undefined) return;
    this.reserved.delete(key);
    this.context.budget.settle(most, actual(most));
  }

  private outcome(key: string, outcome: Outcome): void {
    // A batch may hold requests of other calls.
    if (this.unsettled.delete(key)) this.context.onOutcome(key, outcome);
    this.place.delete(key);
  }

  /** What this call did not wait for. */
  private giveReasons(): void {
    const { store } = this.context;
    for (const key of [...this.unsettled.keys()]) {
      const holder = this.place.get(key) ? batchHolder(this.place.get(key)!.id) : store.holderOf(key);
      const id = holder === null ? null : submissionOf(holder);
      const submission = id === null ? null : this.batches.submission(id);
      const reason =
        submission !== null
          ? waitingText(submission)
          : holder === this.holder
            ? 'not submitted: the limit has no room for it until requests under way have ended'
            : 'another call is asking for it at this moment: ask again for its reply';
      this.outcome(key, { reply: null, reason });
    }
  }

  private report(): void {
    const all = [...this.followed.values()];
    const ids = all.flatMap(({ batchId }) => (batchId === null ? [] : [batchId]));
    const open = all.reduce((sum, batch) => sum + batch.open.size, 0);
    const processing = all.reduce((sum, batch) => sum + (batch.processing ?? batch.open.size), 0);
    this.context.onPoll({ batches: all.length, processing, ended: open - Math.min(open, processing), batchIds: ids });
  }

  private async pause(ms: number): Promise<void> {
    const { now, store, signal } = this.context;
    const until = now() + ms;
    await sleepUntil(
      () => until,
      this.context,
      () => store.showLife(),
      signal,
    );
    this.throwIfAborted();
  }

  /** Gives back leases, claims and room in the budget; what is in a batch counts as spent, for it will be. */
  private leave(): void {
    const { store } = this.context;
    store.releaseClaims(this.holder);
    for (const key of [...this.reserved.keys()])
      this.settleReserved(key, (most) => (this.submitted.has(key) ? most : nothing));
  }

  private openText(): string {
    const ids = [...this.followed.values()].map((batch) => batch.batchId ?? 'one that is not confirmed');
    if (ids.length === 0) return '';
    const named = `${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', …' : ''}`;
    return ids.length === 1
      ? ` A batch (${named}) goes on, and asking again collects it.`
      : ` ${ids.length} batches (${named}) go on, and asking again collects them.`;
  }

  private throwIfAborted(): void {
    const { signal, standing } = this.context;
    if (!signal?.aborted || this.unsettled.size === 0) return;
    throw new AbortedError(
      `ask: stopped by request; ${standing()} and are kept.${this.openText() || ' Ask again to go on.'}`,
      { cause: signal.reason },
    );
  }

  private budgetError(most: Spending): BudgetError {
    const { budget, standing } = this.context;
    return new BudgetError(
      `ask: ${budget.reachedText(most)} is spent, and the next request may not fit; ${standing()} and are kept.${this.openText()} ${this.unsettled.size - this.place.size} requests were not submitted. Raise the limit and ask again: it goes on from there.`,
    );
  }
}
