import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { contentHash } from '../../../src/core';
import { answerOf, type HandledRequest, type Route, routeOf } from './answers';
import { ApiError, errorBody } from './api-errors';
import { type BatchBehaviour, BatchBook } from './batch-book';
import { type Endpoint, type Fault, type FaultKind, type Faults, faultOf, UNHANDLED } from './faults';
import type { ReplyScript } from './messages';

/** Lets answers wait, so that a test can end its client meanwhile. */
export interface HoldPlan {
  readonly endpoint: Endpoint;
  /** The first request of the endpoint that waits, counted from 0 at the start of the server. */
  readonly from: number;
  /** Share of the body that is sent before the wait (0 to 1); without it not even the head is. */
  readonly share?: number;
  /** Wait before the request is handled: a held batch is then not stored. */
  readonly unhandled?: boolean;
  /** Called as each answer begins to wait. */
  readonly onHold?: (request: SeenRequest) => void;
}

export interface ClaudeServerOptions {
  /** The key that is let in (default `test-key-of-the-local-server`). */
  readonly apiKey?: string;
  /** Default: a sentence for every request. */
  readonly reply?: ReplyScript;
  readonly faults?: Faults | null;
  /** Before each answer (milliseconds; default 0). */
  readonly latencyMs?: number;
  readonly hold?: HoldPlan | null;
  readonly batches?: BatchBehaviour;
  /** Models that GET /v1/models lists; every other id that begins with `claude-` can be asked all the same. */
  readonly models?: readonly string[];
}

/** A request as it came, and what became of it. */
export interface SeenRequest {
  readonly number: number;
  readonly endpoint: Endpoint;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed; null if it had none. */
  readonly body: unknown;
  /** Of a request for a message: `contentHash` of its body, the same as within a batch. */
  readonly key: string;
  readonly attempt: number;
  readonly fault: FaultKind | null;
}

export const TEST_API_KEY = 'test-key-of-the-local-server';

/** What the SDK of this project asks for. */
const API_VERSION = '2026-10-21';

const GARBAGE = '{"id":"msg_0000","type":"mess';
const HTML_PAGE = '<html><body><h1>502 Bad Gateway</h1></body></html>';

/**
 * The Messages and Batches API on 127.0.0.1, without streaming: the shapes of its answers are the SDK's types, its model
 * is a script. `paid` counts by body hash what a client was given in full: messages that were written to the end, and
 * requests of batches that succeeded. Settings may be changed between requests.
 */
export class ClaudeServer {
  readonly requests: SeenRequest[] = [];
  readonly paid = new Map<string, number>();
  readonly batches: BatchBook;
  readonly apiKey: string;
  readonly models: readonly string[];
  reply: ReplyScript;
  faults: Faults | null;
  hold: HoldPlan | null;
  latencyMs: number;
  /** Most requests for a message that were open at one time. */
  mostAtOnce = 0;
  private open = 0;
  private readonly attempts = new Map<string, number>();
  private readonly counts = new Map<Endpoint, number>();
  private readonly held: (() => void)[] = [];
  private readonly server: Server;

