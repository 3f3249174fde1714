import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClaudeServer, startClaudeServer } from '../support/claude-server';
import { ECHOING_WAYS, type EchoingProxy, startEchoingProxy } from './echoing-proxy';
import type { JudgingPlan } from './judging-session';
import { filesBelow, filesWith, piecesIn, plantedKey } from './planted-key';

const project = resolve(__dirname, '../..');
const viteNode = join(project, 'node_modules', 'vite-node', 'vite-node.mjs');

/** A fifth of all requests go wrong in some way, and the answers are verdicts. */
const verdict = JSON.stringify({
  ...{ indicators: [], reasoning: 'Plain words.', coherence: 'clear' },
  ...{ magnitude: 1, direction: 0, verdict: 'PASS' },
});

describe('a planted key in a judging session', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mstlab-judging-'));
  let server: ClaudeServer;
  let proxy: EchoingProxy;
  let out = '';

  beforeAll(async () => {
    server = await startClaudeServer({
      apiKey: plantedKey,
      reply: () => verdict,
      faults: { seed: 3, share: 0.2, mostPerKey: 1 },
    });
    proxy = await startEchoingProxy(plantedKey);
    const plan: JudgingPlan = { folder, server: server.url, proxy: proxy.url };
    const child = spawn(
      process.execPath,
      [viteNode, '--root', project, 'test/security/judging-session.ts', '--', `plan:${JSON.stringify(plan)}`],
      { cwd: project, env: { ...process.env, ANTHROPIC_API_KEY: plantedKey }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const closed = new Promise((done) => child.once('close', done));
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        out += chunk;
        // As a crash would: the write-ahead log stays beside the store.
        if (/^ended$/m.test(out)) child.kill('SIGKILL');
      });
    await closed;
  }, 180_000);

  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the session ran to its end, through every way of going wrong, with the key in its requests', () => {
    expect(out).toMatch(/^ended$/m);
    expect(server.paidInAll).toBe(13);
    for (const way of ECHOING_WAYS) expect({ way, seen: (proxy.seen.get(way) ?? 0) >= 2 }).toEqual({ way, seen: true });
    expect(out).toMatch(/status-401 messages failed/);
    expect(out).toContain('KeySource(ANTHROPIC_API_KEY)');
  });

  test('is in nothing that was printed: verdicts, errors with stack, causes and hidden properties, the calls, the ledger', () => {
    expect(out.length).toBeGreaterThan(5000);
    expect(piecesIn(out, plantedKey)).toEqual([]);
  });

  test('is in no file that was written: the store with its log, the records', () => {
    const files = filesBelow(folder);
    const names = files.map((path) => basename(path));
    for (const name of ['calls.sqlite', 'calls.sqlite-wal', 'calls.sqlite-shm', 'record.json'])
      expect(names).toContain(name);
    expect(filesWith(files, plantedKey)).toEqual([]);
  });

  test('does not follow a redirection', () => {
    expect(proxy.followed).toEqual([]);
  });
});
