import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LaunchedKernel } from '../../../kernel-plugins/notebook-runner';
import { contents, printed, resultText, startKernel, types } from './support';

describe('output', () => {
  let kernel: LaunchedKernel;
  beforeAll(async () => {
    kernel = await startKernel();
  });
  afterAll(async () => {
    await kernel?.shutdown();
  });

  test('20,000 lines printed in one tick are 20,000 lines shown, in few messages', async () => {
    const exchange = await kernel.client.execute('for (let i = 0; i < 20000; i++) console.log(`line ${i}`)');
    const lines = printed(exchange).split('\n');
    expect(lines.length).toBe(20_001);
    expect(lines.slice(0, 20_000).every((line, index) => line === `line ${index}`)).toBe(true);
    expect(exchange.published.length).toBeLessThan(200);
  });

  test('1,700 pipelined cells are all answered, in order, each with busy and idle', async () => {
    const exchanges = await Promise.all(
      Array.from({ length: 1_700 }, (_, index) => kernel.client.execute(index % 100 === 0 ? `${index}` : '')),
    );
    exchanges.forEach((exchange, index) => {
      expect(exchange.reply.content.status).toBe('ok');
      expect(types(exchange).filter((type) => type === 'status').length).toBe(2);
      if (index % 100 === 0) expect(resultText(exchange)).toBe(String(index));
    });
  });

  test('what a loop without a pause prints is shown while it runs', async () => {
    let firstAfterMs = Number.NaN;
    const startedMs = performance.now();
    await kernel.client.execute(
      'const until = Date.now() + 1200; while (Date.now() < until) { if (Math.random() < 1e-4) console.log("tick") }',
      {
        onPublished(message) {
          if (message.header.msg_type === 'stream' && Number.isNaN(firstAfterMs))
            firstAfterMs = performance.now() - startedMs;
        },
      },
    );
    expect(firstAfterMs).toBeLessThan(1000);
  });

  test('a value with Symbol.for("Jupyter.display") is shown as the bundle it returns', async () => {
    const exchange = await kernel.client.execute(
      '({ [Symbol.for("Jupyter.display")]: async () => ({ "text/plain": "plain", "text/html": "<b>rich</b>" }) })',
    );
    expect(contents(exchange, 'execute_result')[0].data).toEqual({ 'text/plain': 'plain', 'text/html': '<b>rich</b>' });
  });

  test('a display is updated in place and cleared', async () => {
    const exchange = await kernel.client.execute(
      'import { display } from "mstlab/notebook"; const shown = display("first"); await shown.update({ a: 1 }); shown.clear();',
    );
    const [first] = contents(exchange, 'display_data');
    const updates = contents(exchange, 'update_display_data');
    expect(first.transient.display_id).toBeTruthy();
    expect(updates.map((update) => update.transient.display_id)).toEqual([
      first.transient.display_id,
      first.transient.display_id,
    ]);
    expect(updates[0].data['text/plain']).toBe('{ a: 1 }');
    expect(updates[1].data['text/plain']).toBe('');
  });

  test('a progress bar sends at most ten updates a second and always its last report', async () => {
    const exchange = await kernel.client.execute(
      'import { progressBar } from "mstlab/notebook"; const bar = progressBar();' +
        'for (let i = 1; i <= 5000; i++) { bar({ what: "train", done: i, total: 5000, unit: "steps", detail: { loss: 1 / i } }); if (i % 100 === 0) await new Promise((done) => setTimeout(done, 10)); }',
    );
    const updates = contents(exchange, 'update_display_data');
    expect(updates.length).toBeGreaterThan(2);
    expect(updates.length).toBeLessThan(40);
    expect(updates[updates.length - 1].data['text/plain']).toContain('5000/5000 steps');
  });

  test('an interval that outlives its cell prints to the cell that started last', async () => {
    await kernel.client.execute('const timer = setInterval(() => console.log("late"), 50)');
    const next = await kernel.client.execute(
      'await new Promise((done) => setTimeout(done, 300)); clearInterval(timer)',
    );
    expect(printed(next)).toContain('late\n');
  });

  test('an exception in a callback is reported and the kernel goes on', async () => {
    const exchange = await kernel.client.execute(
      'setTimeout(() => { throw new Error("in a callback") }, 10); await new Promise((done) => setTimeout(done, 200)); 1',
    );
    expect(printed(exchange, 'stderr')).toContain('in a callback');
    expect(resultText(exchange)).toBe('1');
  });
});
