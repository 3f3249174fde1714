import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core';
import { KeySource } from '../../../src/judge/calls/key';
import { callsTo, newFolder, QuickClock, questions } from '../../support/claude-questions';
import {
  type ClaudeServer,
  type FaultKind,
  startClaudeServer,
  TEST_API_KEY,
  userText,
} from '../../support/claude-server';

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

/** Lets the answers to the first requests of an endpoint go wrong. */
function failFirst(endpoint: string, kinds: readonly FaultKind[]): void {
  const left = [...kinds];
  server.faults = (query) => (query.endpoint === endpoint ? (left.shift() ?? null) : null);
}

/** Submits a batch that no store knows, as another program with the same key would. */
function strangersBatch(count: number) {
  const client = new Anthropic({ apiKey: TEST_API_KEY, baseURL: server.url });
  const params = { model: 'claude-haiku-5-5', max_tokens: 8, messages: [{ role: 'user' as const, content: 'Hello' }] };
  const requests = Array.from({ length: count }, (_, i) => ({ custom_id: `other-${i}`, params }));
  return client.messages.batches.create({ requests });
}

describe('a submission without an answer', () => {
  const LOST = ['lost-answer', 'disconnect-mid-body'] as const;
  const UNSENT = ['disconnect', 'server-error', 'html-page', 'garbage'] as const;

  it.each(LOST)('is found again if it arrived, and not submitted twice (%s)', async (kind) => {
    failFirst('batch-create', [kind]);
    const calls = openCalls();
    expect((await calls.ask(questions(5), call)).map(({ reply }) => reply?.text)).toEqual(texts(5));
    expect([server.batches.ids.length, server.paidInAll]).toEqual([1, 5]);
    calls.close();
  });

  it.each(UNSENT)('is submitted anew if it did not arrive (%s)', async (kind) => {
    failFirst('batch-create', [kind]);
    const calls = openCalls();
    expect((await calls.ask(questions(5), call)).map(({ reply }) => reply?.text)).toEqual(texts(5));
    expect([server.countOf('batch-create'), server.batches.ids.length, server.paidInAll]).toEqual([2, 1, 5]);
    // Nobody concludes from the first look that a batch is not there.
    expect(server.countOf('batch-list')).toBeGreaterThan(1);
    calls.close();
  });

  it('is not mistaken for a batch of another program that is as large', async () => {
    const { id } = await strangersBatch(5);
    server.batches.end(id, server.url);
    server.batches.behaviour = { processingPolls: Number.POSITIVE_INFINITY };
    const stranger = await strangersBatch(5);
    server.batches.behaviour = {};
    failFirst('batch-create', ['disconnect']);
    const calls = openCalls();
    const asked = calls.ask(questions(5), call);
    while (server.countOf('batch-list') < 40) await new Promise((resolve) => setImmediate(resolve));
    // One of the same size is still running and may be ours, so nothing has been submitted yet.
    expect(server.countOf('batch-create')).toBe(3);
    server.batches.end(stranger.id, server.url);
    expect((await asked).map(({ reply }) => reply?.text)).toEqual(texts(5));
    expect(server.countOf('batch-create')).toBe(4);
    calls.close();
  });

  it('is submitted anew behind many batches of other programs, though the first look at each meets a fault', async () => {
    for (let other = 0; other < 12; other++) server.batches.end((await strangersBatch(5)).id, server.url);
    const created = server.countOf('batch-create');
    server.faults = ({ endpoint, attempt }) => {
      if (endpoint === 'batch-create') return server.countOf('batch-create') === created + 1 ? 'server-error' : null;
      return endpoint === 'batch-results' && attempt === 0 ? 'server-error' : null;
    };
    const calls = openCalls();
    expect((await calls.ask(questions(5), call)).map(({ reply, reason }) => reply?.text ?? reason)).toEqual(texts(5));
    expect([server.batches.ids.length, server.paidInAll]).toEqual([13, 13 * 5]);
    calls.close();
  });

  it('is told apart from a second one of the same size', async () => {
    failFirst('batch-create', ['lost-answer', 'lost-answer', 'disconnect']);
    const calls = openCalls({ batch: { mostRequests: 4 } });
    expect((await calls.ask(questions(12), call)).map(({ reply }) => reply?.text)).toEqual(texts(12));
    expect([server.paidInAll, server.paidTwice]).toEqual([12, []]);
    calls.close();
  });

  it('does not wait for a batch of the same size whose name is known', async () => {
    server.batches.behaviour = { processingPolls: Number.POSITIVE_INFINITY };
    const calls = openCalls();
    await calls.ask(questions(5, { system: 'Another question.' }), { ...call, wait: false });
    server.batches.behaviour = {};
    failFirst('batch-create', ['disconnect']);
    expect((await calls.ask(questions(5), call)).map(({ reply }) => reply?.text)).toEqual(texts(5));
    calls.close();
  });

  it('is looked for by the next call if this one does not wait', async () => {
    failFirst('batch-create', ['lost-answer']);
    const calls = openCalls();
    const [asked] = await calls.ask(questions(2), { ...call, wait: false });
    expect(asked.reason).toMatch(/^waiting for a batch that was sent at .*, whose arrival is not confirmed$/);
    server.batches.end(server.batches.ids[0], server.url);
    expect((await calls.ask(questions(2), call)).map(({ reply }) => reply?.text)).toEqual(texts(2));
    expect(server.paidInAll).toBe(2);
    calls.close();
  });

  it.each(['rate-limited', 'overloaded'] as const)(
    'is sent again without a search if it was refused (%s)',
    async (kind) => {
      failFirst('batch-create', [kind, kind]);
      const calls = openCalls();
      expect((await calls.ask(questions(2), call)).map(({ reply }) => reply?.text)).toEqual(texts(2));
      expect([server.countOf('batch-create'), server.countOf('batch-list')]).toEqual([3, 0]);
      calls.close();
    },
  );
});

