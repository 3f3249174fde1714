import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, canonicalJson, contentHash, InternalError } from '../../core';
import { acquireLock, appendJsonl, readJsonl, writeFileAtomic } from '../../runs';
import type { WriteRequest, Written } from './writer';

type LogRow =
  | { readonly round: number; readonly key: string; readonly written: Written }
  | { readonly round: number; readonly unanswered: Readonly<Record<string, string>> };

/**
 * The replies that the making of a set has had, on disk as soon as they come. What is accepted follows from the replies and the seed
 * alone, so a making that was killed runs through its rounds again from this log and asks only for what it lacks.
 */
export class ReplyLog {
  private readonly replies = new Map<string, Written>();
  private readonly closed = new Map<number, Readonly<Record<string, string>>>();

  private constructor(
    private readonly path: string,
    private readonly writer: string,
  ) {
    for (const row of readJsonl<LogRow>(path)) {
      if ('written' in row) this.replies.set(row.key, row.written);
      else this.closed.set(row.round, row.unanswered);
    }
  }

  /**
   * Opens `<dir>/work/<kind>` for one process at a time. `plan` is everything that decides the requests.
   * Throws ConfigError if another plan was begun there, MachineError if another process is at it.
   */
  static open(
    dir: string,
    kind: string,
    writer: string,
    plan: Readonly<Record<string, unknown>>,
  ): { readonly log: ReplyLog; readonly release: () => void } {
    const folder = join(dir, 'work', kind);
    mkdirSync(folder, { recursive: true });
    const release = acquireLock(join(folder, 'lock'));
    try {
      const path = join(folder, 'plan.json');
      const wanted = { ...plan, writer };
      if (existsSync(path)) refuseOtherPlan(path, JSON.parse(readFileSync(path, 'utf8')), wanted);
      else writeFileAtomic(path, `${JSON.stringify(wanted, null, 2)}\n`);
      return { log: new ReplyLog(join(folder, 'replies.jsonl'), writer), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  get count(): number {
    return this.replies.size;
  }

  /** US dollars of all replies; null if a price is not known. */
  get costUsd(): number | null {
    let sum = 0;
    for (const { costUsd } of this.replies.values()) {
      if (costUsd === null) return null;
      sum += costUsd;
    }
    return sum;
  }

  /** Date of the newest reply; null without replies. */
  get lastReplyAt(): string | null {
    return [...this.replies.values()].reduce<string | null>(
      (last, { createdAt }) => (last === null || createdAt > last ? createdAt : last),
      null,
    );
  }

  /** The reply to a request; null if there is none. */
  reply(request: WriteRequest): Written | null {
    return this.replies.get(this.keyOf(request)) ?? null;
  }

  /** Why a request got no reply in a round that is over; null if it may be asked in that round. */
  unanswered(round: number, request: WriteRequest): string | null {
    return this.closed.get(round)?.[this.keyOf(request)] ?? null;
  }

  keep(round: number, requests: readonly WriteRequest[], written: readonly Written[]): void {
    const byId = new Map(requests.map((request) => [request.id, request]));
    const fresh = written.flatMap((item) => {
      const request = byId.get(item.id);
      if (!request) throw new InternalError(`ReplyLog: a reply must belong to a request, got "${item.id}".`);
      const key = this.keyOf(request);
      if (item.missing !== null || this.replies.has(key)) return [];
      this.replies.set(key, item);
      return [{ round, key, written: item }];
    });
    appendJsonl(this.path, fresh);
  }

  /** Says that a round is over: what it got no reply to is asked in a later one. */
  close(round: number, missing: ReadonlyMap<WriteRequest, string>): void {
    if (this.closed.has(round)) return;
    const unanswered = Object.fromEntries([...missing].map(([request, reason]) => [this.keyOf(request), reason]));
    this.closed.set(round, unanswered);
    appendJsonl(this.path, [{ round, unanswered }]);
  }

  private keyOf(request: WriteRequest): string {
    return contentHash({ writer: this.writer, ...request });
  }
}

function refuseOtherPlan(path: string, known: Record<string, unknown>, wanted: Record<string, unknown>): void {
  const other = [...new Set([...Object.keys(known), ...Object.keys(wanted)])].filter(
    (field) => canonicalJson(known[field] ?? null) !== canonicalJson(wanted[field] ?? null),
  );
  if (other.length > 0)
    throw new ConfigError(
      `ReplyLog: a folder holds the making of one plan, got another ${other.join(', ')} than was begun there (${path}). Take the same settings to go on, or another folder.`,
    );
}
