import type Anthropic from '@anthropic-ai/sdk';
import { ConfigError, RandomStream, throwIfAborted, pause as waitFor, yieldToEventLoop } from '../../core';
import { askMessages, type UnstoredReply } from './ask-messages';
import type { AskContext, BatchesState, Outcome } from './batch-context';
import type { BatchSettings } from './batch-settings';
import { Budget, checkedLimits } from './budget';
import { checkedBaseUrl, connect } from './client';
import { estimateCalls, mostOf, spendingOf } from './estimate';
import { findKey, howToGiveKey, type KeySource, redact } from './key';
import { ledgerOf } from './ledger';
import { type ClaudeModels, costOf, priceOf, readModels } from './models';
import { type KeyedRequest, requestKey } from './request-key';
import { CallStore } from './store';
import type { AskCall, AskedReply, BudgetLimits, ClaudeCalls, ClaudeRequest } from './types';
import { Cooldown, type Sleep, Slots } from './waiting';

export interface ClaudeCallsOptions {
  /** Path of the SQLite file of replies; made if it is not there. Several processes may use it at once. */
  readonly store: string;
  /** Found at the first request that is sent (`findKey`) if it is not given. */
  readonly key?: KeySource;
  /** Default: ANTHROPIC_BASE_URL, else Anthropic. */
  readonly baseUrl?: string;
  /** Most requests under way at once. Default 8. */
  readonly concurrency?: number;
  /** Limits on what this opening of the store may spend in all its calls. */
  readonly budget?: Partial<BudgetLimits>;
  /** Most attempts for one request. Default 6; refusals for too much traffic count a quarter. */
  readonly attempts?: number;
  /** How long one attempt may take. Default two minutes, or more for long replies (milliseconds). */
  readonly timeoutMs?: number;
  /** How batches are cut, waited for and repeated. */
  readonly batch?: Partial<BatchSettings>;
  /** Models and prices; default: `readModels`. */
  readonly models?: ClaudeModels;
  /** For the jitter of waits. It decides no result. */
  readonly random?: RandomStream;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly sleep?: Sleep;
}

interface Connection {
  readonly key: KeySource;
  readonly client: Promise<Anthropic>;
}

const defaults = { concurrency: 8, attempts: 6, timeoutMs: 120_000 };
/** Time that a model may take for a token of its reply, on top of half a minute (milliseconds). A reply that is not waited for is paid for. */
const tokenMs = 30;
const answerMs = 30_000;
/** Stored replies are looked up so many at a time, and then the event loop is served. */
const lookedUpAtOnce = 200;

/**
 * Opens the store of replies and a way to ask Claude through it. No key is looked for until a request must be sent.
 * A process that is killed with requests under way can leave up to `concurrency` of them paid for without a reply; the ledger calls them
 * uncertain. In batch mode there is no such gap: the API keeps the replies.
 * Throws ConfigError on options out of range, FileFormatError if the store is damaged or newer than this program, MachineError if it
 * cannot be read or written.
 */
export function openClaudeCalls(options: ClaudeCallsOptions): ClaudeCalls {
  return new StoredCalls(options);
}

class StoredCalls implements ClaudeCalls {
  private readonly models: ClaudeModels;
  private readonly store: CallStore;
  private readonly budget: Budget;
  private readonly baseUrl: string;
  private readonly slots: Slots;
  private readonly cooldown = new Cooldown();
  private readonly random: RandomStream;
  private readonly now: () => number;
  private readonly sleep: Sleep;
  private readonly closing = new AbortController();
  private connection: Connection | null = null;
  private readonly unstored: UnstoredReply[] = [];
  private readonly unreleased = new Set<string>();
  private running = 0;

