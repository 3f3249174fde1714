import { BudgetError, type LongCall, throwIfAborted } from '../../core';
import type { Rejection, RejectReason } from './item-rules';
import type { ReplyLog } from './reply-log';
import type { WriteRequest, Writer, Written } from './writer';

/** A candidate or a reply that was not taken. */
export interface RejectedItem extends Rejection {
  /** The request, and the place of the candidate in its reply. */
  readonly request: string;
  readonly place: number;
  readonly sample: number;
  readonly round: number;
  readonly text: string | null;
}

export interface RoundAnswers {
  /** By request id: every request that was answered. */
  readonly answers: ReadonlyMap<string, Written>;
  /** Why no further round may be begun; null if one may. */
  readonly stopped: string | null;
}

/**
 * Asks what is not in the log and keeps each reply there. A round is over when every request was put; one that got no reply at all, or
 * met a limit, stays open, so that a later call puts it again. Throws AbortedError on request.
 */
export async function askRound(
  log: ReplyLog,
  writer: Writer,
  round: number,
  requests: readonly WriteRequest[],
  { signal, onProgress }: LongCall,
): Promise<RoundAnswers> {
  throwIfAborted(signal, 'askRound', 'Every reply is kept');
  const missing = new Map<WriteRequest, string>();
  const open: WriteRequest[] = [];
  for (const request of requests) {
    // Asked first: the reply may be one that a later round got.
    const reason = log.unanswered(round, request);
    if (reason !== null) missing.set(request, reason);
    else if (!log.reply(request)) open.push(request);
  }
  let stopped: string | null = null;
  if (open.length > 0) {
    try {
      const written = await writer.write(open, {
        ...(signal ? { signal } : {}),
        ...(onProgress ? { onProgress } : {}),
        onWritten: (some) => log.keep(round, open, some),
      });
      log.keep(round, open, written);
      for (const [i, { missing: reason }] of written.entries()) if (reason !== null) missing.set(open[i], reason);
      if (written.every((item) => item.missing !== null))
        stopped = `no reply came to ${open.length} requests: ${written[0].missing}`;
    } catch (error) {
      if (!(error instanceof BudgetError)) throw error;
      stopped = error.message;
    }
  }
  if (stopped === null) log.close(round, missing);
  const answers = new Map(
    requests.flatMap((request) => {
      const reply = log.reply(request);
      return reply && !missing.has(request) ? [[request.id, reply] as const] : [];
    }),
  );
  return { answers, stopped };
}

/** How many of each reason, the most frequent first. */
export function countReasons(rejected: readonly RejectedItem[]): Partial<Record<RejectReason, number>> {
  const counts = new Map<RejectReason, number>();
  for (const { reason } of rejected) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])));
}
