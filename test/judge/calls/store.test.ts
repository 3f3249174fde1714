import { chmodSync, copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileFormatError, MachineError } from '../../../src/core';
import type { ClaudeRequest } from '../../../src/judge';
import type { ClaudeAnswer } from '../../../src/judge/calls/message-shape';
import { requestKey } from '../../../src/judge/calls/request-key';
import { CallStore } from '../../../src/judge/calls/store';
import { callsTo, newFolder, question, questions } from '../../support/claude-questions';
import { startClaudeServer } from '../../support/claude-server';

let folder: ReturnType<typeof newFolder>;
let path: string;

beforeEach(() => {
  folder = newFolder();
  path = join(folder.path, 'deep', 'calls.sqlite');
});

afterEach(() => folder.remove());

const answer: ClaudeAnswer = {
  text: 'A reply.',
  stopReason: 'end_turn',
  model: 'claude-sonnet-5-5',
  messageId: 'msg_1',
  usage: { inputTokens: 10, outputTokens: 3, cacheWriteTokens: 0, cacheReadTokens: 0 },
};

function pay(store: CallStore, request: ClaudeRequest, text = answer.text): void {
  const key = requestKey(request);
  const start = { key, purpose: 'judge', model: request.model, mode: 'messages', mostUsd: 1 } as const;
  store.finishPaid(store.beginAttempt(start), { key, request }, { ...answer, text }, 'messages', 'req_1');
}

describe('the key of a request', () => {
  const request = question(1, { schema: { type: 'object', properties: { a: { type: 'string' } } } });

  it('changes with everything that decides the reply', () => {
    const changes: { [name in keyof Omit<ClaudeRequest, 'id'>]: ClaudeRequest[name] } = {
      ...{ model: 'claude-haiku-5-5', system: 'Judge it.', user: 'Another text.', maxTokens: 65 },
      ...{ schema: { type: 'object', properties: { b: { type: 'string' } } }, thinking: 'disabled', effort: 'low' },
      ...{ rubricHash: 'another rubric', sample: 1 },
    };
    const keys = Object.entries(changes).map(([name, value]) => requestKey({ ...request, [name]: value }));
    expect(new Set([requestKey(request), ...keys]).size).toBe(10);
  });

  it('does not change with the id or the order of fields', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        const turned = Object.fromEntries(Object.entries({ ...request, id }).reverse()) as unknown as ClaudeRequest;
        expect(requestKey(turned)).toBe(requestKey(request));
      }),
    );
  });
});

