import type Anthropic from '@anthropic-ai/sdk';
import { ConfigError } from '../../core';
import { GarbledAnswer, tellingConnections } from './failures';
import type { KeySource } from './key';
import { keyFreeFetch } from './key-free-fetch';
import { type ClaudeAnswer, readMessage } from './message-shape';
import type { ClaudeRequest } from './types';

export const baseUrlVariable = 'ANTHROPIC_BASE_URL';
const ownBaseUrl = 'https://api.anthropic.com';

/** Where the notebook kernel leaves the `fetch` that is not tied to the running cell. */
const untiedFetch: unique symbol = Symbol.for('mstlab.untied-fetch');

/** The SDK's own time limit must not fire before the one of an attempt (milliseconds). */
const sdkMarginMs = 5_000;

/**
 * Where requests go: `given`, else ANTHROPIC_BASE_URL, else Anthropic.
 * Throws ConfigError unless it is an https address without a password, or http on this machine.
 */
export function checkedBaseUrl(given: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const named = env[baseUrlVariable]?.trim();
  const text = given ?? (named || ownBaseUrl);
  const from = given !== undefined ? 'option baseUrl' : baseUrlVariable;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isHere = url !== null && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && isHere)))
    throw new ConfigError(
      `openClaudeCalls: requests carry a key, so they must go to an https address or to this machine, got ${url ? `${url.protocol}//${url.host}` : 'no address'} (from ${from}).`,
    );
  if (url.username || url.password)
    throw new ConfigError(
      `openClaudeCalls: the address must hold no user or password, got one for ${url.host} (from ${from}). Give the key as a key.`,
    );
  return text.replace(/\/+$/, '');
}

/** Makes the SDK's client, which is loaded here and not before. Retries, logs and traces are off: see `askMessages`. */
export async function connect(key: KeySource, baseUrl: string): Promise<Anthropic> {
  const { default: Client } = await import('@anthropic-ai/sdk');
  const own = globalThis as { fetch: typeof fetch; [untiedFetch]?: typeof fetch };
  // The SDK declares its class twice, for import and for require.
  return new Client({
    // Given as a text it would stand among the client's properties, and in whatever shows them.
    apiKey: async () => key.reveal(),
    webhookKey: null,
    baseURL: baseUrl,
    maxRetries: 0,
    logLevel: 'off',
    openTelemetry: false,
    // A request that is being paid for goes on when its cell is interrupted.
    fetch: keyFreeFetch(tellingConnections(own[untiedFetch] ?? own.fetch), key),
    // The key must not follow a redirection.
    fetchOptions: { redirect: 'manual' },
  }) as unknown as Anthropic;
}

/** A request in the API's words. */
export function messageParams(request: ClaudeRequest): Anthropic.MessageCreateParamsNonStreaming {
  const { model, system, user, maxTokens, schema, thinking, effort } = request;
  const output = {
    ...(effort === null ? {} : { effort }),
    ...(schema === null ? {} : { format: { type: 'json_schema' as const, schema: { ...schema } } }),
  };
  return {
    model,
    max_tokens: maxTokens,
    messages: [{ role: 'user', content: user }],
    ...(system === '' ? {} : { system }),
    ...(thinking === null ? {} : { thinking: { type: thinking } }),
    ...(Object.keys(output).length === 0 ? {} : { output_config: output }),
  };
}

/**
 * Sends one request once. `timeoutMs` holds for the whole answer, its body too.
 * Throws the SDK's errors, the network's, and GarbledAnswer if the answer is no message.
 */
export async function sendMessage(
  client: Anthropic,
  request: ClaudeRequest,
  timeoutMs: number,
): Promise<{ answer: ClaudeAnswer; requestId: string | null }> {
  const response = await client.messages
    .create(messageParams(request), { signal: AbortSignal.timeout(timeoutMs), timeout: timeoutMs + sdkMarginMs })
    .asResponse();
  const requestId = response.headers.get('request-id');
  const body = await response.text();
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new GarbledAnswer(`an answer of ${body.length} characters that is not JSON`, requestId);
  }
  const answer = readMessage(value);
  if (answer === null) throw new GarbledAnswer(`an answer of ${body.length} characters that is no message`, requestId);
  return { answer, requestId };
}
