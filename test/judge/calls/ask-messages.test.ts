import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CellTimers } from '../../../kernel-plugins/kernel/execution/timers';
import { AbortedError, BudgetError, ConfigError, MachineError, type Progress } from '../../../src/core';
import { KeySource } from '../../../src/judge/calls/key';
import { callsTo, newFolder, QuickClock, question, questions } from '../../support/claude-questions';
import { type ClaudeServer, startClaudeServer, userText } from '../../support/claude-server';

const call = { purpose: 'judge' };
let server: ClaudeServer;
let folder: ReturnType<typeof newFolder>;
let store: string;

beforeEach(async () => {
  server = await startClaudeServer({ reply: (body) => `On ${userText(body)}` });
  folder = newFolder();
  store = join(folder.path, 'calls.sqlite');
});

afterEach(async () => {
  await server.stop();
  folder.remove();
});

const openCalls = (more: Parameters<typeof callsTo>[2] = {}) => callsTo(server.url, store, more);

describe('a reply', () => {
  it('comes in the place of its request, whatever the order of the answers', async () => {
    const calls = openCalls({ concurrency: 5 });
    const asked = await calls.ask(questions(23), call);
    expect(asked.map(({ id }) => id)).toEqual(questions(23).map(({ id }) => id));
    expect(asked.map(({ reply }) => reply?.text)).toEqual(questions(23).map(({ user }) => `On ${user}`));
    calls.close();
  });

  it('is paid for once: again, with other ids, in a later process, and within a call', async () => {
    const calls = openCalls();
    await calls.ask([...questions(3), question(1, { id: 'the same' })], call);
    calls.close();
    const later = openCalls({ key: new KeySource('nowhere', 'a key that is not let in') });
    const asked = await later.ask(
      questions(3, { id: undefined }).map((one, i) => ({ ...one, id: `b${i}` })),
      call,
    );
    expect(server.countOf('messages')).toBe(3);
    expect(asked.every(({ reply }) => reply?.fromStore)).toBe(true);
    later.close();
  });

  it('needs no key if it is stored', async () => {
    const calls = openCalls();
    await calls.ask(questions(2), call);
    calls.close();
    const saved = { ...process.env };
    process.env.ANTHROPIC_API_KEY = '';
    process.env.XDG_CONFIG_HOME = folder.path;
    delete process.env.MSTLAB_KEY_FILE;
    try {
      const keyless = openCalls({ key: undefined });
      expect((await keyless.ask(questions(2), call)).every(({ reply }) => reply !== null)).toBe(true);
      expect(keyless.estimate(questions(3)).stored).toBe(2);
      await expect(keyless.ask(questions(3), call)).rejects.toThrow(/a key is needed/);
      keyless.close();
    } finally {
      process.env = saved;
    }
  });

  it('that was refused or cut at the longest length is paid for, and kept as it is', async () => {
    server.reply = (body) => (/0/.test(userText(body)) ? { text: '', stopReason: 'refusal' } : 'word '.repeat(200));
    const calls = openCalls();
    const [refused, cut] = await calls.ask(questions(2), call);
    expect(refused.reply).toMatchObject({ stopReason: 'refusal', text: '' });
    expect(cut.reply).toMatchObject({ stopReason: 'max_tokens', usage: { outputTokens: 64 } });
    await calls.ask(questions(2), call);
    expect(server.countOf('messages')).toBe(2);
    calls.close();
  });

  it('asked for by two calls at once is paid for once', async () => {
    server.latencyMs = 20;
    const [one, other] = [openCalls(), openCalls()];
    const [a, b, c] = await Promise.all([
      one.ask(questions(20), call),
      other.ask(questions(20), call),
      one.ask(questions(20), call),
    ]);
    for (const asked of [a, b, c]) expect(asked.every(({ reply }) => reply !== null)).toBe(true);
    expect(server.countOf('messages')).toBe(20);
    one.close();
    other.close();
  });
});

