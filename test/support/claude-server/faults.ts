import { RandomStream } from '../../../src/core';

/**
 * How one answer goes wrong. The first five never look at the request. `lost-answer`, `disconnect-mid-body` and
 * `hang-mid-body` do what was asked (a batch is stored, a message is written) and then fail to deliver it.
 */
export type FaultKind =
  | 'rate-limited'
  | 'overloaded'
  | 'server-error'
  | 'html-page'
  | 'garbage'
  | 'disconnect'
  | 'hang'
  | 'lost-answer'
  | 'disconnect-mid-body'
  | 'hang-mid-body';

export interface Fault {
  readonly kind: FaultKind;
  /** Of `server-error`: 500, 502, 503 or 504 (default 500). */
  readonly status?: number;
  /** Of `rate-limited` and `overloaded`: the Retry-After header (seconds; default none). */
  readonly retryAfterSeconds?: number;
}

/** The API's addresses, by what they do. */
export type Endpoint =
  | 'messages'
  | 'count-tokens'
  | 'batch-create'
  | 'batch-list'
  | 'batch-retrieve'
  | 'batch-results'
  | 'batch-cancel'
  | 'batch-delete'
  | 'models';

/** What a schedule may know of a request. */
export interface FaultQuery {
  /** Its number among all requests, from 0. */
  readonly number: number;
  readonly endpoint: Endpoint;
  /** Hash of address and body. */
  readonly key: string;
  /** How many requests with this key came before. */
  readonly attempt: number;
}

/** A share of all requests, drawn by key and attempt, so that the order of arrival changes nothing. */
export interface FaultSchedule {
  readonly seed: number;
  /** Of the requests, 0 to 1. */
  readonly share: number;
  /** Default: all but those that hang. */
  readonly kinds?: readonly FaultKind[];
  /** Default: all. */
  readonly endpoints?: readonly Endpoint[];
  /** Most faults for one key, so that a client with enough attempts always ends (default 3). */
  readonly mostPerKey?: number;
}

export type Faults = FaultSchedule | ((query: FaultQuery) => Fault | FaultKind | null);

/** What happens before the request is handled at all. */
export const UNHANDLED: readonly FaultKind[] = [
  'rate-limited',
  'overloaded',
  'server-error',
  'html-page',
  'garbage',
  'disconnect',
  'hang',
];

const WITHOUT_HANGS: readonly FaultKind[] = [
  'rate-limited',
  'overloaded',
  'server-error',
  'html-page',
  'garbage',
  'disconnect',
  'lost-answer',
  'disconnect-mid-body',
];

/** The fault of one request, or null. */
export function faultOf(faults: Faults | null, query: FaultQuery): Fault | null {
  if (faults === null) return null;
  if (typeof faults === 'function') {
    const fault = faults(query);
    return typeof fault === 'string' ? { kind: fault } : fault;
  }
  const { seed, share, kinds = WITHOUT_HANGS, endpoints, mostPerKey = 3 } = faults;
  if (endpoints && !endpoints.includes(query.endpoint)) return null;
  if (query.attempt >= mostPerKey) return null;
  const stream = new RandomStream(`${seed}/${query.key}/${query.attempt}`);
  if (stream.uniform() >= share) return null;
  const kind = kinds[stream.below(kinds.length)];
  if (kind === 'server-error') return { kind, status: [500, 502, 503, 504][stream.below(4)] };
  return { kind, ...(kind === 'rate-limited' && { retryAfterSeconds: 0 }) };
}
