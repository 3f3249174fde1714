import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the proxy answers, by the first part of the path: `<url>/<way>/v1/messages`. */
export const ECHOING_WAYS = [
  'status-401',
  'status-400',
  'status-429',
  'page-502',
  'garbage-200',
  'not-a-message-200',
  'message-200',
  'redirect',
  'cut-off',
] as const;
export type EchoingWay = (typeof ECHOING_WAYS)[number];

export interface EchoingProxy {
  readonly url: string;
  /** Requests that carried the key, by way. */
  readonly seen: Map<string, number>;
  /** Headers of requests that followed a redirection. */
  readonly followed: unknown[];
  stop(): Promise<void>;
}

/** A proxy that writes the headers of a request, the key among them, into everything that it answers. */
export async function startEchoingProxy(key: string): Promise<EchoingProxy> {
  const seen = new Map<string, number>();
  const followed: unknown[] = [];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const way = (request.url ?? '').split('/')[1];
      if (way === 'elsewhere') followed.push(request.headers);
      if (JSON.stringify(request.headers).includes(key)) seen.set(way, (seen.get(way) ?? 0) + 1);
      void answer(way as EchoingWay, request, response, key);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    followed,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function answer(way: EchoingWay, request: IncomingMessage, response: ServerResponse, key: string): unknown {
  const echoed = `Bearer ${key}; ${JSON.stringify(request.headers)}; ${Buffer.from(`Bearer ${key}`).toString('base64')}`;
  const send = (status: number, type: string, body: string, headers: Record<string, string> = {}) => {
    response.writeHead(status, {
      'content-type': type,
      'request-id': `req ${key}`,
      'x-echo': `Bearer ${key}`,
      ...headers,
    });
    response.end(body);
  };
  const error = (status: number, type: string) =>
    send(
      status,
      'application/json',
      JSON.stringify({ type: 'error', error: { type, message: `refused: ${echoed}` }, request_id: key }),
    );
  switch (way) {
    case 'status-401':
      return error(401, 'authentication_error');
    case 'status-400':
      return error(400, 'invalid_request_error');
    case 'status-429':
      return error(429, 'rate_limit_error');
    case 'page-502':
      return send(502, 'text/html', `<html><body><h1>Bad gateway</h1><pre>${echoed}</pre></body></html>`);
    case 'garbage-200':
      return send(200, 'application/json', `{"id": "${echoed}`);
    case 'not-a-message-200':
      return send(200, 'application/json', JSON.stringify({ headers: request.headers, echoed, [key]: key }));
    case 'message-200':
      return send(
        200,
        'application/json',
        JSON.stringify({
          ...{ id: `msg_${key}`, type: 'message', role: 'assistant', model: `claude-${key}`, stop_reason: 'end_turn' },
          ...{ content: [{ type: 'text', text: echoed }], stop_sequence: null },
          usage: { input_tokens: 10, output_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
        }),
      );
    case 'redirect':
      return send(307, 'text/plain', echoed, { location: `/elsewhere/v1/messages?key=${encodeURIComponent(key)}` });
    default:
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100000' });
      response.write(`{"id": "${echoed}`);
      return setImmediate(() => response.destroy());
  }
}