  constructor(private readonly options: ClaudeCallsOptions) {
    const wrong = Object.keys(defaults).flatMap((name) => {
      const value = options[name as keyof typeof defaults];
      return value === undefined || (Number.isInteger(value) && value >= 1) ? [] : [`${name} ${value}`];
    });
    if (wrong.length > 0)
      throw new ConfigError(`openClaudeCalls: whole numbers of at least 1 are needed, got ${wrong.join(', ')}.`);
    this.budget = new Budget('session', checkedLimits(options.budget, 'openClaudeCalls'));
    this.baseUrl = checkedBaseUrl(options.baseUrl);
    this.models = options.models ?? readModels();
    this.slots = new Slots(options.concurrency ?? defaults.concurrency);
    this.random = options.random ?? new RandomStream(`${process.pid} ${Date.now()}`);
    this.now = options.now ?? Date.now;
    this.sleep = options.sleep ?? waitFor;
    this.store = new CallStore(options.store, this.now, (model, { usage }, mode) =>
      costOf(model, usage, mode, this.models),
    );
  }

  async ask(requests: readonly ClaudeRequest[], call: AskCall): Promise<AskedReply[]> {
    if (this.closing.signal.aborted) throw closed('ask');
    this.running++;
    try {
      return await this.askOpen(requests, call);
    } catch (error) {
      // A key that was refused is looked for anew, where it was corrected.
      if (error instanceof ConfigError) this.connection = null;
      throw error;
    } finally {
      this.running--;
      if (this.closing.signal.aborted && this.running === 0) this.end();
    }
  }

  estimate(requests: readonly ClaudeRequest[]) {
    if (this.closing.signal.aborted) throw closed('estimate');
    return estimateCalls(requests, this.store, this.models);
  }

  ledger(since?: string) {
    if (this.closing.signal.aborted) throw closed('ledger');
    return ledgerOf(this.store, since);
  }

  /** Ends calls under way as an abort would, and closes the store when what they paid for is in it. */
  close(): void {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    if (this.running === 0) this.end();
  }

  private end(): void {
    try {
      this.storeUnstored();
    } finally {
      this.store.close();
    }
  }

  private async askOpen(requests: readonly ClaudeRequest[], call: AskCall): Promise<AskedReply[]> {
    const { purpose, signal, onProgress, mode = 'messages' } = call;
    const keyed = keyedOnce(requests);
    const limits = checkedLimits(call.budget, 'ask');
    this.storeUnstored();
    const outcomes = new Map<string, Outcome>();
    const counts = new Map<string, number>();
    for (const { key } of keyed) counts.set(key, (counts.get(key) ?? 0) + 1);
    const standing = { done: 0, stored: 0, paid: 0, failed: 0, retries: 0, costUsd: 0 };
    let batches: BatchesState | null = null;
    const report = () => {
      const { done, stored, paid, failed, retries, costUsd } = standing;
      const inBatches = batches && { batches: batches.batches, processing: batches.processing, ended: batches.ended };
      const detail = { stored, paid, failed, retries, cost: `$${costUsd.toFixed(4)}`, ...inBatches };
      onProgress?.({ what: purpose, done, total: requests.length, unit: 'replies', detail });
    };
    const onOutcome = (key: string, outcome: Outcome) => {
      if (outcomes.has(key)) return;
      outcomes.set(key, outcome);
      const times = counts.get(key) ?? 0;
      standing.done += times;
      if (outcome.reply === null) standing.failed += times;
      else if (outcome.reply.fromStore) standing.stored += times;
      else {
        standing.paid++;
        standing.stored += times - 1;
        standing.costUsd += outcome.reply.costUsd ?? 0;
      }
      report();
    };
    const open: KeyedRequest[] = [];
    for (const [i, item] of [...new Map(keyed.map((one) => [one.key, one])).values()].entries()) {
      if (i % lookedUpAtOnce === lookedUpAtOnce - 1) {
        await yieldToEventLoop();
        throwIfAborted(signal, 'ask');
      }
      const reply = this.store.replyOf(item.key);
      if (reply === null) open.push(item);
      else {
        outcomes.set(item.key, { reply, reason: null });
        standing.done += counts.get(item.key) ?? 0;
        standing.stored += counts.get(item.key) ?? 0;
      }
    }
    report();
    if (open.length > 0) {
      throwIfAborted(signal, 'ask');
      const budget = new Budget('call', limits, this.budget);
      this.checkPrices(open, budget);
      let connection: Connection | null = null;
      const context: AskContext = {
        ...{ store: this.store, baseUrl: this.baseUrl, requests: open, purpose, budget, onOutcome },
        ...{ spendingOf, now: this.now, sleep: this.sleep },
        signal: signal ? AbortSignal.any([signal, this.closing.signal]) : this.closing.signal,
        client: () => {
          connection = this.connected();
          return connection.client;
        },
        keyOrigin: () => connection?.key.origin ?? '',
        redact: (text) => redact(text, connection?.key ?? null),
        mostOf: (request) => mostOf(request, mode, this.models),
        standing: () => `${standing.done - standing.failed} of ${requests.length} replies are there`,
      };
      if (mode === 'batch') {
        const { askInBatches } = await import('./batches.js');
        await askInBatches({
          ...context,
          ...{ wait: call.wait ?? true, settings: this.options.batch, random: this.random },
          onPoll: (state) => {
            batches = state;
            report();
          },
        });
      } else
        await askMessages({
          ...context,
          ...{ slots: this.slots, cooldown: this.cooldown, random: this.random },
          concurrency: this.options.concurrency ?? defaults.concurrency,
          attempts: this.options.attempts ?? defaults.attempts,
          timeoutMs: ({ request }) =>
            this.options.timeoutMs ?? Math.max(defaults.timeoutMs, answerMs + tokenMs * request.maxTokens),
          onRetry: () => {
            standing.retries++;
            report();
          },
          onUnstored: (unstored) => this.unstored.push(unstored),
          onUnreleased: (holder) => this.unreleased.add(holder),
        });
    }
    return keyed.map(({ key, request }) => ({
      id: request.id,
      ...(outcomes.get(key) ?? { reply: null, reason: 'it was not asked' }),
    }));
  }

