import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LaunchedKernel } from '../../../kernel-plugins/notebook-runner';
import { contents, delay, printed, resultText, startKernel } from './support';

/** An interrupt has 2 s; the rest is for a machine that does other things. */
const longestMs = 6_000;

describe('interrupt', () => {
  let kernel: LaunchedKernel;
  beforeAll(async () => {
    kernel = await startKernel();
    await kernel.client.execute('const kept = 11');
  });
  afterAll(async () => {
    await kernel?.shutdown();
  });

  async function stopped(code: string, how: 'signal' | 'message' = 'signal') {
    const running = kernel.client.execute(code);
    await delay(500);
    const askedMs = performance.now();
    if (how === 'signal') kernel.interrupt();
    else await kernel.client.request('interrupt_request', {}, { channel: 'control' });
    const exchange = await running;
    return { exchange, tookMs: performance.now() - askedMs };
  }

  test.each([
    ['while (true)', 'while (true) {}'],
    ['a sync loop after an await', 'await new Promise((done) => setTimeout(done, 50)); while (true) {}'],
    ['an endless chain of promises', 'while (true) await null'],
    ['an awaited loop that ignores `signal`', 'while (true) await new Promise((done) => setTimeout(done, 100))'],
    ['a promise that never settles', 'await new Promise(() => {})'],
    ['a loop that prints without a pause', 'while (true) console.log("x".repeat(100))'],
  ])('%s stops within 2 s and keeps earlier variables', async (_, code) => {
    const { exchange, tookMs } = await stopped(code);
    expect(exchange.reply.content).toMatchObject({ status: 'error', ename: 'Interrupted' });
    expect(contents(exchange, 'error').length).toBe(1);
    expect(tookMs).toBeLessThan(longestMs);
    expect(resultText(await kernel.client.execute('kept'))).toBe('11');
  });

  test('interrupt_request on control does the same as SIGINT', async () => {
    const { exchange, tookMs } = await stopped('while (true) {}', 'message');
    expect(exchange.reply.content.ename).toBe('Interrupted');
    expect(tookMs).toBeLessThan(longestMs);
  });

  test('an awaited job that listens to `signal` ends in its own way', async () => {
    const { exchange, tookMs } = await stopped(
      'let steps = 0; while (!signal.aborted) { steps++; await new Promise((done) => setTimeout(done, 20)); }\nconsole.log("saved"); steps > 3',
    );
    expect(exchange.reply.content.status).toBe('ok');
    expect(printed(exchange)).toBe('saved\n');
    expect(resultText(exchange)).toBe('true');
    // Without the grace of 1.2 s that a cell has which does not listen.
    expect(tookMs).toBeLessThan(1_000);
    expect(resultText(await kernel.client.execute('signal.aborted'))).toBe('false');
  });

  test('a step that blocks longer than the grace is let finish, because earlier steps took as long', async () => {
    const running = kernel.client.execute(
      'const block = (ms: number) => { const until = Date.now() + ms; while (Date.now() < until) {} };' +
        'let done = 0; while (!signal.aborted) { block(900); done++; await new Promise((next) => setImmediate(next)); }\n`ended after ${done} whole steps`',
    );
    await delay(2_500);
    kernel.interrupt();
    const exchange = await running;
    expect(exchange.reply.content.status).toBe('ok');
    expect(resultText(exchange)).toMatch(/ended after [23456] whole steps/);
  });

  test('no work is left behind: a loop that ignored `signal` is not running afterwards', async () => {
    await kernel.client.execute('let ticks = 0');
    await stopped(
      'while (true) { ticks++; (globalThis as any).seen = ticks; await new Promise((done) => setTimeout(done, 20)); }',
    );
    const before = resultText(await kernel.client.execute('(globalThis as any).seen'));
    await delay(300);
    expect(resultText(await kernel.client.execute('(globalThis as any).seen'))).toBe(before);
  });

  test('cells that waited behind the interrupted one are aborted', async () => {
    const running = kernel.client.execute('while (true) {}');
    const waiting = kernel.client.execute('"must not run"');
    await delay(500);
    kernel.interrupt();
    expect((await running).reply.content.ename).toBe('Interrupted');
    expect((await waiting).reply.content.status).toBe('aborted');
  });

  test('an interrupt between cells changes nothing', async () => {
    kernel.interrupt();
    await delay(200);
    expect(resultText(await kernel.client.execute('kept'))).toBe('11');
  });
});
