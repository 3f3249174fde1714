import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AbortedError, BudgetError, type Progress } from '../../../src/core';
import { callsTo, newFolder, QuickClock, question, questions } from '../../support/claude-questions';
import { type ClaudeServer, type ItemFault, startClaudeServer, userText } from '../../support/claude-server';

const call = { purpose: 'judge', mode: 'batch' } as const;
let server: ClaudeServer;
let folder: ReturnType<typeof newFolder>;
let clock: QuickClock;

beforeEach(async () => {
  server = await startClaudeServer({ reply: (body) => `On ${userText(body)}` });
  folder = newFolder();
  clock = new QuickClock();
});

afterEach(async () => {
  await server.stop();
  folder.remove();
});

const openCalls = (more: Parameters<typeof callsTo>[2] = {}, store = 'calls.sqlite') =>
  callsTo(server.url, join(folder.path, store), { now: clock.now, sleep: clock.sleep, ...more });

const texts = (count: number) => questions(count).map(({ user }) => `On ${user}`);

describe('replies of a batch', () => {
  it('come to their requests by id, whatever the order of the results', async () => {
    const calls = openCalls();
    const asked = await calls.ask(questions(40), call);
    expect(asked.map(({ reply }) => reply?.text)).toEqual(texts(40));
    const { requests, behaviour } = server.batches;
    expect(behaviour.shuffleSeed).toBeUndefined();
    expect(requests).toHaveLength(1);
    expect([server.paidInAll, server.paidTwice]).toEqual([40, []]);
    calls.close();
  });

  it('are those of the same call in the other mode, at half the price', async () => {
    const [atOnce, batched] = [openCalls({}, 'a.sqlite'), openCalls({}, 'b.sqlite')];
    const schema = { type: 'object', properties: {}, required: [], additionalProperties: false };
    const mixed = [...questions(5), question(5, { schema }), question(6, { system: '', effort: 'low' })];
    const one = await atOnce.ask(mixed, { purpose: 'judge' });
    const two = await batched.ask(mixed, call);
    const said = ({ id, reply }: (typeof one)[number]) => [
      id,
      reply?.key,
      reply?.text,
      reply?.stopReason,
      reply?.usage,
    ];
    expect(two.map(said)).toEqual(one.map(said));
    expect(two.map(({ reply }) => reply?.costUsd)).toEqual(one.map(({ reply }) => (reply?.costUsd ?? Number.NaN) / 2));
    expect([...server.paid.values()]).toEqual(mixed.map(() => 2));
    atOnce.close();
    batched.close();
  });

  it('stand in the ledger as paid, at the price of a batch', async () => {
    const calls = openCalls();
    await calls.ask(questions(3), call);
    const [row, ...others] = calls.ledger();
    expect(others).toEqual([]);
    expect(row).toMatchObject({ mode: 'batch', purpose: 'judge', paid: 3, failed: 0, uncertain: 0, mayHaveCostUsd: 0 });
    expect(row.costUsd).toBeCloseTo(((row.inputTokens * 2 + row.outputTokens * 10) / 1e6) * 0.5, 12);
    calls.close();
  });

  it('are not asked for again', async () => {
    const calls = openCalls();
    await calls.ask(questions(3), call);
    const again = await calls.ask(questions(4), call);
    expect(server.batches.requests.map((requests) => requests.length)).toEqual([3, 1]);
    expect(again.map(({ reply }) => reply?.fromStore)).toEqual([true, true, true, false]);
    calls.close();
  });

  it('that other calls wait for too are submitted once', async () => {
    const [one, two] = [openCalls(), openCalls()];
    const both = await Promise.all([one.ask(questions(6), call), two.ask(questions(9), call)]);
    expect(both.map((asked) => asked.map(({ reply }) => reply?.text))).toEqual([texts(6), texts(9)]);
    expect(server.paidTwice).toEqual([]);
    expect(server.paidInAll).toBe(9);
    one.close();
    two.close();
  });
});

