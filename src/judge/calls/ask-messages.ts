import type Anthropic from '@anthropic-ai/sdk';
import { AbortedError, BudgetError, MachineError, type RandomStream } from '../../core';
import type { AskContext, Outcome } from './batch-context';
import type { Spending } from './budget';
import { sendMessage } from './client';
import { type Failure, failureOf } from './failures';
import type { KeyedRequest } from './request-key';
import type { ClaudeReply } from './types';
import { backoffMs, type Cooldown, type Slots, sleepUntil } from './waiting';

export interface MessagesContext extends AskContext {
  readonly slots: Slots;
  readonly cooldown: Cooldown;
  readonly concurrency: number;
  /** Most attempts for one request; refusals for too much traffic count a quarter. */
  readonly attempts: number;
  readonly timeoutMs: (keyed: KeyedRequest) => number;
  readonly random: RandomStream;
  /** Called when an attempt is to be repeated. */
  readonly onRetry: () => void;
  /** Takes a reply that was paid for and could not be stored. */
  readonly onUnstored: (unstored: UnstoredReply) => void;
  /** Takes the holder of claims that are to be given back before the next call. */
  readonly onUnreleased: (holder: string) => void;
}

export interface UnstoredReply {
  readonly attempt: number;
  readonly keyed: KeyedRequest;
  readonly answer: Awaited<ReturnType<typeof sendMessage>>['answer'];
  readonly requestId: string | null;
}

const nothing: Spending = { usd: 0, tokens: 0 };
/** How often the store is asked for a reply that another call is waiting for (milliseconds). */
const pollMs = 250;
const sharedWeight = 0.25;
const apartMs = 250;
/** So many requests in a row that used up their attempts mean that the API does not answer at all. */
const silentInARow = 20;

/**
 * Asks each request at once, some at a time. A request is claimed before it is sent, so that of several calls one pays; its attempt is on
 * the disk before it goes out, and its reply with the end of the attempt before anything else is done.
 * After a limit, an abort or an error of all requests, those under way are waited for and stored; then it throws.
 * A process that is killed leaves at most `concurrency` attempts without an end.
 */
export async function askMessages(context: MessagesContext): Promise<void> {
  const run = new MessagesRun(context);
  await run.toEnd();
}

class MessagesRun {
  private readonly holder: string;
  private readonly pending: KeyedRequest[];
  private held: KeyedRequest[] = [];
  private readonly unknownModels = new Map<string, string>();
  /** Makes the error that ends the call, once what was under way has come to its end. */
  private stopped: { readonly error: () => unknown } | null = null;
  private readonly unstored: string[] = [];
  private silent = 0;
  private readonly signal: AbortSignal;
  private readonly ended = new AbortController();

  constructor(private readonly context: MessagesContext) {
    this.holder = context.store.newHolder();
    this.pending = [...context.requests].reverse();
    // Waits end when this call must end, for whatever reason.
    this.signal = context.signal ? AbortSignal.any([context.signal, this.ended.signal]) : this.ended.signal;
  }

  async toEnd(): Promise<void> {
    const { context } = this;
    try {
      const client = await context.client();
      while (this.pending.length > 0 && !this.mustStop()) {
        const workers = Math.min(context.concurrency, this.pending.length);
        await Promise.all(Array.from({ length: workers }, () => this.work(client)));
        await this.waitForHeld();
      }
    } finally {
      this.release();
    }
    if (this.stopped) throw this.stopped.error();
  }

  /** Gives the claims back, but for a reply that could not be stored: until it is, nobody else is to pay for it. */
  private release(): void {
    const { store, onUnreleased } = this.context;
    try {
      if (this.unstored.length > 0) {
        const keeper = store.newHolder();
        onUnreleased(keeper);
        for (const key of this.unstored) store.moveClaim(key, this.holder, keeper);
      }
      store.releaseClaims(this.holder);
    } catch (error) {
      onUnreleased(this.holder);
      this.stop(() => error);
    }
  }

  private async work(client: Anthropic): Promise<void> {
    // Nothing may be thrown from here while others are under way: what they pay for must be waited for.
    try {
      while (!this.mustStop()) {
        const keyed = this.pending.pop();
        if (keyed === undefined) return;
        await this.one(client, keyed);
      }
    } catch (error) {
      this.stop(() => error);
    }
  }

