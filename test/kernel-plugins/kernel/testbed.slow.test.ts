import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LaunchedKernel } from '../../../kernel-plugins/notebook-runner';
import { contents, printed, resultText, startKernel, types } from './support';

/** The behaviours that the public list runtimed/kernel-testbed asks of a kernel, by its names, each held more tightly than there. */
describe('kernel testbed', () => {
  let kernel: LaunchedKernel;
  beforeAll(async () => {
    kernel = await startKernel();
  });
  afterAll(async () => {
    await kernel?.shutdown();
  });
  const ask = async (type: string, content: object = {}) => (await kernel.client.request(type, content)).reply;
  const run = (code: string) => kernel.client.execute(code);

  describe('basic protocol', () => {
    test('heartbeat_responds: a ping comes back as it is', async () => {
      expect(await kernel.client.heartbeat()).toBe(true);
    });

    test('kernel_info_reply_valid: status ok, with a banner, an implementation and its version', async () => {
      const reply = await ask('kernel_info_request');
      expect(reply.header.msg_type).toBe('kernel_info_reply');
      expect(reply.content).toMatchObject({ status: 'ok', implementation: 'mstlab', banner: expect.any(String) });
      expect(reply.content.implementation_version).toMatch(/^\d+\.\d+\.\d+/);
    });

    test('kernel_info_has_language_info: the language by name, type, extension and version', async () => {
      const { language_info: info } = (await ask('kernel_info_request')).content;
      expect(info).toMatchObject({ name: 'typescript', mimetype: 'text/typescript', file_extension: '.ts' });
      expect(info.version).toMatch(/^5\./);
    });

    test('kernel_info_has_protocol_version: of the form 5.x, as every header says', async () => {
      const reply = await ask('kernel_info_request');
      expect(reply.content.protocol_version).toMatch(/^5\.\d+$/);
      expect(reply.header.version).toBe(reply.content.protocol_version);
    });

    test('execute_stdout: console.log is a stream on stdout', async () => {
      expect(printed(await run('console.log("hello")'))).toBe('hello\n');
    });

    test('execute_stderr: console.error is a stream on stderr', async () => {
      const exchange = await run('console.error("error")');
      expect(printed(exchange, 'stderr')).toBe('error\n');
      expect(printed(exchange, 'stdout')).toBe('');
    });

    test('execute_reply_ok: a cell that runs is answered with ok, its count, and no expressions', async () => {
      const { reply } = await run('const x = 1');
      expect(reply.header.msg_type).toBe('execute_reply');
      expect(reply.content).toMatchObject({ status: 'ok', execution_count: expect.any(Number), user_expressions: {} });
    });

    test('status_busy_idle_lifecycle: busy first, idle last, once each', async () => {
      const exchange = await run('console.log(1)');
      const states = contents(exchange, 'status').map(({ execution_state }) => execution_state);
      expect(states).toEqual(['busy', 'idle']);
      expect([types(exchange)[0], types(exchange).at(-1)]).toEqual(['status', 'status']);
    });

    test('execute_input_broadcast: the code and the count, for every client', async () => {
      const exchange = await run('const shown = 1');
      const count = exchange.reply.content.execution_count;
      expect(contents(exchange, 'execute_input')).toEqual([{ code: 'const shown = 1', execution_count: count }]);
    });
  });

  describe('interactive features', () => {
    test('complete_request: members of a variable, with the place that they replace', async () => {
      await run('const completing = { alpha: 1, beta: 2 }');
      const { content, header } = await ask('complete_request', { code: 'completing.al', cursor_pos: 13 });
      expect(header.msg_type).toBe('complete_reply');
      expect(content).toMatchObject({ status: 'ok', matches: ['alpha'], cursor_start: 11, cursor_end: 13 });
    });

    test('inspect_request: the type of a variable', async () => {
      await run('const inspected = [1, 2]');
      const reply = await ask('inspect_request', { code: 'inspected', cursor_pos: 9, detail_level: 0 });
      expect(reply.header.msg_type).toBe('inspect_reply');
      expect(reply.content).toMatchObject({ status: 'ok', found: true });
      expect(reply.content.data['text/plain']).toContain('number[]');
    });

    test('inspect_request: a place without a name is not found, and no error', async () => {
      const { content } = await ask('inspect_request', { code: '   ', cursor_pos: 1, detail_level: 0 });
      expect(content).toMatchObject({ status: 'ok', found: false, data: {} });
    });

    test('is_complete_complete', async () => {
      expect((await ask('is_complete_request', { code: 'const a = 1' })).content.status).toBe('complete');
    });

    test('is_complete_incomplete: with the indent of the next line', async () => {
      const { content } = await ask('is_complete_request', { code: 'function f() {' });
      expect(content).toEqual({ status: 'incomplete', indent: '  ' });
    });

    test('history_request: inputs by tail, range and search, with outputs; nothing of silent or unstored cells', async () => {
      const count = (await run('"kept " + 1')).reply.content.execution_count;
      await kernel.client.execute('"silent"', { content: { silent: true } });
      await kernel.client.execute('"not stored"', { content: { store_history: false } });
      const reply = await ask('history_request', { hist_access_type: 'tail', n: 1, output: false, raw: true });
      expect(reply.header.msg_type).toBe('history_reply');
      expect(reply.content).toEqual({ status: 'ok', history: [[1, count, '"kept " + 1']] });
      const range = { hist_access_type: 'range', session: 0, start: count, stop: count + 1, output: true };
      expect((await ask('history_request', range)).content.history).toEqual([[1, count, ['"kept " + 1', "'kept 1'"]]]);
      const search = { hist_access_type: 'search', pattern: '*stored*', n: 10 };
      expect((await ask('history_request', search)).content.history).toEqual([]);
    });

    test('comm_info_request: answered under its own name', async () => {
      const reply = await ask('comm_info_request');
      expect(reply.header.msg_type).toBe('comm_info_reply');
      expect(reply.content).toEqual({ status: 'ok', comms: {} });
    });

    test.each([
      ['invalid syntax', 'const = 1', 'TypeScript'],
      ['a type error', 'const text: string = 1', 'TypeScript'],
      ['an exception', 'throw new RangeError("out")', 'RangeError'],
    ])(
      'error_handling: %s is an error on iopub and in the reply, with name, value and traceback',
      async (_, code, ename) => {
        const exchange = await run(code);
        const [error] = contents(exchange, 'error');
        expect(error).toMatchObject({ ename, evalue: expect.any(String) });
        expect(error.traceback.length).toBeGreaterThan(0);
        expect(exchange.reply.content).toMatchObject({ status: 'error', ...error });
      },
    );
  });

  describe('rich output', () => {
    test('display_data: a bundle of several types, with its metadata', async () => {
      const exchange = await run(
        'import { displayBundle } from "mstlab/notebook"; displayBundle({ data: { "text/plain": "p", "text/html": "<b>h</b>" }, metadata: { isolated: true } });',
      );
      expect(contents(exchange, 'display_data')[0]).toMatchObject({
        data: { 'text/plain': 'p', 'text/html': '<b>h</b>' },
        metadata: { isolated: true },
      });
    });

    test('update_display_data: the place of an earlier display, from a later cell', async () => {
      const first = await run('import { display } from "mstlab/notebook"; const place = display("before");');
      const second = await run('await place.update("after");');
      const [{ transient }] = contents(first, 'display_data');
      expect(contents(second, 'update_display_data')).toMatchObject([{ transient, data: { 'text/plain': "'after'" } }]);
    });

    test('clear_output: with and without waiting for the next output', async () => {
      const exchange = await run(
        'import { clearOutput } from "mstlab/notebook"; clearOutput({ wait: true }); clearOutput();',
      );
      expect(contents(exchange, 'clear_output')).toEqual([{ wait: true }, { wait: false }]);
    });

    test('execute_result: the last expression, under the count of its cell', async () => {
      const exchange = await run('1 + 1');
      const count = exchange.reply.content.execution_count;
      expect(contents(exchange, 'execute_result')).toEqual([
        { execution_count: count, data: { 'text/plain': '2' }, metadata: {} },
      ]);
    });

    test('rich_execute_result: a value with Symbol.for("Jupyter.display") as the bundle that it gives', async () => {
      const exchange = await run('({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<i>rich</i>" }) })');
      expect(contents(exchange, 'execute_result')[0].data).toEqual({ 'text/html': '<i>rich</i>' });
    });
  });

  describe('advanced features', () => {
    test('stdin_input_request: the cell asks, and goes on with the answer', async () => {
      const exchange = await kernel.client.execute('await prompt("Name? ")', { onInput: () => 'test_input_42' });
      expect(resultText(exchange)).toBe("'test_input_42'");
    });

    test('comms_lifecycle: open, message, close; a target that nobody registered is closed', async () => {
      await run(
        'import { onTarget } from "mstlab/notebook"; onTarget("testbed", (comm) => comm.onMessage(({ data }) => comm.send({ got: data })));',
      );
      const id = randomUUID();
      await kernel.client.request('comm_open', { comm_id: id, target_name: 'testbed', data: {} });
      expect((await ask('comm_info_request')).content.comms).toEqual({ [id]: { target_name: 'testbed' } });
      const sent = await kernel.client.request('comm_msg', { comm_id: id, data: { n: 4 } });
      expect(contents(sent, 'comm_msg')).toEqual([{ comm_id: id, data: { got: { n: 4 } } }]);
      await kernel.client.request('comm_close', { comm_id: id, data: {} });
      expect((await ask('comm_info_request')).content.comms).toEqual({});
      const refused = await kernel.client.request('comm_open', { comm_id: id, target_name: 'no-such', data: {} });
      expect(contents(refused, 'comm_close').map(({ comm_id }) => comm_id)).toEqual([id]);
    });

    test('interrupt_request: answered on control, with and without a running cell', async () => {
      const idle = await kernel.client.request('interrupt_request', {}, { channel: 'control' });
      expect(idle.reply.header.msg_type).toBe('interrupt_reply');
      expect(idle.reply.content).toEqual({ status: 'ok' });
      const running = run('await new Promise(() => {})');
      const busy = await kernel.client.request('interrupt_request', {}, { channel: 'control' });
      expect(busy.reply.content).toEqual({ status: 'ok' });
      expect((await running).reply.content).toMatchObject({ status: 'error', ename: 'Interrupted' });
    });

    test('execution_count_increments: by one for each cell', async () => {
      const [first, second] = [await run('1'), await run('2')].map(({ reply }) => reply.content.execution_count);
      expect(second).toBe(first + 1);
    });

    test('parent_header_correlation: every message of an exchange has the request’s header as parent', async () => {
      const exchange = await run('console.log("hello"); 5');
      const parents = [...exchange.published, exchange.reply].map(({ parentHeader }) => parentHeader);
      expect(parents.length).toBe(6);
      for (const parent of parents)
        expect(parent).toMatchObject({
          msg_id: exchange.msgId,
          msg_type: 'execute_request',
          session: kernel.client.session,
        });
    });
  });

  test('a message with a bad signature is refused and the kernel lives on', async () => {
    const forged = kernel.client.request('execute_request', { code: 'globalThis.forged = 1' }, { key: 'other' });
    let answered = false;
    forged.then(
      () => {
        answered = true;
      },
      () => {},
    );
    expect(resultText(await run('typeof (globalThis as any).forged'))).toBe("'undefined'");
    expect(await kernel.client.heartbeat()).toBe(true);
    expect(answered).toBe(false);
  });
});

test('shutdown_reply: answered under its own name, and the process ends by itself', async () => {
  const kernel = await startKernel();
  const { reply } = await kernel.client.request('shutdown_request', { restart: true }, { channel: 'control' });
  expect(reply.header.msg_type).toBe('shutdown_reply');
  expect(reply.content).toEqual({ status: 'ok', restart: true });
  await expect.poll(() => kernel.process.exitCode, { timeout: 5_000 }).toBe(0);
  await kernel.shutdown();
});
