import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import type { ClaudeAnswer } from './message-shape';
import { isRunning, ownProcess, type ProcessIdentity } from './process-identity';
import type { KeyedRequest } from './request-key';
import { openStoreFile, storeErrors } from './store-file';
import type { CallMode, ClaudeReply, ClaudeRequest, TokenUsage } from './types';

/** One sending of a request, as it is written down before it is sent. */
export interface AttemptStart {
  readonly key: string;
  readonly purpose: string;
  readonly model: string;
  readonly mode: CallMode;
  /** The most it can cost (US dollars); null if the price is not known. */
  readonly mostUsd: number | null;
}

export interface AttemptFailure {
  readonly status: number | null;
  readonly requestId: string | null;
  /** The class of the error; never its text, which a server may have filled with anything. */
  readonly errorClass: string;
  /** True if the request had gone out and no answer says that it was refused: it may be on the bill. */
  readonly mayBePaid: boolean;
}

/** `stored`: the reply is there. `held`: another call or batch is asking for it. `claimed`: it is the caller's to ask for. */
export type Claim =
  | { readonly status: 'stored'; readonly reply: ClaudeReply }
  | { readonly status: 'held'; readonly holder: string }
  | { readonly status: 'claimed' };

interface ReplyRow {
  readonly key: string;
  readonly reply: string;
  readonly mode: CallMode;
  readonly created_at: string;
  readonly cost: number | null;
}

/** How old the sign of life of another machine's process may be (milliseconds). */
const foreignSilenceMs = 15 * 60_000;
const seenEveryMs = 30_000;

/**
 * The file of replies, attempts and claims; several processes may have it open at once. Every change is one transaction that is on the
 * disk when it returns. Throws MachineError if the disk is full or the file cannot be written, FileFormatError if it is damaged.
 */
export class CallStore {
  readonly db: DatabaseSyncInstance;
  /** This opening of the file, as it stands in its attempts and claims. */
  readonly session = randomUUID();
  private seenAt: number;
  private calls = 0;

  readonly path: string;

  constructor(
    path: string,
    /** Milliseconds since 1970. */
    private readonly now: () => number = Date.now,
    /** What is charged for a reply (US dollars); null if the price is not known. */
    private readonly cost: (model: string, answer: ClaudeAnswer, mode: CallMode) => number | null = () => null,
  ) {
    this.path = resolve(path);
    this.db = openStoreFile(this.path);
    this.seenAt = now();
    const { pid, host, born } = ownProcess();
    try {
      this.transaction(() => {
        this.db
          .prepare('INSERT INTO sessions (id, pid, host, born, seen_at) VALUES (?, ?, ?, ?, ?)')
          .run(this.session, pid, host, born, this.time());
        this.settleDead();
      });
    } catch (error) {
      this.db.close();
      throw error;
    }
  }