describe('requests under way', () => {
  it('are never more than the concurrency, in all calls of a session together', async () => {
    server.latencyMs = 10;
    const calls = openCalls({ concurrency: 3 });
    await Promise.all([calls.ask(questions(12), call), calls.ask(questions(24).slice(12), call)]);
    expect(server.mostAtOnce).toBe(3);
    calls.close();
  });

  it('are told of as they end, and stored ones before any is sent', async () => {
    const calls = openCalls({ concurrency: 2 });
    await calls.ask(questions(4), call);
    const seen: Progress[] = [];
    await calls.ask(questions(10), { ...call, onProgress: (progress) => seen.push(progress) });
    expect(seen[0]).toMatchObject({
      what: 'judge',
      done: 4,
      total: 10,
      unit: 'replies',
      detail: { stored: 4, paid: 0 },
    });
    expect(seen.map(({ done }) => done)).toEqual([4, 5, 6, 7, 8, 9, 10]);
    expect(seen.at(-1)?.detail).toMatchObject({ stored: 4, paid: 6, failed: 0 });
    calls.close();
  });

  it('are waited for and stored when the call is stopped', async () => {
    const stop = new AbortController();
    server.hold = { endpoint: 'messages', from: 5, onHold: ({ number }) => number === 7 && stop.abort() };
    const calls = openCalls({ concurrency: 3 });
    const asked = calls.ask(questions(40), { ...call, signal: stop.signal });
    stop.signal.addEventListener('abort', () => setTimeout(() => server.release(), 20));
    await expect(asked).rejects.toThrow(AbortedError);
    expect(server.countOf('messages')).toBe(8);
    expect(calls.ledger()[0]).toMatchObject({ paid: 8, failed: 0, uncertain: 0 });
    await calls.ask(questions(40), call);
    expect(server.countOf('messages')).toBe(40);
    calls.close();
  });

  it('are stored when the calls are closed meanwhile', async () => {
    server.hold = { endpoint: 'messages', from: 0, onHold: ({ number }) => number === 1 && release() };
    const calls = openCalls({ concurrency: 2 });
    const release = () => {
      calls.close();
      setTimeout(() => server.release(), 10);
    };
    await expect(calls.ask(questions(9), call)).rejects.toThrow(AbortedError);
    const later = openCalls();
    expect(later.estimate(questions(9)).stored).toBe(2);
    await expect(calls.ask(questions(9), call)).rejects.toThrow(ConfigError);
    later.close();
  });
});

describe('a call whose cell the kernel gives up', () => {
  it('ends at its next wait, and leaves its questions to others', async () => {
    server.faults = () => ({ kind: 'rate-limited', retryAfterSeconds: 600 });
    const { setTimeout: later, setInterval, setImmediate } = globalThis;
    const timers = new CellTimers();
    const calls = openCalls();
    timers.install();
    try {
      const asking = calls.ask(questions(3), call);
      asking.catch(() => {});
      while (server.countOf('messages') < 1 || calls.ledger().length === 0) await new Promise((next) => later(next, 5));
      await new Promise((next) => later(next, 50));
      timers.cancelAll();
      await expect(asking).rejects.toThrow(AbortedError);
    } finally {
      Object.assign(globalThis, { setTimeout: later, setInterval, setImmediate });
    }
    server.faults = null;
    const others = openCalls();
    expect((await others.ask(questions(3), call)).every(({ reply }) => reply !== null)).toBe(true);
    for (const each of [calls, others]) each.close();
  });
});

