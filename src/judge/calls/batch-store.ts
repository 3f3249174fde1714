import { randomBytes } from 'node:crypto';
import type { ClaudeAnswer } from './message-shape';
import type { KeyedRequest } from './request-key';
import type { AttemptFailure, CallStore } from './store';
import { storeErrors } from './store-file';
import type { ClaudeReply, ClaudeRequest } from './types';

const tables = `
  CREATE TABLE IF NOT EXISTS batch_submissions (
    id TEXT PRIMARY KEY,
    batch_id TEXT UNIQUE,
    requests INTEGER NOT NULL,
    written_at TEXT NOT NULL,
    submitted_at TEXT,
    doubted_at TEXT,
    state TEXT NOT NULL CHECK (state IN ('sent', 'open', 'done', 'absent'))
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS batch_items (
    submission TEXT NOT NULL,
    custom_id TEXT NOT NULL,
    key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    request TEXT,
    PRIMARY KEY (submission, custom_id)
  ) WITHOUT ROWID;
`;

/**
 * A batch as it was written down before it was submitted. `sent`: no answer of the API says that it has it. `open`: it has it, under
 * `batchId`. `done`: every request has come to its end. `absent`: it never arrived.
 */
export interface Submission {
  readonly id: string;
  readonly batchId: string | null;
  readonly requests: number;
  /** By this machine's clock (ISO 8601). */
  readonly writtenAt: string;
  /** By the API's clock (ISO 8601); null until it is known. */
  readonly submittedAt: string | null;
  /** Since when it is looked for, because its sending ended without an answer (ISO 8601); null if it is not. */
  readonly doubtedAt: string | null;
  readonly state: 'sent' | 'open' | 'done' | 'absent';
}

/** A request within a batch whose end is not known yet. */
export interface BatchItem {
  readonly customId: string;
  readonly key: string;
  readonly attempt: number;
}

/** A request to be submitted, and the most it can cost (US dollars; null if the price is not known). */
export interface PricedRequest {
  readonly keyed: KeyedRequest;
  readonly mostUsd: number | null;
}

// The API takes 64 characters of [a-zA-Z0-9_-]. 40 hexadecimal digits of a key tell any two requests apart.
const keyDigits = 40;

/** Who holds the claims on the requests of a batch: the batch itself, for it outlives every process. */
export const batchHolder = (submission: string): string => `batch:${submission}`;

/** The submission in the name of a claim's holder; null if it is none. */
export function submissionOf(holder: string): string | null {
  return holder.startsWith('batch:') ? holder.slice('batch:'.length) : null;
}

/** What is written down of batches, in the file of replies. Every change is one transaction of the store. */
export class BatchStore {
  constructor(private readonly store: CallStore) {
    store.transaction(() => store.db.exec(tables));
  }

  /** Writes a submission with its items and open attempts, and hands the claims of `holder` to it, before anything is sent. */
  write(requests: readonly PricedRequest[], purpose: string, holder: string, writtenAt: string): Submission {
    const { store } = this;
    const id = randomBytes(8).toString('hex');
    const submission = {
      id,
      batchId: null,
      requests: requests.length,
      writtenAt,
      submittedAt: null,
      doubtedAt: null,
    } as const;
    store.transaction(() => {
      this.run(
        "INSERT INTO batch_submissions (id, requests, written_at, state) VALUES (?, ?, ?, 'sent')",
        ...[id, requests.length, writtenAt],
      );
      for (const { keyed, mostUsd } of requests) {
        const { key, request } = keyed;
        const attempt = store.beginAttempt({ key, purpose, model: request.model, mode: 'batch', mostUsd });
        this.run(
          'INSERT INTO batch_items (submission, custom_id, key, attempt, request) VALUES (?, ?, ?, ?, ?)',
          ...[id, this.customId(id, key), key, attempt, JSON.stringify(request)],
        );
        store.moveClaim(key, holder, batchHolder(id));
      }
      store.claim(batchHolder(id), holder);
    });
    return { ...submission, state: 'sent' };
  }

