import { ApiError } from './api-errors';
import type { BatchBook } from './batch-book';
import type { Endpoint } from './faults';
import { inputTokens, messageOf, type ReplyScript } from './messages';
import { modelInfo } from './model-list';
import { batchCreateBody, countTokensBody, messageBody } from './request-schemas';

/** Where a request goes, and the id in its path. */
export interface Route {
  readonly endpoint: Endpoint;
  readonly id: string | null;
}

export interface HandledRequest {
  readonly route: Route;
  readonly body: unknown;
  readonly query: URLSearchParams;
  readonly number: number;
}

/** What of a server an answer depends on. */
export interface AnsweringServer {
  readonly url: string;
  readonly reply: ReplyScript;
  readonly batches: BatchBook;
  readonly models: readonly string[];
}

const ROUTES: readonly { method: string; path: RegExp; endpoint: Endpoint }[] = [
  { method: 'POST', path: /^\/v1\/messages$/, endpoint: 'messages' },
  { method: 'POST', path: /^\/v1\/messages\/count_tokens$/, endpoint: 'count-tokens' },
  { method: 'POST', path: /^\/v1\/messages\/batches$/, endpoint: 'batch-create' },
  { method: 'GET', path: /^\/v1\/messages\/batches$/, endpoint: 'batch-list' },
  { method: 'GET', path: /^\/v1\/messages\/batches\/([^/]+)$/, endpoint: 'batch-retrieve' },
  { method: 'GET', path: /^\/v1\/messages\/batches\/([^/]+)\/results$/, endpoint: 'batch-results' },
  { method: 'POST', path: /^\/v1\/messages\/batches\/([^/]+)\/cancel$/, endpoint: 'batch-cancel' },
  { method: 'DELETE', path: /^\/v1\/messages\/batches\/([^/]+)$/, endpoint: 'batch-delete' },
  { method: 'GET', path: /^\/v1\/models(?:\/([^/]+))?$/, endpoint: 'models' },
];

/** The endpoint of a method and path, or null. */
export function routeOf(method: string, path: string): Route | null {
  for (const route of ROUTES) {
    const match = route.method === method ? route.path.exec(path) : null;
    if (match) return { endpoint: route.endpoint, id: match[1] ?? null };
  }
  return null;
}

/** The body of a good answer: JSON, or JSON lines. Throws ApiError. */
export function answerOf(request: HandledRequest, server: AnsweringServer): { body: string; isLines: boolean } {
  const { route, body, query, number } = request;
  if (route.endpoint === 'batch-results') {
    const lines = server.batches.results(route.id as string).map((result) => `${JSON.stringify(result)}\n`);
    return { body: lines.join(''), isLines: true };
  }
  return { body: JSON.stringify(jsonAnswer(route, body, query, number, server)), isLines: false };
}

function jsonAnswer(
  { endpoint, id }: Route,
  body: unknown,
  query: URLSearchParams,
  number: number,
  server: AnsweringServer,
): unknown {
  const { batches, url } = server;
  switch (endpoint) {
    case 'messages':
      return messageOf(messageBody(body), server.reply, 'standard', number);
    case 'count-tokens':
      return { input_tokens: inputTokens(countTokensBody(body)) };
    case 'batch-create':
      return batches.create(batchCreateBody(body));
    case 'batch-list':
      return batches.list(query, url);
    case 'batch-retrieve':
      return batches.retrieve(id as string, url);
    case 'batch-cancel':
      return batches.cancel(id as string, url);
    case 'batch-delete':
      return batches.delete(id as string);
    case 'models':
      return models(id, server.models);
    case 'batch-results':
      throw new ApiError(500, 'results are lines');
  }
}

function models(id: string | null, ids: readonly string[]): unknown {
  if (id === null)
    return { data: ids.map(modelInfo), has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null };
  if (!ids.includes(id)) throw new ApiError(404, `model: ${id}`);
  return modelInfo(id);
}