describe('a fault of the server', () => {
  const kinds = ['rate-limited', 'overloaded', 'server-error', 'html-page', 'garbage', 'disconnect'] as const;
  it.each([...kinds, 'lost-answer', 'disconnect-mid-body'] as const)('%s is outlived', async (kind) => {
    server.faults = ({ attempt }) => (attempt < 2 ? kind : null);
    const clock = new QuickClock();
    const calls = openCalls(clock);
    const asked = await calls.ask(questions(4), call);
    expect(asked.map(({ reply }) => reply?.text)).toEqual(questions(4).map(({ user }) => `On ${user}`));
    expect(calls.ledger()[0]).toMatchObject({ paid: 4, failed: 8 });
    calls.close();
  });

  it.each(['hang', 'hang-mid-body'] as const)('%s ends at the time limit, and is outlived', async (kind) => {
    server.faults = ({ attempt }) => (attempt < 1 ? kind : null);
    const calls = openCalls({ ...new QuickClock(), timeoutMs: 100 });
    expect((await calls.ask(questions(3), call)).every(({ reply }) => reply !== null)).toBe(true);
    expect(calls.ledger()[0].mayHaveCostUsd).toBeGreaterThan(0);
    calls.close();
  });

  it('that does not end leaves that request without a reply and with a reason, and the others with theirs', async () => {
    server.faults = ({ key }) => (key === bad ? 'server-error' : null);
    const calls = openCalls(new QuickClock());
    const probe = await startClaudeServer();
    await callsTo(probe.url, join(folder.path, 'probe.sqlite')).ask([question(1)], call);
    const bad = probe.requests[0].key;
    await probe.stop();
    const asked = await calls.ask(questions(3), call);
    expect(asked.map(({ reply }) => reply !== null)).toEqual([true, false, true]);
    expect(asked[1].reason).toMatch(/^no reply in 6 attempts, the last: 500 "Internal server error", request req_/);
    expect(calls.ledger()[0]).toMatchObject({ paid: 2, failed: 6 });
    server.faults = null;
    expect((await calls.ask(questions(3), call))[1].reply?.text).toBe('On Text number 1.');
    calls.close();
  });

  it('with a time to wait is not asked again before it, by anyone', async () => {
    const clock = new QuickClock();
    const start = clock.now();
    let refusedAt = 0;
    const sentAt: number[] = [];
    server.faults = ({ number }) => {
      sentAt.push(clock.now() - start);
      if (number !== 4) return null;
      refusedAt = clock.now() - start;
      return { kind: 'rate-limited', retryAfterSeconds: 90 };
    };
    const calls = openCalls({ ...clock, concurrency: 1 });
    await calls.ask(questions(8), call);
    expect(sentAt.slice(5).every((at) => at >= refusedAt + 90_000)).toBe(true);
    expect(sentAt.at(-1)).toBeLessThan(refusedAt + 90_000 * 1.1 + 1);
    expect(Math.max(...clock.slept)).toBeLessThanOrEqual(20_000);
    calls.close();
  });

  it('in all answers ends the call long before every question has been tried in vain', async () => {
    server.faults = () => 'server-error';
    const calls = openCalls(new QuickClock());
    await expect(calls.ask(questions(300), call)).rejects.toThrow(/20 requests in a row without a reply.*0 of 300/);
    expect(server.countOf('messages')).toBeLessThan(200);
    calls.close();
  });

  it('that asks for hours of patience ends the call', async () => {
    server.faults = () => ({ kind: 'rate-limited', retryAfterSeconds: 7200 });
    const calls = openCalls(new QuickClock());
    await expect(calls.ask(questions(3), call)).rejects.toThrow(/wait for 120 minutes/);
    calls.close();
  });

  it('of the network itself ends the call, and says where it went', async () => {
    const { url } = server;
    await server.stop();
    const calls = callsTo(url, store, new QuickClock());
    const failing = calls.ask(questions(3), call);
    await expect(failing).rejects.toThrow(MachineError);
    await expect(failing).rejects.toThrow(new RegExp(`${url} must be reachable, got .*ECONNREFUSED`));
    expect(calls.ledger()[0]).toMatchObject({ paid: 0, mayHaveCostUsd: 0 });
    calls.close();
    server = await startClaudeServer();
  });
});

describe('a request that is refused', () => {
  it('has the reason, and the others go on', async () => {
    server.reply = (body) => {
      if (userText(body).includes('1')) throw new Error('not acceptable');
      return 'good';
    };
    const calls = openCalls();
    const asked = await calls.ask(questions(3), call);
    expect(asked.map(({ reply }) => reply?.text)).toEqual(['good', undefined, 'good']);
    expect(asked[1].reason).toMatch(/^refused: 400 /);
    expect(server.countOf('messages')).toBe(3);
    calls.close();
  });

  it('for a model that does not exist is sent once for all of that model', async () => {
    const calls = openCalls({ concurrency: 1 });
    const asked = await calls.ask([...questions(9, { model: 'clod' }), question(9)], call);
    expect(asked.slice(0, 9).every(({ reason }) => reason?.includes('404 "model: clod"'))).toBe(true);
    expect(asked[9].reply).not.toBeNull();
    expect(server.countOf('messages')).toBe(2);
    calls.close();
  });

  it('for its key ends the call at once, names where the key came from and not the key', async () => {
    const secret = ['a-key', 'that-nobody', 'lets-in-0123456789'].join('-');
    const calls = openCalls({ key: new KeySource('a test of bad keys', secret), concurrency: 2 });
    const failing = calls.ask(questions(9), call);
    await expect(failing).rejects.toThrow(ConfigError);
    await expect(failing).rejects.toThrow(/401 .*key from a test of bad keys/);
    expect(await failing.catch((error) => `${error.message} ${error.stack} ${JSON.stringify(error)}`)).not.toContain(
      secret,
    );
    expect(server.countOf('messages')).toBeLessThanOrEqual(2);
    calls.close();
    for (const name of readdirSync(folder.path))
      expect(readFileSync(join(folder.path, name)).includes(secret)).toBe(false);
  });

  it('for its key is asked with another one when that has been corrected, by the same calls', async () => {
    const saved = { ...process.env };
    process.env.ANTHROPIC_API_KEY = ['a-wrong', 'key', '0123456789'].join('-');
    try {
      const calls = openCalls({ key: undefined });
      await expect(calls.ask(questions(3), call)).rejects.toThrow(/key from ANTHROPIC_API_KEY/);
      process.env.ANTHROPIC_API_KEY = server.apiKey;
      expect((await calls.ask(questions(3), call)).every(({ reply }) => reply !== null)).toBe(true);
      calls.close();
    } finally {
      process.env = saved;
    }
  });

  it('with the key in the words of the refusal has it taken out', async () => {
    server.reply = () => {
      throw new Error(`you sent ${server.apiKey}`);
    };
    const calls = openCalls();
    const [{ reason }] = await calls.ask(questions(1), call);
    expect(reason).toMatch(/you sent ••••/);
    calls.close();
  });
});