  /** Runs `work` in one transaction, or in the one that is under way. */
  transaction<T>(work: () => T): T {
    return storeErrors(this.path, () => {
      if (this.db.isTransaction) return work();
      this.db.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.db.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.db.isTransaction) this.db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** A name for one call's claims; they fall with its process. */
  newHolder(): string {
    this.calls++;
    return `call:${this.session}:${this.calls}`;
  }

  replyOf(key: string): ClaudeReply | null {
    const row = storeErrors(this.path, () =>
      this.db.prepare('SELECT key, reply, mode, created_at, cost FROM replies WHERE key = ?').get(key),
    ) as ReplyRow | undefined;
    if (row === undefined) return null;
    const answer = JSON.parse(row.reply) as ClaudeAnswer;
    const { text, stopReason, model, usage, messageId } = answer;
    return {
      ...{ key, text, stopReason, model, usage, messageId },
      ...{ costUsd: row.cost, mode: row.mode, createdAt: row.created_at, fromStore: true },
    };
  }

  hasReply(key: string): boolean {
    return storeErrors(this.path, () => this.db.prepare('SELECT 1 FROM replies WHERE key = ?').get(key)) !== undefined;
  }

  /** The newest replies of a model to a rubric, with their questions. */
  latestReplies(
    model: string,
    rubricHash: string,
    limit: number,
  ): { readonly request: Omit<ClaudeRequest, 'id'>; readonly usage: TokenUsage }[] {
    const rows = storeErrors(this.path, () =>
      this.db
        .prepare(
          'SELECT request, reply FROM replies WHERE rubric_hash = ? AND model = ? ORDER BY created_at DESC LIMIT ?',
        )
        .all(rubricHash, model, limit),
    ) as unknown as { request: string; reply: string }[];
    return rows.map((row) => ({
      request: JSON.parse(row.request),
      usage: (JSON.parse(row.reply) as ClaudeAnswer).usage,
    }));
  }

  /** Takes the right to ask for a reply. The claim of a process that has ended is taken over. */
  claim(key: string, holder: string): Claim {
    return this.transaction((): Claim => {
      const reply = this.replyOf(key);
      if (reply !== null) return { status: 'stored', reply };
      const row = this.db.prepare('SELECT holder FROM claims WHERE key = ?').get(key) as { holder: string } | undefined;
      if (row !== undefined && row.holder !== holder) {
        if (this.isHeldAlive(row.holder)) return { status: 'held', holder: row.holder };
        this.settleDead();
      }
      this.db
        .prepare('INSERT OR REPLACE INTO claims (key, holder, since) VALUES (?, ?, ?)')
        .run(key, holder, this.time());
      return { status: 'claimed' };
    });
  }

  /** Who asks for a reply at present; null if nobody does. */
  holderOf(key: string): string | null {
    const row = storeErrors(this.path, () => this.db.prepare('SELECT holder FROM claims WHERE key = ?').get(key));
    return (row as { holder: string } | undefined)?.holder ?? null;
  }

  /** Gives back what `holder` claimed: one key, or all. */
  releaseClaims(holder: string, key?: string): void {
    this.transaction(() => {
      if (key === undefined) this.db.prepare('DELETE FROM claims WHERE holder = ?').run(holder);
      else this.db.prepare('DELETE FROM claims WHERE holder = ? AND key = ?').run(holder, key);
    });
  }

  /** Hands a claim on, such as from a call to the batch that it submits. */
  moveClaim(key: string, from: string, to: string): void {
    this.transaction(() =>
      this.db.prepare('UPDATE claims SET holder = ? WHERE key = ? AND holder = ?').run(to, key, from),
    );
  }

  /** Writes an attempt down as open, before it is sent. */
  beginAttempt(start: AttemptStart): number {
    return this.transaction(() => {
      this.showLife();
      const { key, purpose, model, mode, mostUsd } = start;
      const { lastInsertRowid } = this.db
        .prepare(
          "INSERT INTO attempts (key, purpose, model, mode, session, started_at, outcome, most_cost) VALUES (?, ?, ?, ?, ?, ?, 'open', ?)",
        )
        .run(key, purpose, model, mode, this.session, this.time(), mostUsd);
      return Number(lastInsertRowid);
    });
  }

  /**
   * Stores a reply, closes its attempt as paid and ends the claim on it, in one transaction. If a reply to the same question is there
   * already, that one stays and is given back.
   */
  finishPaid(
    attempt: number,
    keyed: KeyedRequest,
    answer: ClaudeAnswer,
    mode: CallMode,
    requestId: string | null,
  ): ClaudeReply {
    return this.transaction(() => {
      const { key, request } = keyed;
      const cost = this.cost(request.model, answer, mode);
      const { usage } = answer;
      const time = this.time();
      const { id: _, ...asked } = request;
      this.db
        .prepare(
          'INSERT OR IGNORE INTO replies (key, model, rubric_hash, request, reply, mode, created_at, cost) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        )
        .run(key, request.model, request.rubricHash, JSON.stringify(asked), JSON.stringify(answer), mode, time, cost);
      this.db
        .prepare(
          "UPDATE attempts SET outcome = 'paid', ended_at = ?, request_id = ?, input_tokens = ?, output_tokens = ?, cache_write_tokens = ?, cache_read_tokens = ?, cost = ? WHERE id = ?",
        )
        .run(
          ...[time, requestId, usage.inputTokens, usage.outputTokens, usage.cacheWriteTokens, usage.cacheReadTokens],
          ...[cost, attempt],
        );
      this.db.prepare('DELETE FROM claims WHERE key = ?').run(key);
      return { ...this.replyOf(key)!, fromStore: false };
    });
  }

  /** Closes an attempt that gave no reply. */
  finishFailed(attempt: number, failure: AttemptFailure): void {
    this.transaction(() => {
      const { status, requestId, errorClass, mayBePaid } = failure;
      this.db
        .prepare(
          "UPDATE attempts SET outcome = 'failed', ended_at = ?, status = ?, request_id = ?, error_class = ?, may_be_paid = ? WHERE id = ?",
        )
        .run(this.time(), status, requestId, errorClass, mayBePaid ? 1 : 0, attempt);
    });
  }

  /** Tells other processes that this one lives; cheap to call often. */
  showLife(): void {
    const now = this.now();
    if (now - this.seenAt < seenEveryMs) return;
    this.seenAt = now;
    this.transaction(() =>
      this.db.prepare('UPDATE sessions SET seen_at = ? WHERE id = ?').run(this.time(), this.session),
    );
  }

  /**
   * Closes what processes left that have ended: their open attempts become `uncertain`, since the reply may have been made and charged
   * while nobody was there to store it; their claims fall. Attempts in batches are left alone, for a batch outlives its process.
   */
  settleDead(): void {
    this.transaction(() => {
      const sessions = this.db
        .prepare('SELECT id, pid, host, born, seen_at FROM sessions')
        .all() as unknown as (ProcessIdentity & { id: string; seen_at: string })[];
      for (const session of sessions) if (!this.isAlive(session)) this.endSession(session.id);
    });
  }

  /** Ends this session. Every attempt of it must be closed. */
  close(): void {
    if (!this.db.isOpen) return;
    this.transaction(() => this.endSession(this.session));
    // The addon leaves the side files behind where statements were prepared; the file alone is to hold everything, for who copies it.
    this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.db.close();
  }

  private endSession(id: string): void {
    this.db
      .prepare(
        "UPDATE attempts SET outcome = 'uncertain', ended_at = ?, may_be_paid = 1, error_class = 'ProcessEnded' WHERE session = ? AND outcome = 'open' AND mode = 'messages'",
      )
      .run(this.time(), id);
    this.db.prepare('DELETE FROM claims WHERE substr(holder, 1, ?) = ?').run(...callsOf(id));
    this.db.prepare('DELETE FROM sessions WHERE id = ?').run(id);
  }

  private isHeldAlive(holder: string): boolean {
    const [kind, id] = holder.split(':');
    if (kind === 'batch') return true;
    const session = this.db.prepare('SELECT id, pid, host, born, seen_at FROM sessions WHERE id = ?').get(id) as
      | (ProcessIdentity & { id: string; seen_at: string })
      | undefined;
    return session !== undefined && this.isAlive(session);
  }

  private isAlive(session: ProcessIdentity & { id: string; seen_at: string }): boolean {
    if (session.id === this.session) return true;
    return isRunning(session) ?? this.now() - Date.parse(session.seen_at) < foreignSilenceMs;
  }

  private time(): string {
    return new Date(this.now()).toISOString();
  }
}

function callsOf(session: string): [number, string] {
  const start = `call:${session}:`;
  return [start.length, start];
}
