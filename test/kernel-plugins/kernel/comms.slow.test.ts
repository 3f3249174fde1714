import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Message } from '../../../kernel-plugins/kernel/protocol';
import type { LaunchedKernel } from '../../../kernel-plugins/notebook-runner';
import { contents, delay, executeUntil, printed, resultText, startKernel, types } from './support';

describe('comms on the wire', () => {
  let kernel: LaunchedKernel;
  const published: Message[] = [];
  beforeAll(async () => {
    kernel = await startKernel({ onAnyPublished: (message) => published.push(message) });
    const prepared = await kernel.client.execute(
      `import { onTarget, openComm } from 'mstlab/notebook';
       onTarget('echo', (comm, opened) => {
         comm.send({ opened: opened.data, version: opened.metadata.version });
         comm.onMessage(({ data, buffers }) => comm.send({ echo: data }, { buffers: buffers.map((bytes) => bytes.map((byte) => byte + 1)) }));
         comm.onClose(() => console.log('closed by the front end'));
       });`,
    );
    expect(contents(prepared, 'error')).toEqual([]);
  });
  afterAll(async () => {
    await kernel?.shutdown();
  });
  const open = (target: string, id: string, data = {}, metadata = {}) =>
    kernel.client.request('comm_open', { comm_id: id, target_name: target, data }, { metadata });
  const info = async (content = {}) =>
    (await kernel.client.request('comm_info_request', content)).reply.content.comms as Record<string, unknown>;
  const statuses = (exchange: Parameters<typeof contents>[0]) =>
    contents(exchange, 'status').map(({ execution_state }) => execution_state);

  test('a comm lives from the front end’s open over messages with raw bytes to its close, each with busy and idle', async () => {
    const id = randomUUID();
    const opened = await open('echo', id, { hello: 'you' }, { version: '2.1.0' });
    expect(statuses(opened)).toEqual(['busy', 'idle']);
    expect(contents(opened, 'comm_msg')).toEqual([
      { comm_id: id, data: { opened: { hello: 'you' }, version: '2.1.0' } },
    ]);
    expect(await info()).toEqual({ [id]: { target_name: 'echo' } });
    expect(await info({ target_name: 'other' })).toEqual({});

    const buffers = [new Uint8Array([0, 7, 254]), new Uint8Array(0)];
    const sent = await kernel.client.request('comm_msg', { comm_id: id, data: { n: 1 } }, { buffers });
    expect(types(sent)).toEqual(['status', 'comm_msg', 'status']);
    expect(sent.published[1].content).toEqual({ comm_id: id, data: { echo: { n: 1 } } });
    expect(sent.published[1].buffers.map((bytes) => [...bytes])).toEqual([[1, 8, 255], []]);

    const closed = await kernel.client.request('comm_close', { comm_id: id, data: {} });
    expect(statuses(closed)).toEqual(['busy', 'idle']);
    expect(await info()).toEqual({});
  });

  test('a comm on a target that nobody registered is closed', async () => {
    const id = randomUUID();
    const opened = await open('unheard-of', id);
    expect(types(opened)).toEqual(['status', 'comm_close', 'status']);
    expect(contents(opened, 'comm_close')[0].comm_id).toBe(id);
    expect(await info()).toEqual({});
  });

  test('a comm that a cell opens is published with its metadata and bytes, under the cell’s request', async () => {
    const exchange = await kernel.client.execute(
      'const made = openComm("jupyter.widget", { state: { value: 2 } }, { metadata: { version: "2.1.0" }, buffers: [new Float32Array([1])] });' +
        'made.send({ method: "update", state: { value: 3 } }); made.id',
    );
    expect(types(exchange).filter((type) => type.startsWith('comm'))).toEqual(['comm_open', 'comm_msg']);
    const opened = exchange.published.find(({ header }) => header.msg_type === 'comm_open');
    expect(opened?.content).toMatchObject({ target_name: 'jupyter.widget', data: { state: { value: 2 } } });
    expect(opened?.metadata).toEqual({ version: '2.1.0' });
    expect([...(opened?.buffers[0] ?? [])]).toEqual([0, 0, 128, 63]);
    const id = opened?.content.comm_id;
    expect(resultText(exchange)).toBe(`'${id}'`);
    expect(await info({ target_name: 'jupyter.widget' })).toEqual({ [id]: { target_name: 'jupyter.widget' } });
    const closing = await kernel.client.execute('made.close()');
    expect(contents(closing, 'comm_close')).toEqual([{ comm_id: id, data: {} }]);
  });

  test('a message reaches a cell that awaits: a Stop button ends its loop', async () => {
    await kernel.client.execute(
      'const button = openComm("button"); let pressed = false; button.onMessage(({ data }) => { pressed = data.event === "click" })',
    );
    const [id] = Object.keys(await info({ target_name: 'button' }));
    const running = await executeUntil(
      kernel.client,
      'step 3',
      'let steps = 0; while (!pressed) { console.log(`step ${++steps}`); await new Promise((done) => setTimeout(done, 20)) }\nsteps >= 3',
    );
    const clicked = await kernel.client.request('comm_msg', { comm_id: id, data: { event: 'click' } });
    expect(statuses(clicked)).toEqual(['busy', 'idle']);
    expect(resultText(await running.exchange)).toBe('true');
  });

  test('while a cell blocks the event loop idle comes all the same, and the message is handled afterwards', async () => {
    const id = randomUUID();
    await open('echo', id);
    const running = await executeUntil(
      kernel.client,
      'go',
      'console.log("go"); const end = Date.now() + 5000; while (Date.now() < end) {}',
    );
    let ended = false;
    void running.exchange.then(() => {
      ended = true;
    });
    const sent = await kernel.client.request('comm_msg', { comm_id: id, data: { late: true } });
    expect(statuses(sent)).toEqual(['busy', 'idle']);
    expect(ended).toBe(false);
    const seen = published.length;
    await running.exchange;
    await expect
      .poll(() => published.slice(seen - 20).some(({ content }) => content.data?.echo?.late === true))
      .toBe(true);
    await kernel.client.request('comm_close', { comm_id: id, data: {} });
  });

  test('a handler that never returns is ended by an interrupt between cells, and nothing is lost', async () => {
    await kernel.client.execute('const kept = 5; onTarget("loop", () => { while (true) {} })');
    const opened = open('loop', randomUUID());
    await delay(300);
    kernel.interrupt();
    await opened;
    const after = await kernel.client.execute('kept');
    expect(resultText(after)).toBe('5');
  });

  test('when the execution process dies, every open comm is closed', async () => {
    const id = randomUUID();
    await open('echo', id);
    const crashed = await kernel.client.execute('process.exit(4)');
    expect(contents(crashed, 'comm_close').map(({ comm_id }) => comm_id)).toContain(id);
    expect(await info()).toEqual({});
    expect(printed(await kernel.client.execute('console.log("on")'))).toBe('on\n');
  });
});