describe('the file of replies', () => {
  it('is readable by its owner alone', () => {
    const store = new CallStore(path);
    pay(store, question(1));
    for (const end of ['', '-wal', '-shm']) expect(statSync(`${path}${end}`).mode & 0o777, end).toBe(0o600);
    store.close();
  });

  it('gives back what was stored, to every process that has it open', () => {
    const [one, other] = [new CallStore(path), new CallStore(path)];
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, number) => {
        // Two texts are never one question: the first reply to a question is the one that is kept.
        const asked = question(number, { user: `say ${text}` });
        pay(one, asked, text);
        const stored = other.replyOf(requestKey(asked));
        expect(stored).toMatchObject({ text, messageId: 'msg_1', usage: answer.usage, fromStore: true });
      }),
      { numRuns: 50 },
    );
    one.close();
    other.close();
  });

  it('holds everything by itself once it is closed, for who copies it', () => {
    const store = new CallStore(path);
    for (const one of questions(30)) pay(store, one);
    store.close();
    const copy = join(folder.path, 'copy.sqlite');
    copyFileSync(path, copy);
    const copied = new CallStore(copy);
    expect(questions(30).every((one) => copied.replyOf(requestKey(one)) !== null)).toBe(true);
    copied.close();
  });

  it('keeps the first reply to a question', () => {
    const store = new CallStore(path);
    pay(store, question(1), 'first');
    pay(store, question(1), 'second');
    expect(store.replyOf(requestKey(question(1)))?.text).toBe('first');
    store.close();
  });

  it('holds a reply and the end of its attempt together or not at all', () => {
    const store = new CallStore(path);
    store.db.exec("CREATE TRIGGER no_room BEFORE UPDATE ON attempts BEGIN SELECT RAISE(ABORT, 'no room'); END");
    expect(() => pay(store, question(1))).toThrow('no room');
    expect(store.replyOf(requestKey(question(1)))).toBeNull();
    store.db.exec('DROP TRIGGER no_room');
    store.close();
  });

  it('that is no database, is damaged, or holds something else is refused with what to do', () => {
    new CallStore(path).close();
    const other = join(folder.path, 'other.sqlite');
    const db = new DatabaseSync(other);
    db.exec('CREATE TABLE things (a)');
    db.close();
    expect(() => new CallStore(other)).toThrow(/made by mstlab, got a database with 1 tables of something else/);
    writeFileSync(other, 'no database '.repeat(99));
    expect(() => new CallStore(other)).toThrow(FileFormatError);
    expect(() => new CallStore(other)).toThrow(/"file is not a database".*Move it away/);
    const filled = new CallStore(path);
    for (const one of questions(300)) pay(filled, one, 'x'.repeat(500));
    filled.close();
    const { size } = statSync(path);
    truncateSync(path, size >> 1);
    expect(() => new CallStore(path)).toThrow(FileFormatError);
    expect(() => new CallStore(path)).toThrow(/must be a whole SQLite database/);
  });

  it('of a newer version is refused, and left as it is', () => {
    new CallStore(path).close();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 7');
    db.close();
    const before = readFileSync(path);
    expect(() => new CallStore(path)).toThrow(/version 1 or older, got version 7/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('in a folder that is none, or where nothing can be written, is the machine’s fault', () => {
    new CallStore(path).close();
    expect(() => new CallStore(join(path, 'below-a-file.sqlite'))).toThrow(MachineError);
    const store = new CallStore(path);
    store.db.exec('PRAGMA max_page_count = 1');
    expect(() => pay(store, question(1), 'x'.repeat(1e6))).toThrow(/the disk must have room/);
    store.db.exec('PRAGMA max_page_count = 100000');
    store.close();
  });

  it.skipIf(process.getuid?.() === 0)('that may not be written (root may write everything: skipped there)', () => {
    new CallStore(path).close();
    chmodSync(path, 0o400);
    expect(() => new CallStore(path)).toThrow(MachineError);
  });
});

describe('a claim', () => {
  it('belongs to one call, until it is given back or answered', () => {
    const store = new CallStore(path);
    const [mine, other] = [store.newHolder(), store.newHolder()];
    expect(store.claim('a', mine)).toEqual({ status: 'claimed' });
    expect(store.claim('a', mine)).toEqual({ status: 'claimed' });
    expect(store.claim('a', other)).toEqual({ status: 'held', holder: mine });
    store.releaseClaims(mine);
    expect(store.claim('a', other)).toEqual({ status: 'claimed' });
    store.moveClaim('a', other, 'batch:b1');
    expect(store.claim('a', mine)).toEqual({ status: 'held', holder: 'batch:b1' });
    const { key, request } = { key: requestKey(question(1)), request: question(1) };
    store.claim(key, mine);
    pay(store, request);
    expect(store.claim(key, other)).toMatchObject({ status: 'stored', reply: { text: 'A reply.' } });
    store.close();
  });

  it('of a process that has ended is taken over, and its open attempts become uncertain; a batch outlives it', () => {
    const store = new CallStore(path);
    const dead = { id: 'dead', holder: 'call:dead:1' };
    store.db
      .prepare('INSERT INTO sessions (id, pid, host, born, seen_at) SELECT ?, pid, host, ?, seen_at FROM sessions')
      .run(dead.id, 'before this process had the number');
    const begin = store.db.prepare(
      "INSERT INTO attempts (key, purpose, model, mode, session, started_at, outcome) VALUES (?, 'judge', 'm', ?, 'dead', '2026-11-02', 'open')",
    );
    begin.run('a', 'messages');
    begin.run('b', 'batch');
    store.claim('a', dead.holder);
    store.claim('b', 'batch:b1');
    expect(store.claim('a', store.newHolder())).toEqual({ status: 'claimed' });
    expect(store.holderOf('b')).toBe('batch:b1');
    const rows = store.db.prepare('SELECT key, outcome FROM attempts ORDER BY key').all();
    expect(rows).toMatchObject([{ outcome: 'uncertain' }, { outcome: 'open' }]);
    store.close();
  });

  it('of another machine holds while that machine shows signs of life', () => {
    let now = Date.parse('2026-11-02T08:00:00Z');
    const store = new CallStore(path, () => now);
    store.db
      .prepare('INSERT INTO sessions (id, pid, host, born, seen_at) VALUES (?, ?, ?, ?, ?)')
      .run('far', 1, 'another-machine', null, new Date(now).toISOString());
    store.claim('a', 'call:far:1');
    now += 14 * 60_000;
    expect(store.claim('a', store.newHolder()).status).toBe('held');
    now += 2 * 60_000;
    expect(store.claim('a', store.newHolder()).status).toBe('claimed');
    store.close();
  });
});

describe('a reply that was paid for and could not be stored', () => {
  it('is stored by the next call, and not paid for again', async () => {
    const server = await startClaudeServer();
    const calls = callsTo(server.url, path, { concurrency: 1 });
    const db = new DatabaseSync(path);
    db.exec("CREATE TRIGGER no_room BEFORE INSERT ON replies BEGIN SELECT RAISE(ABORT, 'no room'); END");
    await expect(calls.ask(questions(3), { purpose: 'judge' })).rejects.toThrow('no room');
    await expect(calls.ask(questions(3), { purpose: 'judge' })).rejects.toThrow('no room');
    expect(server.countOf('messages')).toBe(1);
    const other = new CallStore(path);
    const free = questions(3).map((one) => other.claim(requestKey(one), other.newHolder()).status);
    expect(free).toEqual(['held', 'claimed', 'claimed']);
    other.close();
    db.exec('DROP TRIGGER no_room');
    db.close();
    const asked = await calls.ask(questions(3), { purpose: 'judge' });
    expect(asked.every(({ reply }) => reply !== null)).toBe(true);
    expect(server.countOf('messages')).toBe(3);
    expect(calls.ledger()).toMatchObject([{ paid: 3, failed: 0, uncertain: 0 }]);
    calls.close();
    await server.stop();
  });
});