  /** Asks for one reply, as often as it takes. */
  private async one(client: Anthropic, keyed: KeyedRequest): Promise<void> {
    const { context } = this;
    const { store, attempts, random, cooldown } = context;
    let tries = 0;
    let used = 0;
    let notBefore = 0;
    // After a pause of all, they are not to come back in the same moment.
    const apart = random.uniform() * apartMs;
    const until = () => Math.max(notBefore, cooldown.until === 0 ? 0 : cooldown.until + apart);
    for (;;) {
      await sleepUntil(until, context, () => store.showLife(), this.signal);
      await context.slots.take();
      let failure: Failure | null;
      try {
        if (this.mustStop()) return;
        // Others may have met a limit while this one stood in line.
        if (until() > context.now()) continue;
        const known = this.unknownModels.get(keyed.request.model);
        if (known !== undefined) return this.end(keyed, { reply: null, reason: known });
        const most = await this.reserve(keyed);
        if (most === null) return;
        failure = await this.attempt(client, keyed, most);
      } finally {
        context.slots.give();
      }
      if (failure === null) return;
      if (failure.kind === 'stop') return this.stop(() => failure.error);
      if (failure.kind === 'request') {
        if (failure.ofModel) this.unknownModels.set(keyed.request.model, failure.why);
        return this.end(keyed, { reply: null, reason: failure.why });
      }
      tries++;
      used += failure.shared ? sharedWeight : 1;
      if (used >= attempts) {
        const reason = `no reply in ${tries} attempts, the last: ${failure.why}`;
        if (failure.status === null && !failure.mayBePaid)
          return this.stop(
            () =>
              new MachineError(
                `ask: ${context.baseUrl} must be reachable, got ${reason}; ${context.standing()} and are kept. Ask again when the network is there.`,
              ),
          );
        this.silent++;
        if (this.silent >= silentInARow)
          this.stop(
            () =>
              new MachineError(
                `ask: ${context.baseUrl} must answer, got ${silentInARow} requests in a row without a reply, the last: ${failure.why}; ${context.standing()} and are kept. Ask again later.`,
              ),
          );
        return this.end(keyed, { reply: null, reason });
      }
      context.onRetry();
      const next = context.now() + backoffMs(tries, failure.afterMs, random);
      if (failure.shared) cooldown.extend(next);
      else notBefore = next;
    }
  }

  /** Room in the budget for one attempt; null if there is none any more, or the call ends. */
  private async reserve(keyed: KeyedRequest): Promise<Spending | null> {
    const { budget } = this.context;
    const most = this.context.mostOf(keyed.request);
    for (;;) {
      const answer = budget.reserve(most);
      if (answer === 'reserved') return most;
      if (answer === 'reached') {
        this.stop(
          () =>
            new BudgetError(
              `ask: ${budget.reachedText(most)} is spent, and the next request may not fit; ${this.context.standing()} and are kept. Raise the limit and ask again: it goes on from there.`,
            ),
        );
        return null;
      }
      await budget.settled();
      if (this.mustStop()) return null;
    }
  }

  /** One sending. Null if the request has come to its end, or is another call's. */
  private async attempt(client: Anthropic, keyed: KeyedRequest, most: Spending): Promise<Failure | null> {
    const { context, holder } = this;
    const { store, budget } = context;
    let spent = nothing;
    try {
      const { key, request } = keyed;
      const begun = store.transaction(() => {
        const claim = store.claim(key, holder);
        if (claim.status !== 'claimed') return claim;
        const start = {
          key,
          purpose: context.purpose,
          model: request.model,
          mode: 'messages',
          mostUsd: most.usd,
        } as const;
        return { status: 'claimed', attempt: store.beginAttempt(start) } as const;
      });
      if (begun.status === 'stored') {
        this.end(keyed, { reply: begun.reply, reason: null });
        return null;
      }
      if (begun.status === 'held') {
        this.held.push(keyed);
        return null;
      }
      const { attempt } = begun;
      let sent: Awaited<ReturnType<typeof sendMessage>>;
      try {
        sent = await sendMessage(client, request, context.timeoutMs(keyed));
      } catch (thrown) {
        const { redact, baseUrl, now } = context;
        const failure = failureOf(thrown, { redact, baseUrl, now, keyOrigin: context.keyOrigin() });
        if (failure.mayBePaid) spent = most;
        store.finishFailed(attempt, failure);
        return failure;
      }
      const { answer } = sent;
      const requestId = sent.requestId === null ? null : context.redact(sent.requestId);
      let reply: ClaudeReply;
      try {
        spent = most;
        reply = store.finishPaid(attempt, keyed, answer, 'messages', requestId);
      } catch (error) {
        context.onUnstored({ attempt, keyed, answer, requestId });
        this.unstored.push(key);
        throw error;
      }
      spent = context.spendingOf(reply);
      this.silent = 0;
      this.end(keyed, { reply, reason: null });
      return null;
    } finally {
      budget.settle(most, spent);
    }
  }

  /** Replies that other calls are waiting for are taken when they come; what those give up is asked for here. */
  private async waitForHeld(): Promise<void> {
    const { context } = this;
    while (this.held.length > 0 && !this.mustStop()) {
      const still: KeyedRequest[] = [];
      for (const keyed of this.held) {
        const claim = context.store.claim(keyed.key, this.holder);
        if (claim.status === 'stored') this.end(keyed, { reply: claim.reply, reason: null });
        else if (claim.status === 'claimed') this.pending.push(keyed);
        else if (claim.holder.startsWith('batch:')) this.end(keyed, { reply: null, reason: inBatch });
        else still.push(keyed);
      }
      this.held = still;
      if (this.pending.length > 0) return;
      if (still.length > 0) {
        context.store.showLife();
        await context.sleep(pollMs, this.signal);
      }
    }
  }

  private end(keyed: KeyedRequest, outcome: Outcome): void {
    if (outcome.reply === null) this.context.store.releaseClaims(this.holder, keyed.key);
    this.context.onOutcome(keyed.key, outcome);
  }

  private mustStop(): boolean {
    const { signal } = this.context;
    if (this.stopped === null && signal?.aborted)
      this.stop(
        () =>
          new AbortedError(`ask: stopped by request; ${this.context.standing()} and are kept. Ask again to go on.`, {
            cause: signal.reason,
          }),
      );
    return this.stopped !== null;
  }

  private stop(error: () => unknown): void {
    this.stopped ??= { error };
    this.ended.abort();
  }
}

const inBatch =
  'a batch that was submitted before is asking for it: ask in mode "batch" to collect it, so that it is not paid for twice';