describe('a limit', () => {
  it('in money is never passed, whatever the replies cost; what was paid for is kept', async () => {
    server.reply = (body) => 'w'.repeat(4 * (1 + (Number(/\d+/.exec(userText(body))?.[0]) % 60)));
    const limit = 0.004;
    const calls = openCalls({ concurrency: 7, budget: { usd: limit } });
    const failing = calls.ask(questions(100), call);
    await expect(failing).rejects.toThrow(BudgetError);
    await expect(failing).rejects.toThrow(/of the session's limit of \$0.004 is spent.* \d+ of 100 replies are there/);
    const [row] = calls.ledger();
    expect(row.costUsd).toBeLessThanOrEqual(limit);
    expect(row.costUsd).toBeGreaterThan(limit - 0.001);
    expect(calls.estimate(questions(100)).stored).toBe(row.paid);
    expect(server.paidInAll).toBe(row.paid);
    calls.close();
    const richer = openCalls();
    expect((await richer.ask(questions(100), call)).every(({ reply }) => reply !== null)).toBe(true);
    expect(server.paidInAll).toBe(100);
    richer.close();
  });

  it('in tokens holds for one call and leaves the next its own', async () => {
    const calls = openCalls();
    for (const count of [1, 2]) {
      await expect(calls.ask(questions(50), { ...call, budget: { tokens: 400 } })).rejects.toThrow(
        /call's limit of 400 tokens/,
      );
      const [row] = calls.ledger();
      expect(row.inputTokens + row.outputTokens).toBeLessThanOrEqual(400 * count);
    }
    calls.close();
  });

  it('counts the most that a request may have cost whose answer was lost', async () => {
    server.faults = () => 'lost-answer';
    const calls = openCalls({ ...new QuickClock(), budget: { tokens: 500 } });
    await expect(calls.ask(questions(50), call)).rejects.toThrow(BudgetError);
    expect(server.countOf('messages')).toBeLessThan(6);
    calls.close();
  });

  it('in money needs the price of every model, before anything is sent', async () => {
    const calls = openCalls();
    const some = [question(0), question(1, { model: 'claude-of-tomorrow' })];
    await expect(calls.ask(some, { ...call, budget: { usd: 1 } })).rejects.toThrow(/no price of claude-of-tomorrow/);
    expect(server.requests).toEqual([]);
    const asked = await calls.ask(some, { ...call, budget: { tokens: 1e6 } });
    expect(asked[1].reply).toMatchObject({ costUsd: null });
    expect(calls.ledger().map(({ costUsd }) => costUsd === null)).toEqual([true, false]);
    calls.close();
  });
});

describe('what is sent', () => {
  it('is the question, the form of the reply, and how hard to think; null leaves a field out', async () => {
    const schema = { type: 'object', properties: {}, additionalProperties: false };
    const calls = openCalls();
    await calls.ask([question(0), question(1, { schema, thinking: 'disabled', effort: 'low', system: '' })], call);
    const bodies = server.requests.map(({ body }) => body);
    const plain = {
      model: 'claude-sonnet-5-5',
      max_tokens: 64,
      messages: [{ role: 'user', content: 'Text number 0.' }],
    };
    expect(bodies).toContainEqual({ ...plain, system: 'Judge the text.' });
    expect(bodies).toContainEqual({
      ...{ ...plain, messages: [{ role: 'user', content: 'Text number 1.' }] },
      thinking: { type: 'disabled' },
      output_config: { effort: 'low', format: { type: 'json_schema', schema } },
    });
    calls.close();
  });

  it.each([
    ['http://example.org', /must go to an https address/],
    ['https://me:secret@example.org', /no user or password, got one for example.org/],
    ['nowhere', /got no address/],
  ])('does not go to %s', (baseUrl, message) => {
    expect(() => openCalls({ baseUrl })).toThrow(message);
  });

  it('has an id of its own for each request, a model and a question', async () => {
    const calls = openCalls();
    await expect(calls.ask([question(0), question(0)], call)).rejects.toThrow(/"item-0" twice/);
    await expect(calls.ask([question(0, { user: '' })], call)).rejects.toThrow(/hold a question/);
    await expect(calls.ask([question(0, { maxTokens: 0 })], call)).rejects.toThrow(/maxTokens/);
    calls.close();
  });
});
