import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/core';
import type { AskPlan } from '../../support/ask-process';
import { callsTo, newFolder, QuickClock, questions } from '../../support/claude-questions';
import { type ClaudeServer, type Fault, type FaultQuery, startClaudeServer } from '../../support/claude-server';

const PROJECT = resolve(__dirname, '../../..');
const call = { purpose: 'judge' };
const COUNT = 1000;

let server: ClaudeServer;
let folder: ReturnType<typeof newFolder>;
let store: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  server = await startClaudeServer();
  folder = newFolder();
  store = join(folder.path, 'calls.sqlite');
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await server.stop();
  folder.remove();
});

const KINDS = [
  { kind: 'rate-limited', retryAfterSeconds: 7 },
  { kind: 'overloaded' },
  { kind: 'server-error' },
  { kind: 'hang' },
  { kind: 'disconnect' },
  { kind: 'disconnect-mid-body' },
  { kind: 'garbage' },
] as const satisfies readonly Fault[];

/** A fault for every fifth sending, drawn by question and attempt. */
function faultOf({ key, attempt }: FaultQuery): Fault | null {
  const stream = new RandomStream(`faults/${key}/${attempt}`);
  return stream.uniform() < 0.2 ? KINDS[stream.below(KINDS.length)] : null;
}

function askElsewhere(plan: AskPlan): { readonly child: ChildProcess; readonly end: Promise<string> } {
  const program = ['node_modules/vite-node/vite-node.mjs', '--root', PROJECT, 'test/support/ask-process.ts', '--'];
  const child = spawn(process.execPath, [...program, JSON.stringify(plan)], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  child.stdout?.on('data', (data) => (text += data));
  child.stderr?.on('data', (data) => (text += data));
  const end = new Promise<string>((resolve) =>
    child.on('close', (code, signal) => resolve(`${text}${signal ?? code}`)),
  );
  return { child, end };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function expectAllPaidOnce(): void {
  expect(server.paid.size).toBe(COUNT);
  expect(server.paidTwice).toEqual([]);
}

describe(`${COUNT} questions`, () => {
  it('with a fault in every fifth answer have a reply each, and are paid for exactly once', async () => {
    server.faults = faultOf;
    const calls = callsTo(server.url, store, { ...new QuickClock(), concurrency: 16, timeoutMs: 6000 });
    const asked = await calls.ask(questions(COUNT), call);
    expect(asked.filter(({ reply }) => reply !== null)).toHaveLength(COUNT);
    expect(new Set(asked.map(({ reply }) => reply?.messageId)).size).toBe(COUNT);
    expectAllPaidOnce();
    const faults = server.requests.filter(({ fault }) => fault !== null);
    expect(new Set(faults.map(({ fault }) => fault)).size).toBe(KINDS.length);
    expect(faults.length / server.requests.length).toBeGreaterThan(0.17);
    const ledger = calls.ledger();
    expect(sum(ledger, (row) => row.paid)).toBe(COUNT);
    expect(sum(ledger, (row) => row.failed)).toBe(faults.length);
    expect(sum(ledger, (row) => row.inputTokens)).toBe(sum(asked, ({ reply }) => reply?.usage.inputTokens ?? 0));
    calls.close();
  });

  it('of a process that is killed in the middle are gone on with, and none is paid for twice', async () => {
    let waiting = 0;
    const { child, end } = askElsewhere({ url: server.url, store, count: COUNT, concurrency: 8 });
    // What is under way when the process dies has not been answered.
    server.hold = {
      ...{ endpoint: 'messages', from: 500, unhandled: true },
      onHold: () => ++waiting === 8 && child.kill('SIGKILL'),
    };
    expect(await end).toMatch(/SIGKILL$/);
    server.release();
    expect(server.paidInAll).toBe(500);
    const calls = callsTo(server.url, store);
    expect(calls.ledger()).toMatchObject([{ paid: 500, uncertain: 8, failed: 0 }]);
    const asked = await calls.ask(questions(COUNT), call);
    expect(asked.filter(({ reply }) => reply !== null)).toHaveLength(COUNT);
    expect(asked.filter(({ reply }) => reply?.fromStore)).toHaveLength(500);
    expectAllPaidOnce();
    calls.close();
  });

  it('of processes that are killed again and again at any moment lose no stored reply, and what may be paid for twice is uncertain', async () => {
    const random = new RandomStream('moments');
    server.latencyMs = 3;
    for (let life = 0; life < 5; life++) {
      const last = server.requests.length + 20 + random.below(180);
      const { child, end } = askElsewhere({ url: server.url, store, count: COUNT, concurrency: 8 });
      server.faults = ({ number }) => {
        if (number === last) setTimeout(() => child.kill('SIGKILL'), random.below(8));
        return null;
      };
      expect(await end).toMatch(/SIGKILL$/);
    }
    server.faults = null;
    const calls = callsTo(server.url, store, { concurrency: 16 });
    const asked = await calls.ask(questions(COUNT), call);
    expect(asked.filter(({ reply }) => reply !== null)).toHaveLength(COUNT);
    const ledger = calls.ledger();
    const uncertain = sum(ledger, (row) => row.uncertain);
    expect(sum(ledger, (row) => row.paid)).toBe(COUNT);
    expect(uncertain).toBeLessThanOrEqual(5 * 8);
    expect(server.paidInAll).toBeGreaterThanOrEqual(COUNT);
    expect(server.paidInAll).toBeLessThanOrEqual(COUNT + uncertain);
    calls.close();
  });

  it('asked by two processes at once are paid for once', async () => {
    server.latencyMs = 5;
    const plan = { url: server.url, store, count: COUNT, concurrency: 8 };
    const ends = await Promise.all([askElsewhere(plan).end, askElsewhere(plan).end]);
    const paid = ends.map((text) => Number(/paid (\d+) of 1000\n0$/.exec(text)?.[1]));
    expect(paid[0] + paid[1]).toBe(COUNT);
    expectAllPaidOnce();
  });
});

describe('a process that dies', () => {
  it('between the answer and its storing leaves an attempt that the ledger calls uncertain, with the most it can have cost', async () => {
    const { end } = askElsewhere({ url: server.url, store, count: 1, dieBeforeStoring: true });
    expect(await end).toMatch(/SIGKILL$/);
    expect(server.paidInAll).toBe(1);
    const calls = callsTo(server.url, store);
    const [row] = calls.ledger();
    expect(row).toMatchObject({ paid: 0, failed: 0, uncertain: 1, costUsd: 0 });
    const [{ reply }] = await calls.ask(questions(1), call);
    expect(row.mayHaveCostUsd).toBeGreaterThan(reply?.costUsd ?? 1);
    expect(calls.ledger()).toMatchObject([{ paid: 1, uncertain: 1 }]);
    calls.close();
  });

  it('leaves its questions to one that waits for them', async () => {
    let waiting = 0;
    const reached = new Promise<void>((resolve) => {
      server.hold = { endpoint: 'messages', from: 0, unhandled: true, onHold: () => ++waiting === 4 && resolve() };
    });
    const { child, end } = askElsewhere({ url: server.url, store, count: 4, concurrency: 4 });
    await reached;
    const calls = callsTo(server.url, store);
    const asking = calls.ask(questions(4), call);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(server.countOf('messages')).toBe(4);
    child.kill('SIGKILL');
    await end;
    server.release();
    expect((await asking).every(({ reply }) => reply?.fromStore === false)).toBe(true);
    expect(server.paidInAll).toBe(4);
    calls.close();
  });
});
