import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LaunchedKernel } from '../../../kernel-plugins/notebook-runner';
import { contents, printed, resultText, startKernel, types } from './support';

describe('the kernel on the wire', () => {
  let kernel: LaunchedKernel;
  let log = '';
  beforeAll(async () => {
    kernel = await startKernel({
      onLog: (text) => {
        log += text;
      },
    });
  });
  afterAll(async () => {
    await kernel?.shutdown();
  });

  test('kernel_info names TypeScript and its highlighting', async () => {
    const { reply } = await kernel.client.request('kernel_info_request');
    expect(reply.content).toMatchObject({
      status: 'ok',
      protocol_version: '5.3',
      language_info: { name: 'typescript', codemirror_mode: 'typescript', file_extension: '.ts' },
    });
  });

  test('the heartbeat echoes', async () => {
    expect(await kernel.client.heartbeat()).toBe(true);
  });

  test('a cell publishes busy, execute_input, its outputs in order, idle, all with the request as parent', async () => {
    const exchange = await kernel.client.execute('console.log("one"); console.error("two"); 40 + 2');
    expect(types(exchange)).toEqual(['status', 'execute_input', 'stream', 'stream', 'execute_result', 'status']);
    expect(contents(exchange, 'status').map((content) => content.execution_state)).toEqual(['busy', 'idle']);
    expect(printed(exchange, 'stdout')).toBe('one\n');
    expect(printed(exchange, 'stderr')).toBe('two\n');
    expect(resultText(exchange)).toBe('42');
    const count = exchange.reply.content.execution_count;
    expect(contents(exchange, 'execute_input')[0]).toEqual({
      code: 'console.log("one"); console.error("two"); 40 + 2',
      execution_count: count,
    });
    expect(contents(exchange, 'execute_result')[0].execution_count).toBe(count);
    for (const message of exchange.published) expect(message.parentHeader.session).toBe(kernel.client.session);
  });

  test('every message carries one session, and it is not the client’s', async () => {
    const first = await kernel.client.execute('1');
    const second = await kernel.client.request('kernel_info_request');
    const sessions = [...first.published, ...second.published, first.reply, second.reply].map(
      (message) => message.header.session,
    );
    expect(new Set(sessions).size).toBe(1);
    expect(sessions[0]).not.toBe(kernel.client.session);
  });

  test('the execution count rises by one a cell, and not for silent ones', async () => {
    const first = (await kernel.client.execute('1')).reply.content.execution_count;
    const silent = await kernel.client.execute('const quiet = 5; quiet', { content: { silent: true } });
    expect(types(silent)).toEqual(['status', 'status']);
    expect((await kernel.client.execute('quiet')).reply.content.execution_count).toBe(first + 1);
  });

  test('a message with a bad signature is refused: never answered, never run', async () => {
    const forged = kernel.client.request(
      'execute_request',
      { code: 'globalThis.forged = true', silent: false },
      { key: 'not the key' },
    );
    forged.catch(() => {});
    const honest = await kernel.client.execute('(globalThis as any).forged');
    expect(types(honest)).not.toContain('execute_result');
    expect(await Promise.race([forged.then(() => 'answered'), new Promise((r) => setTimeout(r, 300, 'silent'))])).toBe(
      'silent',
    );
    expect(log).toContain('signature must match');
  });

  test('an error is published as error with name, value and a traceback of the cell’s own lines', async () => {
    const exchange = await kernel.client.execute(
      'interface Bound { limit: number }\n\nfunction check(n: number, b: Bound) {\n  if (n > b.limit) throw new RangeError("too big");\n}\ncheck(3, { limit: 2 })',
    );
    const [error] = contents(exchange, 'error');
    expect(error).toMatchObject({ ename: 'RangeError', evalue: 'too big' });
    expect(exchange.reply.content).toMatchObject({ status: 'error', ename: 'RangeError', evalue: 'too big' });
    const traceback = error.traceback.join('\n');
    const count = exchange.reply.content.execution_count;
    expect(traceback).toContain(`at check, cell [${count}]:4:26`);
    expect(traceback).toContain(`cell [${count}]:6:1`);
    expect(traceback).not.toMatch(/node:internal|kernel-plugins|mstlab_cell/);
  });

  test('a cause is shown under the error that it caused', async () => {
    const exchange = await kernel.client.execute('throw new Error("outer", { cause: new TypeError("inner") })');
    const traceback = contents(exchange, 'error')[0].traceback.join('\n');
    expect(traceback).toMatch(/outer[\s\S]*Caused by:[\s\S]*inner/);
  });

  test('a type error names its place and code, and nothing of the cell runs', async () => {
    const exchange = await kernel.client.execute('console.log("ran");\nconst text: string = 4;');
    expect(printed(exchange)).toBe('');
    const [error] = contents(exchange, 'error');
    expect(error.ename).toBe('TypeScript');
    expect(error.traceback[0]).toMatch(/cell \[\d+\]:2:7 - .*TS2322/);
  });

  test('types are strict', async () => {
    const exchange = await kernel.client.execute('const maybe: string = null');
    expect(contents(exchange, 'error')[0]?.evalue).toMatch(/null/);
  });

  test('a cell that fails keeps the lines that ran', async () => {
    await kernel.client.execute('const before = 7;\nthrow new Error("half-way");\nconst after = 8;');
    expect(resultText(await kernel.client.execute('before'))).toBe('7');
    expect(contents(await kernel.client.execute('after'), 'error')[0]?.evalue).toContain("'after'");
  });

  test('an error aborts the cells that wait behind it, and none that is sent later', async () => {
    const pipelined = await Promise.all(
      ['throw new Error("stop")', '1', '2'].map((code) => kernel.client.execute(code)),
    );
    expect(pipelined.map(({ reply }) => reply.content.status)).toEqual(['error', 'aborted', 'aborted']);
    expect((await kernel.client.execute('3')).reply.content.status).toBe('ok');
  });

  test('is_complete tells a finished cell from one that goes on, with an indent', async () => {
    const ask = async (code: string) => (await kernel.client.request('is_complete_request', { code })).reply.content;
    expect((await ask('const a = 1')).status).toBe('complete');
    expect(await ask('function f() {')).toMatchObject({ status: 'incomplete', indent: '  ' });
  });

  test('completion knows earlier cells, counts an emoji as one character, and works while a cell runs', async () => {
    await kernel.client.execute('const laboratory = { temperature: 20, pressure: 1 }');
    const code = 'const s = "🙂"; laboratory.temp';
    const cursor = Array.from(code).length;
    const running = kernel.client.execute('await new Promise((done) => setTimeout(done, 1500))');
    const startedMs = performance.now();
    const { reply } = await kernel.client.request('complete_request', { code, cursor_pos: cursor });
    expect(performance.now() - startedMs).toBeLessThan(1400);
    expect(reply.content.matches).toContain('temperature');
    expect(reply.content).toMatchObject({ cursor_start: cursor - 4, cursor_end: cursor });
    await running;
  });

  test('inspection shows the type', async () => {
    await kernel.client.execute('const spread = [1, 2, 3]');
    const { reply } = await kernel.client.request('inspect_request', {
      code: 'spread',
      cursor_pos: 3,
      detail_level: 0,
    });
    expect(reply.content).toMatchObject({ found: true });
    expect(reply.content.data['text/plain']).toContain('number[]');
  });
});
