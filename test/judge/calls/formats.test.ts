import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as golden from '../../golden/claude-api/answers';
import { type ClaudeServer, type FaultKind, startClaudeServer, TEST_API_KEY } from '../../support/claude-server';

const BODY = {
  model: 'claude-sonnet-5-5',
  max_tokens: 64,
  system: 'Answer in one sentence.',
  messages: [{ role: 'user', content: 'Is the text fair?' }],
} satisfies Anthropic.MessageCreateParamsNonStreaming;

let server: ClaudeServer;
let client: Anthropic;

beforeEach(async () => {
  server = await startClaudeServer({ reply: () => 'Both sides are heard.', batches: { processingPolls: 0 } });
  client = new Anthropic({ apiKey: TEST_API_KEY, baseURL: server.url, maxRetries: 0 });
});

afterEach(() => server.stop());

/** Every path of a value with the type of what is there; null has the type of nothing, and lists of one are as good as lists of many. */
function shape(value: unknown, path = '$'): string[] {
  if (Array.isArray(value)) return [...new Set([`${path} list`, ...value.flatMap((each) => shape(each, `${path}[]`))])];
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, each]) => [`${path}.${name}`, ...shape(each, `${path}.${name}`)]);
  return value === null ? [] : [`${path} ${typeof value}`];
}

const sorted = (value: unknown): string[] => shape(value).sort();

async function createBatch(count = 5): Promise<Anthropic.Messages.MessageBatch> {
  const requests = Array.from({ length: count }, (_, i) => ({ custom_id: `item-${i}`, params: BODY }));
  return client.messages.batches.create({ requests });
}

describe('each endpoint answers in the shape that the SDK is typed for', () => {
  it('POST /v1/messages: a message', async () => {
    const message = await client.messages.create(BODY);
    expect(sorted(message)).toEqual(sorted(golden.MESSAGE));
    expect(message).toMatchObject({ content: golden.MESSAGE.content, stop_reason: 'end_turn', model: BODY.model });
    expect(message.usage).toEqual({ ...golden.MESSAGE.usage, input_tokens: 11 });
  });

  it('POST /v1/messages: a refusal carries why, and no text', async () => {
    server.reply = () => ({ text: '', stopReason: 'refusal' });
    const message = await client.messages.create(BODY);
    expect(sorted(message)).toEqual(sorted(golden.REFUSAL));
    expect(message.stop_details).toEqual(golden.REFUSAL.stop_details);
  });

  it('POST /v1/messages: thinking is a block of its own and paid as output', async () => {
    server.reply = () => ({ text: 'Both sides are heard.', thinkingTokens: 40 });
    const message = await client.messages.create(BODY);
    expect(sorted(message)).toEqual(sorted(golden.THOUGHT));
    expect(message.usage.output_tokens).toBe(golden.THOUGHT.usage.output_tokens);
  });

  it('POST /v1/messages: a reply beyond max_tokens is cut there', async () => {
    const message = await client.messages.create({ ...BODY, max_tokens: 2 });
    expect(message).toMatchObject({ stop_reason: 'max_tokens', content: [{ text: 'Both sid' }] });
    expect(message.usage.output_tokens).toBe(2);
  });

  it('POST /v1/messages/count_tokens: a count', async () => {
    const { max_tokens: _, ...body } = BODY;
    const count = await client.messages.countTokens(body);
    expect(sorted(count)).toEqual(sorted(golden.TOKEN_COUNT));
    expect(count.input_tokens).toBe((await client.messages.create(BODY)).usage.input_tokens);
  });

  it('POST /v1/messages/batches: a batch in progress', async () => {
    const batch = await createBatch();
    expect(sorted(batch)).toEqual(sorted(golden.BATCH_IN_PROGRESS));
    expect(batch.request_counts).toEqual(golden.BATCH_IN_PROGRESS.request_counts);
  });

  it('GET /v1/messages/batches: pages, the newest first', async () => {
    server.batches.behaviour = { processingPolls: 9 };
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await createBatch(i + 1)).id);
    const page = await client.messages.batches.list({ limit: 1 });
    const { data, has_more, first_id, last_id } = page;
    expect(sorted({ data, has_more, first_id, last_id })).toEqual(sorted(golden.BATCH_PAGE));
    const listed: string[] = [];
    for await (const batch of client.messages.batches.list({ limit: 2 })) listed.push(batch.id);
    expect(listed).toEqual(ids.reverse());
  });

  it('GET /v1/messages/batches/{id}: a batch that ended', async () => {
    const { id } = await createBatch();
    const batch = await client.messages.batches.retrieve(id);
    expect(sorted(batch)).toEqual(sorted(golden.BATCH_ENDED));
    expect(batch.request_counts).toEqual({
      ...golden.BATCH_ENDED.request_counts,
      succeeded: 5,
      errored: 0,
      canceled: 0,
      expired: 0,
    });
  });

  it('GET /v1/messages/batches/{id}/results: a line of each kind, in any order', async () => {
    const ends = { 'item-1': 'api-error', 'item-2': 'canceled', 'item-3': 'expired' } as const;
    server.batches.behaviour = {
      processingPolls: 0,
      itemFault: (_key, _attempt, id) => ends[id as keyof typeof ends] ?? null,
    };
    const { id } = await createBatch();
    const lines: Anthropic.Messages.MessageBatchIndividualResponse[] = [];
    for await (const line of await client.messages.batches.results(id)) lines.push(line);
    expect(lines.map((line) => line.custom_id)).not.toEqual(['item-0', 'item-1', 'item-2', 'item-3', 'item-4']);
    for (const wanted of Object.values(golden.BATCH_RESULTS)) {
      const line = lines.find(({ custom_id }) => custom_id === wanted.custom_id);
      expect(line?.result.type).toBe(wanted.result.type);
      expect(sorted(line)).toEqual(sorted(wanted));
    }
  });

  it('POST /v1/messages/batches/{id}/cancel: every request that had not ended is canceled', async () => {
    const { id } = await createBatch();
    const batch = await client.messages.batches.cancel(id);
    expect(sorted(batch)).toEqual(sorted({ ...golden.BATCH_ENDED, cancel_initiated_at: golden.BATCH_ENDED.ended_at }));
    expect(batch.request_counts.canceled).toBe(5);
    expect(server.paidInAll).toBe(0);
  });

  it('DELETE /v1/messages/batches/{id}: an ended batch is gone', async () => {
    const { id } = await createBatch();
    await expect(client.messages.batches.delete(id)).rejects.toBeInstanceOf(Anthropic.BadRequestError);
    await client.messages.batches.retrieve(id);
    expect(sorted(await client.messages.batches.delete(id))).toEqual(sorted(golden.BATCH_DELETED));
    await expect(client.messages.batches.retrieve(id)).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });

  it('GET /v1/models: the models, and one of them', async () => {
    const page = await client.models.list();
    expect(page.data.map(({ id }) => id)).toEqual(server.models);
    expect(sorted(await client.models.retrieve(golden.MODEL.id))).toEqual(sorted({ ...golden.MODEL, line: null }));
  });
});

