import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BatchClientLine, BatchClientPlan } from '../../support/batch-client';
import { callsTo, newFolder, QuickClock, questions } from '../../support/claude-questions';
import { type ClaudeServer, type HoldPlan, startClaudeServer, userText } from '../../support/claude-server';

const PROJECT = resolve(__dirname, '../../..');
const VITE_NODE = join(PROJECT, 'node_modules/vite-node/vite-node.mjs');

let server: ClaudeServer;
let folder: ReturnType<typeof newFolder>;
let store: string;

beforeEach(async () => {
  server = await startClaudeServer({ reply: (body) => `On ${userText(body)}`, batches: { processingPolls: 2 } });
  folder = newFolder();
  store = join(folder.path, 'calls.sqlite');
});

afterEach(async () => {
  await server.stop();
  folder.remove();
});

const textsOf = (count: number) => questions(count).map(({ user }) => `On ${user}`);

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly BatchClientLine[];
  readonly errors: string;
}

/** Asks in a process of its own; `onLine` may end it. */
function askInProcess(
  plan: Pick<BatchClientPlan, 'count' | 'mostRequests'>,
  onLine: (line: BatchClientLine, child: ChildProcess) => void = () => {},
) {
  const whole: BatchClientPlan = { url: server.url, store, ...plan };
  const words = ['--root', PROJECT, 'test/support/batch-client.ts', '--', `plan:${JSON.stringify(whole)}`];
  const child = spawn(process.execPath, [VITE_NODE, ...words], { cwd: PROJECT, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: BatchClientLine[] = [];
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  createInterface(child.stdout).on('line', (text) => {
    const line = JSON.parse(text) as BatchClientLine;
    lines.push(line);
    onLine(line, child);
  });
  const ended = new Promise<Ended>((done) => child.once('close', (_, signal) => done({ signal, lines, errors })));
  return { child, ended };
}

/** Asks in a process and kills it with SIGKILL at the moment that a plan holds; `from` of its lines say that it has `done` so many. */
async function killAtHold(
  plan: Pick<BatchClientPlan, 'count' | 'mostRequests'>,
  hold: Omit<HoldPlan, 'onHold'>,
  done = 0,
): Promise<Ended> {
  let [isHeld, reached] = [false, 0];
  const tryToKill = () => {
    if (isHeld && reached >= done) asking.child.kill('SIGKILL');
  };
  server.hold = {
    ...hold,
    onHold: () => {
      isHeld = true;
      tryToKill();
    },
  };
  const asking = askInProcess(plan, (line) => {
    if ('done' in line) reached = line.done;
    tryToKill();
  });
  const ended = await asking.ended;
  server.release();
  return ended;
}

async function expectAllOnce(count: number, plan: Pick<BatchClientPlan, 'count' | 'mostRequests'>): Promise<void> {
  const { lines, errors } = await askInProcess(plan).ended;
  const last = lines.at(-1);
  expect(last, errors).toEqual({ texts: textsOf(count), reasons: textsOf(count).map(() => null) });
  expect([server.paidInAll, server.paidTwice]).toEqual([count, []]);
  const calls = callsTo(server.url, store);
  const rows = calls.ledger();
  expect(rows.map(({ paid }) => paid)).toEqual([count]);
  expect(rows[0].uncertain).toBe(0);
  calls.close();
}

describe('a process that is killed', () => {
  const plan = { count: 100, mostRequests: 100 };

  it('while its batch is being submitted, after it arrived: the next one finds the batch', async () => {
    expect((await killAtHold(plan, { endpoint: 'batch-create', from: 0 })).signal).toBe('SIGKILL');
    await expectAllOnce(100, plan);
    expect(server.batches.ids).toHaveLength(1);
  });

  it('while its batch is being submitted, before it arrived: the next one submits it', async () => {
    expect((await killAtHold(plan, { endpoint: 'batch-create', from: 0, unhandled: true })).signal).toBe('SIGKILL');
    expect(server.batches.ids).toHaveLength(0);
    await expectAllOnce(100, plan);
    expect(server.batches.ids).toHaveLength(1);
  });

  it('while it waits: the next one waits for the same batch', async () => {
    expect((await killAtHold(plan, { endpoint: 'batch-retrieve', from: 1 })).signal).toBe('SIGKILL');
    await expectAllOnce(100, plan);
    expect(server.countOf('batch-create')).toBe(1);
  });

  it('in the middle of the results: what was stored stays, the rest is read by the next one', async () => {
    const killed = await killAtHold(plan, { endpoint: 'batch-results', from: 0, share: 0.6 }, 32);
    expect(killed.signal).toBe('SIGKILL');
    const stored = Math.max(...killed.lines.map((line) => ('done' in line ? line.done : 0)));
    expect(stored).toBeGreaterThanOrEqual(32);
    expect(stored).toBeLessThan(100);
    const [first] = await new Promise<BatchClientLine[]>((done) => {
      const asking = askInProcess(plan, (line) => {
        asking.child.kill('SIGKILL');
        done([line]);
      });
    });
    expect(first).toMatchObject({ done: stored });
    await expectAllOnce(100, plan);
    expect(server.countOf('batch-create')).toBe(1);
  });

  it('between the batches of a large job: the next one submits what was not, and nothing else', async () => {
    const chunks = { count: 100, mostRequests: 30 };
    expect((await killAtHold(chunks, { endpoint: 'batch-create', from: 2 })).signal).toBe('SIGKILL');
    await expectAllOnce(100, chunks);
    expect(server.batches.requests.map((requests) => requests.length)).toEqual([30, 30, 30, 10]);
  });
});

describe('faults in a fifth of all answers', () => {
  it('leave a thousand requests with a thousand replies, each paid once, also after two kills', async () => {
    server.faults = { seed: 5, share: 0.2, mostPerKey: 2 };
    server.batches.behaviour = {
      processingPolls: 2,
      itemFault: (key, attempt) => (attempt === 0 && Number.parseInt(key.slice(0, 2), 16) < 51 ? 'overloaded' : null),
    };
    const plan = { count: 1_000, mostRequests: 400 };
    const holds = [
      { endpoint: 'batch-create', from: 1 },
      { endpoint: 'batch-results', from: 1, share: 0.5 },
    ] as const;
    for (const hold of holds) expect((await killAtHold(plan, hold)).signal).toBe('SIGKILL');
    await expectAllOnce(1_000, plan);
  });

  it('lose nothing and pay nothing twice, whatever their schedule', async () => {
    for (let seed = 0; seed < 12; seed++) {
      server.paid.clear();
      server.faults = { seed, share: 0.2, mostPerKey: 2 };
      server.batches.behaviour = {
        shuffleSeed: seed,
        itemFault: (key, attempt) => (attempt === 0 && Number.parseInt(key.slice(0, 2), 16) < 51 ? 'api-error' : null),
      };
      const clock = new QuickClock();
      const options = { batch: { mostRequests: 7 }, now: clock.now, sleep: clock.sleep };
      const calls = callsTo(server.url, join(folder.path, `${seed}.sqlite`), options);
      const asked = await calls.ask(questions(30), { purpose: 'judge', mode: 'batch' });
      expect(asked.map(({ reply, reason }) => reply?.text ?? reason)).toEqual(textsOf(30));
      expect([server.paidInAll, server.paidTwice]).toEqual([30, []]);
      expect(calls.ledger()[0]).toMatchObject({ paid: 30, uncertain: 0 });
      calls.close();
    }
  });
});
