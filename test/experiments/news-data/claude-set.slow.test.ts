import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RandomStream } from '../../../src/core';
import { claudeWriter, makeArticles, makeTopics, readDomains } from '../../../src/experiments/news-data';
import { newsDataCommand } from '../../../src/experiments/news-data/command';
import { readJsonl } from '../../../src/runs';
import { checkNews, loadNews, type Topic } from '../../../src/tasks';
import { callsTo, QuickClock } from '../../support/claude-questions';
import {
  type ClaudeServer,
  type ReplyScript,
  startClaudeServer,
  TEST_API_KEY,
  userText,
} from '../../support/claude-server';
import { textOf, topicOf } from '../../support/scripted-writer';

const root = mkdtempSync(join(tmpdir(), 'claude-set-'));
afterAll(() => rmSync(root, { recursive: true }));
const folder = () => mkdtempSync(join(root, 'set-'));
const domains = readDomains().slice(0, 4);
const counts = { train: 24, validation: 4, test: 4, calibration: 4 };

/** A model that writes words without meaning; a share of its replies is refused, cut, no JSON, or breaks a rule. Asked again it says something else. */
function newsScript(faultShare: number): ReplyScript {
  const times = new Map<string, number>();
  return (body) => {
    const user = userText(body);
    const time = times.get(user) ?? 0;
    times.set(user, time + 1);
    const random = new RandomStream(user).fork(time);
    const fault = random.uniform() < faultShare ? random.below(4) : -1;
    if (fault === 0) return { text: '', stopReason: 'refusal' };
    if (fault === 1) return { text: '{"topics": [{"head', stopReason: 'max_tokens' };
    if (fault === 2) return 'Certainly! Here is what you asked for.';
    const count = /, (\d+) in number/.exec(user)?.[1];
    const kind = fault === 3 ? 'short' : null;
    if (count === undefined) return JSON.stringify(textOf(random, kind, 40, 0));
    return JSON.stringify({
      topics: Array.from({ length: Number(count) }, (_, i) => topicOf(random.fork(i), kind, 0)),
    });
  };
}

