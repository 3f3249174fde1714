import { BudgetError, ConfigError, MachineError } from '../../core';
import type { AttemptFailure } from './store';

/** An answer that came with status 200 and is no message: not JSON, cut off, or JSON of something else. */
export class GarbledAnswer extends Error {
  constructor(
    message: string,
    readonly requestID: string | null,
  ) {
    super(message);
    this.name = 'GarbledAnswer';
  }
}

/**
 * What to do about an attempt that gave no reply. `retry`: send it again, after `afterMs` if the API named a time; `shared` if all
 * requests must wait, and not this one alone. `request`: this request cannot be answered. `stop`: none can.
 */
export type Failure = AttemptFailure &
  (
    | { readonly kind: 'retry'; readonly why: string; readonly afterMs: number | null; readonly shared: boolean }
    | { readonly kind: 'request'; readonly why: string; readonly ofModel: boolean }
    | { readonly kind: 'stop'; readonly error: Error }
  );

export interface FailureContext {
  /** Where the key came from. */
  readonly keyOrigin: string;
  readonly baseUrl: string;
  /** Takes the key out of a text. */
  readonly redact: (text: string) => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface ApiErrorLike {
  readonly name?: string;
  readonly message?: string;
  readonly status?: number;
  readonly headers?: Headers;
  readonly requestID?: string | null;
  readonly apiMessage?: string | null;
  readonly type?: string | null;
  readonly errorCode?: string | null;
  readonly cause?: unknown;
}

const spendLimitCodes = new Set([
  'contract_spend_limit_reached',
  'enforced_spend_limit_reached',
  'linked_organization_spend_limit_reached',
  'linked_organization_billing_unavailable',
]);

/** Errors of a connection that never came about: nothing was sent. */
const neverConnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** There was no connection. The SDK would call some of these a time-out and lose the code. */
export class NoConnection extends Error {
  constructor(readonly code: string) {
    super(`no connection (${code})`);
    this.name = 'NoConnection';
  }
}

/** Sees to it that an error of `fetch` says so where nothing was sent. */
export function tellingConnections(own: typeof fetch): typeof fetch {
  return async (input, init) => {
    try {
      return await own(input, init);
    } catch (error) {
      const code = codeOf(error);
      if (code !== null && neverConnected.has(code)) throw new NoConnection(code);
      throw error;
    }
  };
}

/** The most of a server's own words that is shown (characters). */
const shownWords = 300;

/** A longer wait than this is not sat out (milliseconds). */
export const longestWaitMs = 15 * 60_000;

/** Says what an error of the SDK or of the network means. Nothing of the key stays in what is given back. */
export function failureOf(thrown: unknown, context: FailureContext): Failure {
  const error = (thrown ?? {}) as ApiErrorLike;
  const requestId = error.requestID ? context.redact(error.requestID) : null;
  if (typeof error.status === 'number') return statusFailure(error, error.status, requestId, context);
  const base = { status: null, requestId, errorClass: error.name ?? 'Error' };
  const again = { kind: 'retry', afterMs: null } as const;
  if (thrown instanceof GarbledAnswer)
    return { ...base, ...again, why: error.message ?? '', mayBePaid: true, shared: false };
  if (/Timeout|Abort/.test(error.name ?? ''))
    return { ...base, ...again, why: 'no answer in time', mayBePaid: true, shared: false };
  const code = codeOf(error);
  const sent = !neverConnected.has(code ?? '');
  return {
    ...base,
    ...again,
    why: sent ? `the connection broke off (${code ?? 'no code'})` : `no connection (${code})`,
    mayBePaid: sent,
    shared: !sent,
  };
}

function statusFailure(
  error: ApiErrorLike,
  status: number,
  requestId: string | null,
  context: FailureContext,
): Failure {
  const base = { status, requestId, errorClass: error.name ?? 'APIError', mayBePaid: false };
  const words = context.redact(error.apiMessage ?? '').slice(0, shownWords);
  const said = `${status}${words ? ` "${words}"` : ''}${requestId ? `, request ${requestId}` : ''}`;
  // The API answers 400 with a sentence, and no code of its own, where prepaid credit has run out.
  const noCredit = status === 400 && /credit balance/i.test(error.apiMessage ?? '');
  if (status === 402 || error.type === 'billing_error' || spendLimitCodes.has(error.errorCode ?? '') || noCredit)
    return {
      ...base,
      kind: 'stop',
      error: new BudgetError(
        `ask: the account must have credit left, got ${said} (key from ${context.keyOrigin}). What was answered is kept: add credit or raise the account's limit, and ask again.`,
      ),
    };
  if (status === 401 || status === 403)
    return {
      ...base,
      kind: 'stop',
      error: new ConfigError(
        `ask: the API must accept the key, got ${said} (key from ${context.keyOrigin}, sent to ${context.baseUrl}). What was answered is kept: correct the key and ask again.`,
      ),
    };
  const shouldRetry = error.headers?.get('x-should-retry');
  const isPassing = status === 408 || status === 409 || status === 429 || status >= 500;
  if (shouldRetry === 'true' || (isPassing && shouldRetry !== 'false')) {
    const afterMs = retryAfterMs(error.headers, context.now());
    if (afterMs !== null && afterMs > longestWaitMs)
      return {
        ...base,
        kind: 'stop',
        error: new MachineError(
          `ask: the API must take requests again within ${longestWaitMs / 60_000} minutes, got ${said} and to wait for ${Math.ceil(afterMs / 60_000)} minutes. What was answered is kept: ask again then.`,
        ),
      };
    return { ...base, kind: 'retry', why: said, afterMs, shared: status === 429 || status === 529 || status === 503 };
  }
  return { ...base, kind: 'request', why: `refused: ${said}`, ofModel: status === 404 };
}

/**
 * The time that a server asks to wait (milliseconds), from `retry-after-ms`, or from `retry-after` in seconds or as a date
 * (RFC 9110, section 10.2.3); null if it names none.
 */
export function retryAfterMs(headers: Headers | undefined, now: number): number | null {
  const ms = numberOf(headers?.get('retry-after-ms'));
  if (ms !== null) return ms;
  const text = headers?.get('retry-after');
  const seconds = numberOf(text);
  if (seconds !== null) return seconds * 1000;
  // A date of HTTP begins with the day's name; Date.parse takes much else for a date.
  const date = /^[A-Z][a-z]{2}/.test(text ?? '') ? Date.parse(text ?? '') : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function numberOf(text: string | null | undefined): number | null {
  if (!text?.trim()) return null;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

function codeOf(error: unknown): string | null {
  let at: unknown = error;
  for (let depth = 0; depth < 8 && at; depth++) {
    const { code, cause, errors } = at as { code?: unknown; cause?: unknown; errors?: unknown[] };
    if (typeof code === 'string') return code;
    at = cause ?? errors?.[0];
  }
  return null;
}