  private connected(): Connection {
    if (this.connection === null) {
      const key = this.options.key ?? findKey();
      if (key === null)
        throw new ConfigError(`ask: a key is needed to ask what is not stored, got none. ${howToGiveKey()}`);
      this.connection = { key, client: connect(key, this.baseUrl) };
    }
    return this.connection;
  }

  private checkPrices(open: readonly KeyedRequest[], budget: Budget): void {
    if (!budget.limitsMoney) return;
    const unknown = new Set(
      open.map(({ request }) => request.model).filter((model) => priceOf(model, this.models) === null),
    );
    if (unknown.size > 0)
      throw new ConfigError(
        `ask: a limit in money needs the price of every model, got no price of ${[...unknown].join(', ')} (${this.models.path}). Add it there, or set a limit in tokens.`,
      );
  }

  /** Replies that were paid for and did not fit on a full disk are stored as soon as they do. */
  private storeUnstored(): void {
    while (this.unstored.length > 0) {
      const { attempt, keyed, answer, requestId } = this.unstored[0];
      this.store.finishPaid(attempt, keyed, answer, 'messages', requestId);
      this.unstored.shift();
    }
    for (const holder of this.unreleased) {
      this.store.releaseClaims(holder);
      this.unreleased.delete(holder);
    }
  }
}

function closed(where: string): ConfigError {
  return new ConfigError(`${where}: the calls must be open, got closed ones. Open them again with openClaudeCalls.`);
}

function keyedOnce(requests: readonly ClaudeRequest[]): KeyedRequest[] {
  const ids = new Set<string>();
  return requests.map((request) => {
    if (ids.has(request.id))
      throw new ConfigError(`ask: every request must have an id of its own, got "${request.id}" twice.`);
    ids.add(request.id);
    if (!Number.isInteger(request.maxTokens) || request.maxTokens < 1)
      throw new ConfigError(
        `ask: maxTokens must be a whole number from 1, got ${request.maxTokens} (request "${request.id}").`,
      );
    if (request.model === '' || request.user === '')
      throw new ConfigError(
        `ask: a request must name a model and hold a question, got neither or one (request "${request.id}").`,
      );
    return { key: requestKey(request), request };
  });
}