describe('a news set from the local server', () => {
  let server: ClaudeServer;
  beforeEach(async () => {
    server = await startClaudeServer({ reply: newsScript(0.3) });
  });
  afterEach(() => server.stop());

  const clock = () => {
    const { now, sleep } = new QuickClock();
    return { now, sleep };
  };
  const make = async (dir: string, store: string, more: Partial<Parameters<typeof claudeWriter>[0]> = {}) => {
    const calls = callsTo(server.url, store, clock());
    try {
      const writer = claudeWriter({ calls, ...more });
      const topics = await makeTopics({ domains, counts, topicsPerRequest: 4, writer, seed: 3, dir });
      if (!topics.complete) return { topics, texts: null, ledger: calls.ledger() };
      const rows = readJsonl<Topic>(join(dir, 'topics.jsonl'));
      const texts = await makeArticles({
        topics: rows,
        form: 'briefs',
        writer,
        seed: 3,
        dir,
        calibration: true,
        maxSamples: 10,
      });
      return { topics, texts, ledger: calls.ledger() };
    } finally {
      calls.close();
    }
  };
  const bytes = (dir: string) =>
    ['topics.jsonl', 'briefs.jsonl', 'calibration-briefs.jsonl', 'provenance.jsonl', 'manifest.json'].map((file) =>
      readFileSync(join(dir, file), 'utf8'),
    );

  test('is complete and passes its check through faults of the line, refusals and garbage; its cost is the ledger’s', async () => {
    server.faults = {
      seed: 1,
      share: 0.2,
      kinds: ['rate-limited', 'overloaded', 'server-error', 'disconnect', 'garbage'],
    };
    const [dir, store] = [folder(), join(folder(), 'calls.sqlite')];
    const { topics, texts, ledger } = await make(dir, store);
    expect(topics).toMatchObject({ complete: true, made: 36 });
    expect(texts).toMatchObject({ complete: true, made: 24 + 20 });
    expect(loadNews({ form: 'briefs', dir }).report).toMatchObject({ refused: [], notes: [] });
    const failed = checkNews({ form: 'briefs', dir }).checks.filter(({ ok }) => !ok);
    expect(failed).toEqual([]);
    const reasons = { ...topics.rejected, ...texts!.rejected };
    expect(Object.keys(reasons).sort()).toEqual(['cut off', 'not as asked', 'refused', 'too short']);
    const sum = (of: (row: (typeof ledger)[number]) => number) => ledger.reduce((total, row) => total + of(row), 0);
    expect(sum((row) => row.costUsd ?? Number.NaN)).toBeCloseTo(topics.costUsd! + texts!.costUsd!, 9);
    expect(sum((row) => row.paid)).toBe(topics.replies + texts!.replies);
    expect(ledger.map(({ purpose }) => purpose).sort()).toEqual(['write texts', 'write topics']);
  });

  test('is made again from the store without a request when its folder is lost, byte for byte', async () => {
    const store = join(folder(), 'calls.sqlite');
    const [first, second] = [folder(), folder()];
    await make(first, store);
    const asked = server.requests.length;
    expect(asked).toBeGreaterThan(50);
    await make(second, store);
    expect(server.requests.length).toBe(asked);
    expect(bytes(second)).toEqual(bytes(first));
  });

  test('stops at its budget with what it has, and goes on with a larger one', async () => {
    const [dir, store] = [folder(), join(folder(), 'calls.sqlite')];
    const { topics } = await make(dir, store, { budget: { usd: 0.03 } });
    expect(topics.complete).toBe(false);
    expect(topics.stopped).toMatch(/limit of \$0\.03 is spent/);
    const on = await make(dir, store, { budget: { usd: 10 } });
    expect(on.texts).toMatchObject({ complete: true });
    expect(on.ledger.reduce((total, row) => total + row.paid, 0)).toBe(on.topics.replies + on.texts!.replies);
  });

  test('is the same in batch mode, at half the price', async () => {
    const [one, two] = [folder(), folder()];
    const single = await make(one, join(folder(), 'calls.sqlite'));
    await server.stop();
    server = await startClaudeServer({ reply: newsScript(0.3) });
    const batch = await make(two, join(folder(), 'calls.sqlite'), { mode: 'batch' });
    for (const file of ['topics.jsonl', 'briefs.jsonl', 'calibration-briefs.jsonl'])
      expect(readFileSync(join(two, file), 'utf8')).toBe(readFileSync(join(one, file), 'utf8'));
    expect(batch.texts!.costUsd).toBeCloseTo(single.texts!.costUsd! / 2, 9);
    expect(server.requests.some(({ endpoint }) => endpoint === 'messages')).toBe(false);
  });

  test('comes from one command, which prints estimate, counts, cost and check, and never the key', async () => {
    const dir = folder();
    const env = { MSTLAB_RUNS: folder(), ANTHROPIC_BASE_URL: server.url, ANTHROPIC_API_KEY: TEST_API_KEY };
    const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, env);
    const lines: string[] = [];
    try {
      const args = ['--topics', '24', '--domains', '4', '--rounds', '12', '--budget', '5', '--dir', dir];
      expect(await newsDataCommand(args, (line) => lines.push(line))).toBe(0);
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
    const text = lines.join('\n');
    expect(text).toMatch(/topics: 29 in \d+ requests, without topping up\n.*At once: about \$0\.\d+/);
    expect(text).toMatch(/topics: 29 of 29 made in \d+ rounds, \d+ replies, 0\.\d\d US dollars/);
    expect(text).toMatch(/briefs: 29 of 29 made/);
    expect(text).toMatch(/news briefs .*: ok/);
    expect(text).not.toContain(TEST_API_KEY);
  });
});