  private constructor(options: ClaudeServerOptions) {
    this.apiKey = options.apiKey ?? TEST_API_KEY;
    this.models = options.models ?? ['claude-sonnet-5-5', 'claude-haiku-5-5'];
    this.reply = options.reply ?? (() => 'A plain answer.');
    this.faults = options.faults ?? null;
    this.hold = options.hold ?? null;
    this.latencyMs = options.latencyMs ?? 0;
    const onPaid = (key: string) => this.paid.set(key, (this.paid.get(key) ?? 0) + 1);
    this.batches = new BatchBook(options.batches ?? {}, () => this.reply, onPaid);
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  static async start(options: ClaudeServerOptions): Promise<ClaudeServer> {
    const server = new ClaudeServer(options);
    await new Promise<void>((resolve) => server.server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  /** The base URL for the SDK. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Answers that were paid for, all bodies together. */
  get paidInAll(): number {
    return [...this.paid.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Hashes of bodies that were paid for more than once. */
  get paidTwice(): string[] {
    return [...this.paid].filter(([, count]) => count > 1).map(([key]) => key);
  }

  countOf(endpoint: Endpoint): number {
    return this.counts.get(endpoint) ?? 0;
  }

  /** Lets everything that waits go on, and nothing wait any more. */
  release(): void {
    this.hold = null;
    for (const go of this.held.splice(0)) go();
  }

  async stop(): Promise<void> {
    this.release();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const number = this.requests.length;
    const requestId = `req_${String(number).padStart(8, '0')}`;
    const text = await bodyOf(request);
    if (text === null) return;
    const url = new URL(request.url ?? '/', this.url);
    const route = routeOf(request.method ?? 'GET', url.pathname);
    const body = jsonOf(text);
    const endpoint = route?.endpoint ?? 'models';
    const key = endpoint === 'messages' ? contentHash(body ?? null) : contentHash([request.method, request.url, body]);
    const attempt = this.attempts.get(key) ?? 0;
    const place = this.countOf(endpoint);
    this.attempts.set(key, attempt + 1);
    this.counts.set(endpoint, place + 1);
    const fault = faultOf(this.faults, { number, endpoint, key, attempt });
    const { method = 'GET', headers } = request;
    const kind = fault?.kind ?? null;
    const seen = { number, endpoint, method, path: url.pathname, headers, body, key, attempt, fault: kind };
    this.requests.push(seen);
    const hold = this.hold && this.hold.endpoint === endpoint && place >= this.hold.from ? this.hold : null;
    if (endpoint === 'messages') this.countOpen(response);
    if (this.latencyMs > 0) await sleep(this.latencyMs);
    if (hold?.unhandled) await this.wait(hold, seen);
    if (response.destroyed) return;
    const refused = this.refusal(headers, route, body, text);
    if (!refused && fault && UNHANDLED.includes(fault.kind)) return fail(fault, requestId, response);
    const answer = refused
      ? errorAnswer(refused, requestId)
      : this.handle({ route: route as Route, body, query: url.searchParams, number }, requestId);
    if (hold && !hold.unhandled && hold.share === undefined) await this.wait(hold, seen);
    if (response.destroyed) return;
    if (fault && !refused) return cut(fault, answer, response);
    const isPaid = endpoint === 'messages' && answer.status === 200;
    if (isPaid)
      response.once('finish', () => {
        if (!response.destroyed) this.paid.set(key, (this.paid.get(key) ?? 0) + 1);
      });
    writeHead(answer, response);
    if (hold?.share !== undefined) {
      const at = Math.floor(answer.body.length * hold.share);
      response.write(answer.body.subarray(0, at));
      await this.wait(hold, seen);
      return void response.end(answer.body.subarray(at));
    }
    response.end(answer.body);
  }

  private countOpen(response: ServerResponse): void {
    this.open += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.open);
    response.once('close', () => {
      this.open -= 1;
    });
  }

  private wait(hold: HoldPlan, seen: SeenRequest): Promise<void> {
    return new Promise((resolve) => {
      this.held.push(resolve);
      hold.onHold?.(seen);
    });
  }

  private refusal(headers: IncomingHttpHeaders, route: Route | null, body: unknown, text: string): ApiError | null {
    const key = headers['x-api-key'] ?? /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1];
    if (key !== this.apiKey) return new ApiError(401, 'invalid x-api-key');
    if (headers['anthropic-version'] !== API_VERSION) return new ApiError(400, 'anthropic-version: header is required');
    if (!route) return new ApiError(404, 'Not found');
    if (text !== '' && body === null) return new ApiError(400, 'The request body is not valid JSON');
    return null;
  }

  private handle(request: HandledRequest, requestId: string): Answer {
    try {
      const { body, isLines } = answerOf(request, this);
      const contentType = isLines ? 'application/x-jsonl' : 'application/json';
      return { status: 200, contentType, requestId, body: Buffer.from(body) };
    } catch (error) {
      if (error instanceof ApiError) return errorAnswer(error, requestId);
      // A fault of the test's own script: said to the client, so that the test does not hang.
      return errorAnswer(new ApiError(400, `the scripted server failed: ${error}`), requestId);
    }
  }
}

/** Starts a server on a free port of 127.0.0.1. */
export function startClaudeServer(options: ClaudeServerOptions = {}): Promise<ClaudeServer> {
  return ClaudeServer.start(options);
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly requestId: string;
  readonly body: Buffer;
}

function errorAnswer(error: ApiError, requestId: string): Answer {
  const body = Buffer.from(JSON.stringify(errorBody(error.status, error.message, requestId)));
  return { status: error.status, contentType: 'application/json', requestId, body };
}

function writeHead(answer: Answer, response: ServerResponse, more: Readonly<Record<string, string>> = {}): void {
  const { status, contentType, requestId, body } = answer;
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': body.length,
    'request-id': requestId,
    ...more,
  });
}

/** A fault in place of the answer. */
function fail(fault: Fault, requestId: string, response: ServerResponse): void {
  if (fault.kind === 'hang') return;
  if (fault.kind === 'disconnect') return void response.destroy();
  const answer = faultyAnswer(fault, requestId);
  const retryAfter = fault.retryAfterSeconds;
  writeHead(answer, response, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) });
  response.end(answer.body);
}

function faultyAnswer(fault: Fault, requestId: string): Answer {
  switch (fault.kind) {
    case 'html-page':
      return { status: 502, contentType: 'text/html', requestId, body: Buffer.from(HTML_PAGE) };
    case 'garbage':
      return { status: 200, contentType: 'application/json', requestId, body: Buffer.from(GARBAGE) };
    case 'rate-limited':
      return errorAnswer(new ApiError(429, 'This request would exceed your rate limit'), requestId);
    case 'overloaded':
      return errorAnswer(new ApiError(529, 'Overloaded'), requestId);
    default:
      return errorAnswer(new ApiError(fault.status ?? 500, 'Internal server error'), requestId);
  }
}

/** A fault after the request was handled: the answer does not arrive whole. */
function cut(fault: Fault, answer: Answer, response: ServerResponse): void {
  if (fault.kind === 'lost-answer') return void response.destroy();
  writeHead(answer, response);
  const half = answer.body.subarray(0, answer.body.length >> 1);
  if (fault.kind === 'hang-mid-body') return void response.write(half);
  response.write(half, () => setTimeout(() => response.destroy(), 5));
}

/** The body as text; null if the client left before its end. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOf(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
