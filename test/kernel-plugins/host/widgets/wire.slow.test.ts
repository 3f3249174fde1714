import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Message } from '../../../../kernel-plugins/kernel/protocol';
import type { LaunchedKernel } from '../../../../kernel-plugins/notebook-runner';
import { contents, printed, startKernel } from '../../kernel/support';

/** A ZeroMQ client that plays the front end's side of the widget protocol against a kernel. */
describe('widgets on the wire', () => {
  let kernel: LaunchedKernel;
  const broadcast: Message[] = [];
  beforeAll(async () => {
    kernel = await startKernel({ onAnyPublished: (message) => broadcast.push(message) });
  });
  afterAll(async () => {
    await kernel?.shutdown();
  });

  /** The newest twin with this name: its comm's id and the state it was opened with. */
  async function opened(modelName: string): Promise<{ id: string; state: Record<string, unknown> }> {
    const found = await eventually(() =>
      broadcast.findLast(
        ({ header, content }) => header.msg_type === 'comm_open' && content.data.state?._model_name === modelName,
      ),
    );
    return { id: found.content.comm_id, state: found.content.data.state };
  }

  const say = (id: string, data: Record<string, unknown>) => kernel.client.request('comm_msg', { comm_id: id, data });
  const update = (id: string, state: Record<string, unknown>) => say(id, { method: 'update', state, buffer_paths: [] });
  const sentTo = (id: string) =>
    broadcast.filter(({ header, content }) => header.msg_type === 'comm_msg' && content.comm_id === id);

  test('a shown slider opens its twin before its view, with bytes and version as the protocol says', async () => {
    const exchange = await kernel.client.execute(
      "import { widgets } from 'mstlab/notebook';\nconst s = widgets.slider({ value: 67, description: 'suggestibility' });\ns",
    );
    const kinds = exchange.published.map(({ header }) => header.msg_type);
    expect(kinds.filter((kind) => kind === 'comm_open').length).toBeGreaterThanOrEqual(2);
    expect(kinds.lastIndexOf('comm_open')).toBeLessThan(kinds.indexOf('execute_result'));
    const view = contents(exchange, 'execute_result')[0].data['application/vnd.jupyter.widget-view+json'];
    const frame = exchange.published.find(({ content }) => content.comm_id === view.model_id);
    expect(frame?.metadata.version).toBe('2.1.0');
    expect(frame?.content.data.state._model_name).toBe('VBoxModel');
    expect((await opened('IntSliderModel')).state).toMatchObject({ value: 67, description: 'suggestibility' });
  });

  test('an update of the front end changes the value and calls the handler while a cell awaits', async () => {
    await kernel.client.execute("s.onChange((value) => console.log('now', value));");
    const { id } = await opened('IntSliderModel');
    let running!: () => void;
    const isRunning = new Promise<void>((done) => {
      running = done;
    });
    const cell = kernel.client.execute(
      "console.log('waiting');\nwhile (s.value !== 12) await new Promise((done) => setTimeout(done, 20));\nconsole.log('seen', s.value);",
      { onPublished: ({ header }) => header.msg_type === 'stream' && running() },
    );
    await isRunning;
    // The protocol has no reply to a comm message, so its exchange never ends.
    void update(id, { value: 12 }).catch(() => {});
    const exchange = await cell;
    expect(exchange.reply.content.status).toBe('ok');
    expect(printed(exchange)).toContain('seen 12');
    await eventually(() => broadcast.find(({ content }) => String(content.text ?? '').includes('now 12')));
    expect(sentTo(id)).toEqual([]);
  });

  test('a comm message is answered with busy and idle, on which widgets send their next one', async () => {
    const { id } = await opened('IntSliderModel');
    const before = broadcast.length;
    void update(id, { value: 13 }).catch(() => {});
    const states = await eventually(() => {
      const own = broadcast
        .slice(before)
        .filter(({ header, parentHeader }) => header.msg_type === 'status' && parentHeader.msg_type === 'comm_msg')
        .map(({ content }) => content.execution_state);
      return own.includes('idle') ? own : null;
    });
    expect(states).toEqual(['busy', 'idle']);
  });

  test('a button stops a running loop', async () => {
    await kernel.client.execute(
      "const stop = widgets.button({ description: 'Stop' });\nlet stopped = false;\nstop.onClick(() => { stopped = true; });\nstop",
    );
    const { id } = await opened('ButtonModel');
    let steps!: () => void;
    const hasSteps = new Promise<void>((done) => {
      steps = done;
    });
    const loop = kernel.client.execute(
      "let step = 0;\nwhile (!stopped && step < 3000) { step++; if (step % 5 === 0) console.log('step', step); await new Promise((done) => setTimeout(done, 20)); }\nstopped",
      { onPublished: ({ header }) => header.msg_type === 'stream' && steps() },
    );
    await hasSteps;
    void say(id, { method: 'custom', content: { event: 'click' } }).catch(() => {});
    const exchange = await loop;
    expect(contents(exchange, 'execute_result')[0].data['text/plain']).toBe('true');
  });

  test('a page that opens again is given the state of every open model', async () => {
    void kernel.client
      .request('comm_open', { comm_id: 'control', target_name: 'jupyter.widget.control', data: {} })
      .catch(() => {});
    void say('control', { method: 'request_states' }).catch(() => {});
    const answer = await eventually(() => sentTo('control')[0]);
    const { id } = await opened('IntSliderModel');
    expect(answer.content.data.method).toBe('update_states');
    expect(answer.content.data.states[id]).toMatchObject({ model_name: 'IntSliderModel', state: { value: 13 } });
  });

  test('closing removes the twin', async () => {
    const { id } = await opened('IntSliderModel');
    const exchange = await kernel.client.execute('s.close();');
    const closed = exchange.published.filter(({ header }) => header.msg_type === 'comm_close');
    expect(closed.map(({ content }) => content.comm_id)).toContain(id);
    const info = await kernel.client.request('comm_info_request', { target_name: 'jupyter.widget' });
    expect(Object.keys(info.reply.content.comms)).not.toContain(id);
  });
});

/** Asks again until there is an answer. */
async function eventually<T>(look: () => T | null | undefined, withinMs = 20_000): Promise<T> {
  const until = Date.now() + withinMs;
  for (;;) {
    const found = look();
    if (found) return found;
    if (Date.now() > until) throw new Error('nothing came');
    await new Promise((done) => setTimeout(done, 20));
  }
}