describe('faults of the connection', () => {
  it.each(['disconnect-mid-body', 'hang-mid-body', 'garbage', 'server-error'] as const)(
    'while results are read: they are read again from the start, and each is stored once (%s)',
    async (kind) => {
      failFirst('batch-results', [kind, kind]);
      const calls = openCalls({ batch: { idleMs: 100 } });
      const asked = await calls.ask(questions(100), call);
      expect(asked.map(({ reply }) => reply?.text)).toEqual(texts(100));
      expect([server.countOf('batch-results'), server.batches.ids.length]).toEqual([3, 1]);
      expect(calls.ledger()[0]).toMatchObject({ paid: 100, failed: 0 });
      calls.close();
    },
  );

  it('that go on end the call with a reason, and leave the batch to be collected', async () => {
    server.faults = ({ endpoint }) => (endpoint === 'batch-retrieve' ? 'server-error' : null);
    const calls = openCalls();
    const [asked] = await calls.ask(questions(2), call);
    expect(asked.reason).toMatch(/^waiting for batch \w+ since .*, which could not be looked at: 8 looks at it failed/);
    server.faults = null;
    expect((await calls.ask(questions(2), call)).map(({ reply }) => reply?.text)).toEqual(texts(2));
    expect(server.paidInAll).toBe(2);
    calls.close();
  });

  it('a key that is not let in ends the call, and leaves nothing behind that stands in the way', async () => {
    const wrong = openCalls({ key: new KeySource('the test', 'a key that is not let in') });
    await expect(wrong.ask(questions(2), call)).rejects.toBeInstanceOf(ConfigError);
    wrong.close();
    const calls = openCalls();
    expect((await calls.ask(questions(2), call)).map(({ reply }) => reply?.text)).toEqual(texts(2));
    calls.close();
  });
});