describe('what goes wrong reaches the client as the error that the SDK has for it', () => {
  const STATUSES = [
    {
      fault: { kind: 'rate-limited', retryAfterSeconds: 7 },
      wanted: Anthropic.RateLimitError,
      type: 'rate_limit_error',
    },
    { fault: { kind: 'overloaded' }, wanted: Anthropic.OverloadedError, type: 'overloaded_error' },
    { fault: { kind: 'server-error', status: 500 }, wanted: Anthropic.InternalServerError, type: 'api_error' },
    { fault: { kind: 'server-error', status: 502 }, wanted: Anthropic.InternalServerError, type: 'api_error' },
    { fault: { kind: 'server-error', status: 503 }, wanted: Anthropic.ServiceUnavailableError, type: 'api_error' },
    { fault: { kind: 'server-error', status: 504 }, wanted: Anthropic.GatewayTimeoutError, type: 'timeout_error' },
  ] as const;

  it.each(STATUSES)('$fault: $type', async ({ fault, wanted, type }) => {
    server.faults = () => fault;
    const error = await client.messages.create(BODY).catch((reason) => reason);
    expect(error).toBeInstanceOf(wanted);
    expect(error.type).toBe(type);
    expect(sorted(error.error)).toEqual(sorted(golden.API_ERROR));
    expect(error.requestID).toBe('req_00000000');
    expect(error.headers.get('retry-after')).toBe('retryAfterSeconds' in fault ? '7' : null);
  });

  it('a wrong key: authentication_error, whichever header it came in', async () => {
    const wrong = client.withOptions({ apiKey: 'some-other-key' });
    await expect(wrong.messages.create(BODY)).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
    const headers = { authorization: null, 'x-api-key': TEST_API_KEY };
    await expect(client.messages.create(BODY, { headers })).resolves.toBeDefined();
  });

  const REFUSED = [
    { what: 'a field that the API does not know', more: { temperature: 0 }, said: /temperature: Extra inputs/ },
    { what: 'an empty text', more: { messages: [{ role: 'user', content: '' }] }, said: /non-empty/ },
    {
      what: 'an answer begun for the model',
      more: { messages: [...BODY.messages, { role: 'assistant', content: '{' }] },
      said: /end with a user/,
    },
    {
      what: 'a schema that is open',
      more: { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      said: /additionalProperties/,
    },
    {
      what: 'a schema with bounds',
      more: { output_config: { format: { type: 'json_schema', schema: { type: 'number', maximum: 10 } } } },
      said: /'maximum' is not supported/,
    },
  ];

  it.each(REFUSED)('$what: invalid_request_error', async ({ more, said }) => {
    const error = await client.messages.create({ ...BODY, ...more } as typeof BODY).catch((reason) => reason);
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(error).toMatchObject({ type: 'invalid_request_error', message: expect.stringMatching(said) });
  });

  it('a model that is not there: not_found_error', async () => {
    const asked = client.messages.create({ ...BODY, model: 'some-other-model' });
    await expect(asked).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });

  const BROKEN: readonly { fault: FaultKind; wanted: new (...args: never[]) => Error }[] = [
    { fault: 'html-page', wanted: Anthropic.InternalServerError },
    { fault: 'garbage', wanted: SyntaxError },
    { fault: 'disconnect', wanted: Anthropic.APIConnectionError },
    { fault: 'lost-answer', wanted: Anthropic.APIConnectionError },
    { fault: 'disconnect-mid-body', wanted: TypeError },
  ];

  it.each(BROKEN)('$fault: the request fails, and nothing counts as paid', async ({ fault, wanted }) => {
    server.faults = () => fault;
    await expect(client.messages.create(BODY)).rejects.toBeInstanceOf(wanted);
    expect(server.paidInAll).toBe(0);
  });

  it('hang: the client gives up at its own time limit', async () => {
    server.faults = () => 'hang';
    const asked = client.messages.create(BODY, { timeout: 50 });
    await expect(asked).rejects.toBeInstanceOf(Anthropic.APIConnectionTimeoutError);
  });
});

describe('the local server keeps the books that tests rely on', () => {
  it('counts a message as paid when it was delivered, under the hash that it has in a batch too', async () => {
    await client.messages.create(BODY);
    const { id } = await createBatch(1);
    await client.messages.batches.retrieve(id);
    expect([...server.paid.values()]).toEqual([2]);
    expect(server.paidTwice).toHaveLength(1);
  });

  it('draws faults by body and attempt, so that the order of requests changes nothing', async () => {
    const run = async (order: readonly number[]) => {
      const other = await startClaudeServer({ faults: { seed: 7, share: 0.5 } });
      const asking = new Anthropic({ apiKey: TEST_API_KEY, baseURL: other.url, maxRetries: 0 });
      const ends: Record<number, string> = {};
      for (const i of order) {
        const body = { ...BODY, system: `number ${i}` };
        ends[i] = await asking.messages.create(body).then(
          () => 'answered',
          (error) => error.constructor.name,
        );
      }
      await other.stop();
      return ends;
    };
    const forwards = await run([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await run([7, 3, 1, 0, 6, 4, 2, 5])).toEqual(forwards);
    expect(new Set(Object.values(forwards)).size).toBeGreaterThan(2);
  });

  it('lets a key fail no more often than the schedule says', async () => {
    server.faults = { seed: 1, share: 1, mostPerKey: 2 };
    const ends: boolean[] = [];
    for (let i = 0; i < 4; i++)
      ends.push(
        await client.messages.create(BODY).then(
          () => true,
          () => false,
        ),
      );
    expect(ends).toEqual([false, false, true, true]);
  });

  it('holds answers until it is told to release them', async () => {
    const held = new Promise<void>((resolve) => {
      server.hold = { endpoint: 'messages', from: 1, onHold: () => resolve() };
    });
    await client.messages.create(BODY);
    let isAnswered = false;
    const asked = client.messages.create(BODY).then(() => {
      isAnswered = true;
    });
    await held;
    expect(isAnswered).toBe(false);
    server.release();
    await asked;
    expect(server.mostAtOnce).toBe(1);
  });
});