  customId(submission: string, key: string): string {
    return `${submission}-${key.slice(0, keyDigits)}`;
  }

  /** Notes that the API has the batch. */
  confirm(submission: string, batchId: string, submittedAt: string): void {
    this.store.transaction(() =>
      this.run(
        "UPDATE batch_submissions SET batch_id = ?, submitted_at = ?, state = 'open' WHERE id = ?",
        ...[batchId, submittedAt, submission],
      ),
    );
  }

  /** Notes that the API may or may not have the batch. */
  doubt(submission: string, doubtedAt: string): void {
    this.store.transaction(() =>
      this.run('UPDATE batch_submissions SET doubted_at = ? WHERE id = ?', doubtedAt, submission),
    );
  }

  submission(id: string): Submission | null {
    const row = this.get(
      'SELECT id, batch_id AS batchId, requests, written_at AS writtenAt, submitted_at AS submittedAt, doubted_at AS doubtedAt, state FROM batch_submissions WHERE id = ?',
      id,
    );
    return row === undefined ? null : ({ ...row } as unknown as Submission);
  }

  /** Whether a submission of this store has the API's batch of that id. */
  knows(batchId: string): boolean {
    return this.get('SELECT 1 AS found FROM batch_submissions WHERE batch_id = ?', batchId) !== undefined;
  }

  /** The items of a submission whose end is not known, by custom id. */
  openItems(submission: string): Map<string, BatchItem> {
    const rows = storeErrors(this.store.path, () =>
      this.store.db
        .prepare(
          'SELECT custom_id AS customId, key, attempt FROM batch_items WHERE submission = ? AND request IS NOT NULL',
        )
        .all(submission),
    ) as unknown as BatchItem[];
    return new Map(rows.map((row) => [row.customId, { ...row }]));
  }

  /** Stores the reply of an item and ends it; null if it had ended before. */
  pay(submission: string, item: BatchItem, answer: ClaudeAnswer): ClaudeReply | null {
    return this.store.transaction(() => {
      const request = this.end(submission, item);
      return request && this.store.finishPaid(item.attempt, { key: item.key, request }, answer, 'batch', null);
    });
  }

  /** Ends an item without a reply, and frees its key; false if it had ended before. */
  fail(submission: string, item: BatchItem, failure: AttemptFailure): boolean {
    return this.store.transaction(() => {
      if (this.end(submission, item) === null) return false;
      this.store.finishFailed(item.attempt, failure);
      this.store.releaseClaims(batchHolder(submission), item.key);
      return true;
    });
  }

  /** Ends a submission and the lease on it. Its items must have ended. */
  close(submission: string, state: 'done' | 'absent', holder: string): void {
    this.store.transaction(() => {
      this.run('UPDATE batch_submissions SET state = ? WHERE id = ?', state, submission);
      this.store.releaseClaims(holder, batchHolder(submission));
    });
  }

  /** Marks an item as ended; gives its request, or null if it was ended already. */
  private end(submission: string, item: BatchItem): ClaudeRequest | null {
    const row = this.get(
      'SELECT request FROM batch_items WHERE submission = ? AND custom_id = ?',
      ...[submission, item.customId],
    ) as { request: string | null } | undefined;
    if (!row?.request) return null;
    // An ended item keeps its ids and gives back the room of its request, which now stands beside the reply.
    this.run(
      'UPDATE batch_items SET request = NULL WHERE submission = ? AND custom_id = ?',
      ...[submission, item.customId],
    );
    return JSON.parse(row.request) as ClaudeRequest;
  }

  private run(sql: string, ...values: (string | number | null)[]): void {
    this.store.db.prepare(sql).run(...values);
  }

  private get(sql: string, ...values: string[]): unknown {
    return storeErrors(this.store.path, () => this.store.db.prepare(sql).get(...values));
  }
}
