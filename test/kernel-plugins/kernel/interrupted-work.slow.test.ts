import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LaunchedKernel } from '../../../kernel-plugins/notebook-runner';
import { contents, delay, executeUntil, printed, resultText, startKernel } from './support';

/** An interrupt has 2 s; the rest is for a machine that does other things. */
const longestMs = 6_000;

describe('what an interrupted cell was doing', () => {
  let kernel: LaunchedKernel;
  let server: Server;
  let open = 0;
  let asked = 0;
  const runs = mkdtempSync(join(tmpdir(), 'mstlab-interrupted-'));
  beforeAll(async () => {
    // Never answers, as a judge that hangs.
    server = createServer((request) => {
      asked++;
      open++;
      request.socket.once('close', () => open--);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    kernel = await startKernel({ env: { MSTLAB_RUNS: runs } });
    const { port } = server.address() as AddressInfo;
    await kernel.client.execute(`const url = 'http://127.0.0.1:${port}/'; let ticks = 0`);
  });
  afterAll(async () => {
    await kernel?.shutdown();
    server.closeAllConnections();
    server.close();
    rmSync(runs, { recursive: true, force: true });
  });
  beforeEach(() => {
    asked = 0;
  });

  const anAnswerIsAwaited = () => expect.poll(() => open, { timeout: 10_000 }).toBe(1);

  async function interrupted(
    text: string,
    code: string,
    { presses = 1, when = (): Promise<unknown> => Promise.resolve() } = {},
  ) {
    const running = await executeUntil(kernel.client, text, code);
    await when();
    const askedMs = performance.now();
    for (let press = 0; press < presses; press++) {
      kernel.interrupt();
      await delay(50);
    }
    const exchange = await running.exchange;
    expect(performance.now() - askedMs).toBeLessThan(longestMs);
    return exchange;
  }

  test('a request that is never answered ends, its connection too, and the lines before it keep their variables', async () => {
    const exchange = await interrupted('go', 'const before = 42; console.log("go"); const answer = await fetch(url)', {
      when: anAnswerIsAwaited,
    });
    expect(contents(exchange, 'error')).toMatchObject([{ ename: 'Interrupted' }]);
    expect(asked).toBe(1);
    await expect.poll(() => open).toBe(0);
    expect(resultText(await kernel.client.execute('before'))).toBe('42');
  });

  test('a request with a signal of its own ends with either', async () => {
    await interrupted(
      'go',
      'const own = new AbortController(); console.log("go"); await fetch(url, { signal: own.signal })',
      { when: anAnswerIsAwaited },
    );
    await expect.poll(() => open).toBe(0);
    const exchange = await kernel.client.execute(
      'setTimeout(() => own2.abort(new Error("own")), 50); const own2 = new AbortController(); await fetch(url, { signal: own2.signal })',
    );
    expect(contents(exchange, 'error')[0].evalue).toBe('own');
    await expect.poll(() => open).toBe(0);
  });

  test('a loop that swallows every failure of its requests ends, and asks no more', async () => {
    await interrupted('go', 'console.log("go"); while (true) { try { await fetch(url) } catch {} }', {
      when: anAnswerIsAwaited,
    });
    const before = asked;
    await delay(500);
    expect(asked).toBe(before);
    expect(resultText(await kernel.client.execute('1 + 1'))).toBe('2');
  });

  test.each([
    ['an interval', 'setInterval(() => { ticks++ }, 10); console.log("go"); await new Promise(() => {})'],
    ['an interval beside a request', 'setInterval(() => { ticks++ }, 10); console.log("go"); await fetch(url)'],
    [
      'a loop with pauses',
      'console.log("go"); while (true) { ticks++; await new Promise((next) => setTimeout(next, 10)) }',
    ],
    [
      'a loop of immediates',
      'console.log("go"); while (true) { ticks++; await new Promise((next) => setImmediate(next)) }',
    ],
    [
      'a loop of pauses from node:timers/promises',
      'import { setTimeout as pause } from "node:timers/promises"; console.log("go"); while (true) { ticks++; await pause(10) }',
    ],
    [
      'a promised timer',
      'import { promisify } from "node:util"; console.log("go"); while (true) { ticks++; await promisify(setTimeout)(10) }',
    ],
    [
      'a ticking iterator',
      'import * as pauses from "node:timers/promises"; console.log("go"); for await (const _tick of pauses.setInterval(10)) ticks++',
    ],
    [
      'a loop of waits of the scheduler',
      'import { scheduler } from "node:timers/promises"; console.log("go"); while (true) { ticks++; await scheduler.wait(10) }',
    ],
    ['a loop of promises', 'console.log("go"); while (true) { ticks++; await null }'],
  ])('%s does not go on', async (_, code) => {
    const exchange = await interrupted('go', code);
    expect(contents(exchange, 'error')).toMatchObject([{ ename: 'Interrupted' }]);
    const before = resultText(await kernel.client.execute('ticks'));
    await delay(300);
    expect(resultText(await kernel.client.execute('ticks'))).toBe(before);
    expect(Number(before)).toBeGreaterThan(0);
  });

  test('a cell that was given up and fails later leaves the timers of the running cell alone', async () => {
    const exchange = await interrupted(
      'go',
      'let fail: (error: Error) => void = () => {}; console.log("go"); await new Promise((_, reject) => { fail = reject; })',
    );
    expect(contents(exchange, 'error')).toMatchObject([{ ename: 'Interrupted' }]);
    const next = await kernel.client.execute(
      'setTimeout(() => fail(new Error("late")), 50); await new Promise((done) => setTimeout(done, 300)); "went on"',
    );
    expect(resultText(next)).toBe("'went on'");
  });

  test('a pause of the library ends with its cell, so that what waits there lets go of what it holds', async () => {
    await interrupted(
      'go',
      'import { yieldToEventLoop } from "mstlab/core"; let released = false; console.log("go"); try { while (true) { ticks++; await yieldToEventLoop(); } } finally { released = true; }',
    );
    expect(resultText(await kernel.client.execute('released'))).toBe('true');
  });

  test('a second interrupt forces the end of a step that the first would let finish', async () => {
    // After one step of 4 s the first interrupt grants 6 s.
    const exchange = await interrupted(
      'step 1',
      'const block = (ms: number) => { const until = Date.now() + ms; while (Date.now() < until) {} };' +
        'for (let step = 1; step < 9 && !signal.aborted; step++) { block(4_000); console.log(`step ${step}`); await new Promise((next) => setTimeout(next, 30)) }\n"in order"',
      // Well into the second step.
      { presses: 2, when: () => delay(500) },
    );
    expect(resultText(exchange)).not.toBe('in order');
    expect(exchange.reply.content.status).toBe('error');
    expect(resultText(await kernel.client.execute('typeof block'))).toBe("'function'");
  });

  test.each([
    ['that was given `signal`', 'signal, ', 'AbortedError'],
    ['that was not given `signal`', '', 'Interrupted'],
  ])('a training run %s stops, and trains no further step', async (_, option, ename) => {
    const exchange = await interrupted(
      'step 3 ',
      `import { SycophancyExperiment } from 'mstlab/experiments';
       let steps = 0;
       await SycophancyExperiment.open('tiny', {}, { ${option}onProgress: ({ what, done }) => console.log(what, \`step \${steps = done} \`) })`,
    );
    expect(contents(exchange, 'error')).toMatchObject([{ ename }]);
    expect(printed(exchange)).toContain('step 3 ');
    const before = resultText(await kernel.client.execute('steps'));
    await delay(1_500);
    expect(resultText(await kernel.client.execute('steps'))).toBe(before);
  });
});