describe('a large job', () => {
  it('is cut into batches by number and by bytes, with names that the API takes', async () => {
    const calls = openCalls({ batch: { mostRequests: 10, mostBytes: 2_000 } });
    const asked = await calls.ask(questions(35), call);
    expect(asked.map(({ reply }) => reply?.text)).toEqual(texts(35));
    const bodies = server.requests.filter(({ endpoint }) => endpoint === 'batch-create').map(({ body }) => body);
    expect(bodies.length).toBeGreaterThan(3);
    for (const body of bodies) expect(JSON.stringify(body).length).toBeLessThanOrEqual(2_000 + 20);
    const ids = server.batches.requests.flatMap((requests) => requests.map(({ custom_id }) => custom_id));
    expect(ids.filter((id) => !/^[a-zA-Z0-9_-]{1,64}$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(35);
    calls.close();
  });

  it.each([{ mostRequests: 0 }, { mostRequests: 100_001 }, { mostBytes: 257e6 }, { rounds: 1.5 }])(
    'is not cut into batches that the API does not take (%o)',
    async (batch) => {
      const calls = openCalls({ batch });
      await expect(calls.ask(questions(1), call)).rejects.toThrow(/^ask: settings of batches must be/);
      calls.close();
    },
  );

  it('says in its progress how its batches are', async () => {
    const seen: Progress[] = [];
    const calls = openCalls();
    await calls.ask(questions(4), { ...call, onProgress: (progress) => seen.push(progress) });
    expect(seen.some(({ detail }) => detail?.batches === 1 && detail.processing === 4)).toBe(true);
    expect(seen.at(-1)).toMatchObject({ done: 4, total: 4 });
    calls.close();
  });
});

describe('a request that has no reply in its batch', () => {
  const faultsOf = (kinds: Record<string, ItemFault>, times: number) => {
    server.batches.behaviour = {
      itemFault: (_key, attempt, customId) => {
        const number = server.batches.requests
          .flat()
          .filter(({ custom_id }) => custom_id === customId)
          .map(({ params }) => /\d+/.exec(JSON.stringify(params.messages))?.[0])[0];
        return attempt < times ? (kinds[number ?? ''] ?? null) : null;
      },
    };
  };

  it('is submitted again, alone, if the reason may pass: a fault of the API, too much traffic, no turn in time', async () => {
    faultsOf({ 1: 'api-error', 3: 'overloaded', 4: 'expired' }, 1);
    const calls = openCalls();
    const asked = await calls.ask(questions(6), call);
    expect(asked.map(({ reply }) => reply?.text)).toEqual(texts(6));
    expect(server.batches.requests.map((requests) => requests.length)).toEqual([6, 3]);
    expect(calls.ledger()[0]).toMatchObject({ paid: 6, failed: 3, mayHaveCostUsd: 0 });
    calls.close();
  });

  it('gets a reason after three batches, and can be asked again', async () => {
    faultsOf({ 0: 'overloaded' }, 3);
    const calls = openCalls();
    const [first, second] = await calls.ask(questions(2), call);
    expect(first).toMatchObject({
      reply: null,
      reason: 'no reply in 3 batches, the last: overloaded_error "Overloaded"',
    });
    expect(second.reply?.text).toBe('On Text number 1.');
    expect((await calls.ask(questions(1), call))[0].reply?.text).toBe('On Text number 0.');
    calls.close();
  });

  it('is free to be asked in the other mode, and while it is in a batch it is not', async () => {
    faultsOf({ 1: 'canceled' }, 1);
    const calls = openCalls();
    await calls.ask(questions(3), { ...call, wait: false });
    const [held] = await calls.ask(questions(3), { purpose: 'judge' });
    expect(held.reason).toMatch(/batch/);
    await calls.ask(questions(3), call);
    expect(server.countOf('messages')).toBe(0);
    const asked = await calls.ask(questions(3), { purpose: 'judge' });
    expect(asked.map(({ reply }) => reply?.mode)).toEqual(['batch', 'messages', 'batch']);
    expect(server.paidTwice).toEqual([]);
    calls.close();
  });

  it('gets the reason at once if it would not pass: refused by the API, canceled', async () => {
    faultsOf({ 0: 'invalid-request', 2: 'canceled' }, 9);
    const calls = openCalls();
    const [refused, , canceled, unknown] = await calls.ask(
      [...questions(3), question(3, { model: 'some-other-model' })],
      call,
    );
    expect(refused.reason).toMatch(/^refused in batch msgbatch_\w+: invalid_request_error "messages/);
    expect(canceled.reason).toMatch(/^batch msgbatch_\w+ was canceled before its turn$/);
    expect(unknown.reason).toMatch(/not_found_error "model: some-other-model"/);
    expect(server.batches.ids).toHaveLength(1);
    expect(server.paidInAll).toBe(1);
    calls.close();
  });
});

describe('a call that does not wait', () => {
  it('submits, says what is waited for, and a later one collects it', async () => {
    const calls = openCalls();
    const asked = await calls.ask(questions(3), { ...call, wait: false });
    const [id] = server.batches.ids;
    for (const { reply, reason } of asked)
      expect([reply, reason?.replace(/since .*/, 'since')]).toEqual([null, `waiting for batch ${id} since`]);
    calls.close();
    const later = openCalls();
    const collected = await later.ask(questions(3), { ...call, wait: false });
    expect(collected.map(({ reply }) => reply?.text)).toEqual(texts(3));
    expect(server.countOf('batch-create')).toBe(1);
    later.close();
  });

  it('gives what is there, and a reason for the rest', async () => {
    const calls = openCalls();
    await calls.ask(questions(2), call);
    const asked = await calls.ask(questions(4), { ...call, wait: false });
    expect(asked.map(({ reply, reason }) => reply?.text ?? reason?.slice(0, 17))).toEqual([
      ...texts(2),
      ...['waiting for batch', 'waiting for batch'],
    ]);
    calls.close();
  });
});

describe('an abort', () => {
  it('while a batch is waited for loses nothing: the message names the batch, and asking again collects it', async () => {
    server.batches.behaviour = { processingPolls: 3 };
    const stop = new AbortController();
    const sleep = async (ms: number) => {
      stop.abort();
      await clock.sleep(ms);
    };
    const calls = openCalls({ sleep });
    const asked = calls.ask(questions(5), { ...call, signal: stop.signal });
    const error = await asked.catch((reason) => reason);
    expect(error).toBeInstanceOf(AbortedError);
    expect(error.message).toContain(`A batch (${server.batches.ids[0]}) goes on, and asking again collects it.`);
    expect((await calls.ask(questions(5), call)).map(({ reply }) => reply?.text)).toEqual(texts(5));
    expect([server.batches.ids.length, server.paidInAll]).toEqual([1, 5]);
    calls.close();
  });

  it('while a batch is being submitted lets the submission come to its answer', async () => {
    const stop = new AbortController();
    server.hold = { endpoint: 'batch-create', from: 0, onHold: () => stop.abort() };
    const calls = openCalls();
    const asked = calls.ask(questions(5), { ...call, signal: stop.signal });
    await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
    server.release();
    await expect(asked).rejects.toThrow(`A batch (${server.batches.ids[0]}) goes on`);
    expect((await calls.ask(questions(5), call)).map(({ reply }) => reply?.text)).toEqual(texts(5));
    expect([server.countOf('batch-create'), server.countOf('batch-list')]).toEqual([1, 0]);
    calls.close();
  });
});

describe('an abort while the API takes no batch', () => {
  it('ends the call, and the requests are free to be asked again', async () => {
    server.faults = ({ endpoint }) => (endpoint === 'batch-create' ? 'overloaded' : null);
    const stop = new AbortController();
    const sleep = async (ms: number) => {
      stop.abort();
      await clock.sleep(ms);
    };
    const calls = openCalls({ sleep });
    const asked = calls.ask(questions(5), { ...call, signal: stop.signal });
    await expect(asked).rejects.toThrow(/^ask: stopped by request; 0 of 5 replies are there and are kept. Ask again/);
    server.faults = null;
    expect((await calls.ask(questions(5), call)).map(({ reply }) => reply?.text)).toEqual(texts(5));
    calls.close();
  });
});

describe('a limit', () => {
  it('lets as many be submitted as surely fit, and says so when nothing fits any more', async () => {
    const calls = openCalls();
    // Replies that are nearly as long as they may be.
    const short = questions(10, { maxTokens: 6 });
    const { modes } = calls.estimate(short.slice(0, 1));
    const most = modes.find(({ mode }) => mode === 'batch')?.mostUsd ?? Number.NaN;
    const error = await calls.ask(short, { ...call, budget: { usd: 3.5 * most } }).catch((reason) => reason);
    expect(error).toBeInstanceOf(BudgetError);
    expect(error.message).toMatch(/is spent, and the next request may not fit.* requests were not submitted/);
    expect(server.batches.requests[0].length).toBeLessThan(4);
    const spent = calls.ledger()[0].costUsd ?? Number.NaN;
    expect(spent).toBeLessThanOrEqual(3.5 * most);
    expect(spent).toBeGreaterThan(0);
    expect((await calls.ask(short, call)).map(({ reply }) => reply?.text)).toEqual(texts(10));
    expect(server.paidTwice).toEqual([]);
    calls.close();
  });
});

describe('results that the API has deleted', () => {
  it('are asked for anew, and what was lost stands in the ledger', async () => {
    const calls = openCalls();
    await calls.ask(questions(3), { ...call, wait: false });
    const [id] = server.batches.ids;
    server.batches.end(id, server.url);
    server.batches.archive(id);
    expect((await calls.ask(questions(3), call)).map(({ reply }) => reply?.text)).toEqual(texts(3));
    expect(server.batches.ids).toHaveLength(2);
    expect(calls.ledger()[0]).toMatchObject({ paid: 3, failed: 3 });
    expect(calls.ledger()[0].mayHaveCostUsd).toBeGreaterThan(0);
    calls.close();
  });

  it('are not taken for deleted where another key just cannot see them', async () => {
    const calls = openCalls();
    await calls.ask(questions(3), { ...call, wait: false });
    const [id] = server.batches.ids;
    server.batches.end(id, server.url);
    server.batches.delete(id);
    const [asked] = await calls.ask(questions(3), call);
    expect(asked.reason).toMatch(/refused: 404 .*Ask with a key of the workspace that submitted it$/);
    expect(server.countOf('batch-create')).toBe(1);
    calls.close();
  });
});
