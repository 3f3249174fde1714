import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesBelow, ROOT } from '../../architecture/source-files';
import { callsTo, newFolder, QuickClock, questions } from '../../support/claude-questions';
import { startClaudeServer } from '../../support/claude-server';

const call = { purpose: 'judge' };
let folder: ReturnType<typeof newFolder>;
let store: string;

beforeEach(() => {
  folder = newFolder();
  store = join(folder.path, 'calls.sqlite');
});

afterEach(() => folder.remove());

describe('the client', () => {
  it('asks through the fetch that no cell can break off, where there is one', async () => {
    const server = await startClaudeServer();
    const { fetch } = globalThis;
    const untied = Symbol.for('mstlab.untied-fetch');
    let seen = 0;
    const own = globalThis as { fetch: typeof fetch; [untied: symbol]: unknown };
    own[untied] = (...input: Parameters<typeof fetch>) => {
      seen++;
      return fetch(...input);
    };
    own.fetch = () => Promise.reject(new Error('broken off with its cell'));
    const calls = callsTo(server.url, store);
    try {
      expect((await calls.ask(questions(2), call)).every(({ reply }) => reply !== null)).toBe(true);
      expect(seen).toBe(2);
    } finally {
      own.fetch = fetch;
      delete own[untied];
      calls.close();
      await server.stop();
    }
  });

  it('follows no redirection: the key stays with the address that was named', async () => {
    const elsewhere = await startClaudeServer();
    const server = createServer((_, response) => response.writeHead(307, { location: elsewhere.url }).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const calls = callsTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, store, new QuickClock());
    const [{ reason }] = await calls.ask(questions(1), call);
    expect(reason).toMatch(/^refused: 307/);
    expect(elsewhere.requests).toEqual([]);
    calls.close();
    await elsewhere.stop();
    await new Promise((resolve) => server.close(resolve));
  });

  it('and the store load their packages when they are used, not when a judge is imported', () => {
    const files = filesBelow('src/judge', /\.ts$/);
    expect(files.length).toBeGreaterThan(20);
    const loading = /^import (?!type )[^;]*from '(@anthropic-ai\/sdk|@photostructure\/sqlite)'/m;
    expect(files.filter((path) => loading.test(readFileSync(join(ROOT, path), 'utf8')))).toEqual([]);
  });
});
