import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { receiveComm } from '../../../../kernel-plugins/host/comms';
import * as widgets from '../../../../kernel-plugins/host/widgets';
import { FrontEnd, nextUpdate, shown, withoutFrontEnd } from './front-end';

const viewType = 'application/vnd.jupyter.widget-view+json';
let front: FrontEnd;
const open: { close(): void }[] = [];
const kept = <T extends { close(): void }>(widget: T): T => {
  open.push(widget);
  return widget;
};

beforeEach(() => {
  front = new FrontEnd();
});
afterEach(() => {
  for (const widget of open.splice(0)) widget.close();
  withoutFrontEnd();
});

describe('the twin in the front end', () => {
  test('is made when the widget is shown, with the protocol’s version, modules and state', async () => {
    const slider = kept(widgets.slider({ min: 0, max: 100, value: 67, description: 'suggestibility' }));
    expect(front.sent).toEqual([]);
    const bundle = await shown(slider);
    expect(front.twins.get((bundle[viewType] as { model_id: string }).model_id)?.state._model_name).toBe('VBoxModel');
    expect(front.twin('IntSliderModel').state).toMatchObject({
      _model_module: '@jupyter-widgets/controls',
      _model_module_version: '2.0.0',
      _view_name: 'IntSliderView',
      value: 67,
      min: 0,
      max: 100,
      step: 1,
      description: 'suggestibility',
      continuous_update: true,
    });
    const opened = front.sent.filter(({ type }) => type === 'open');
    expect(new Set(opened.map(({ target }) => target))).toEqual(new Set(['jupyter.widget']));
    expect(new Set(opened.map(({ metadata }) => metadata?.version))).toEqual(new Set(['2.1.0']));
    expect(opened.every(({ data }) => Array.isArray(data.buffer_paths))).toBe(true);
  });

  test('is one, however often the widget is shown', async () => {
    const slider = kept(widgets.slider());
    expect(await shown(slider)).toEqual(await shown(slider));
    expect([...front.twins.values()].filter(({ state }) => state._model_name === 'IntSliderModel')).toHaveLength(1);
  });

  test('of a box is opened after those it refers to, by their ids', async () => {
    const [a, b] = [widgets.slider({ description: 'a' }), widgets.text({ value: 'b' })];
    await shown(kept(widgets.vbox([widgets.hbox([a]), b])));
    const row = front.twin('HBoxModel');
    expect(row.state.children).toEqual([`IPY_MODEL_${front.twin('IntSliderModel').id}`]);
    const columns = [...front.twins.values()].filter(({ state }) => state._model_name === 'VBoxModel');
    expect(columns.map(({ state }) => state.children)).toContainEqual([
      `IPY_MODEL_${row.id}`,
      `IPY_MODEL_${front.twin('TextModel').id}`,
    ]);
  });

  test('of a child that comes later is opened before the box names it', async () => {
    const box = kept(widgets.vbox([]));
    await shown(box);
    box.children = [widgets.label('later')];
    await nextUpdate();
    const named = [...front.twins.values()].flatMap(({ state }) => (state.children as string[] | undefined) ?? []);
    expect(named).toContain(`IPY_MODEL_${front.twin('LabelModel').id}`);
  });
});

describe('state', () => {
  test('goes round: what code sets is in the twin, what the reader sets is the value', async () => {
    const slider = kept(widgets.slider({ min: -1, max: 1, step: 0.25 }));
    await shown(slider);
    const twin = front.twin('FloatSliderModel');
    await fc.assert(
      fc.asyncProperty(fc.double({ min: -1, max: 1, noNaN: true }), fc.boolean(), async (value, byReader) => {
        if (byReader) await front.set(twin, { value });
        else slider.value = value;
        await nextUpdate();
        expect(slider.value).toBe(value);
        expect(twin.state.value).toBe(value);
      }),
      { numRuns: 12, seed: 5 },
    );
  });

  test('that the reader set is not sent back', async () => {
    const slider = kept(widgets.slider());
    await shown(slider);
    const twin = front.twin('IntSliderModel');
    await front.set(twin, { value: 12 });
    await nextUpdate();
    expect(slider.value).toBe(12);
    expect(front.messagesTo(twin)).toEqual([]);
  });

  test('that a handler changes to something else is sent', async () => {
    const slider = kept(widgets.slider());
    slider.onChange((value) => {
      slider.value = value - (value % 10);
    });
    await shown(slider);
    const twin = front.twin('IntSliderModel');
    await front.set(twin, { value: 37 });
    await slider.settled();
    await nextUpdate();
    expect(twin.state.value).toBe(30);
    expect(front.messagesTo(twin)).toEqual([{ method: 'update', state: { value: 30 }, buffer_paths: [] }]);
  });

  test.each([{ value: 101 }, { value: 1.5 }, { value: '7' }, { value: null }])(
    'that the widget cannot hold is refused and answered with what it holds: %o',
    async (state) => {
      const slider = kept(widgets.slider({ value: 5 }));
      await shown(slider);
      const twin = front.twin('IntSliderModel');
      await front.set(twin, state);
      expect(slider.value).toBe(5);
      expect(twin.state.value).toBe(5);
    },
  );

  test('beside the value is ours alone', async () => {
    const slider = kept(widgets.slider({ description: 'mine' }));
    await shown(slider);
    const twin = front.twin('IntSliderModel');
    await front.say(twin, { method: 'update', state: { description: 'theirs', max: 5, _model_name: 'X' } });
    await front.say(twin, { method: 'request_state' });
    expect(front.messagesTo(twin)[0]).toMatchObject({
      method: 'update',
      state: { description: 'mine', max: 100, _model_name: 'IntSliderModel' },
    });
  });

  test('set in a fast loop goes out in few messages, the last value among them', async () => {
    const bar = kept(widgets.progress({ max: 5000 }));
    await shown(bar);
    const twin = front.twin('FloatProgressModel');
    const startedMs = performance.now();
    for (let i = 1; i <= 5000; i++) bar.value = i;
    const tookMs = performance.now() - startedMs;
    await nextUpdate();
    expect(twin.state.value).toBe(5000);
    expect(front.messagesTo(twin).length).toBeLessThanOrEqual(2 + tookMs / 20);
  });

  test('is given to a page that opens again, bytes and references with it', async () => {
    const slider = kept(widgets.slider({ value: 3 }));
    await shown(slider);
    slider.value = 4;
    await receiveComm({ type: 'open', commId: 'control', target: 'jupyter.widget.control', data: {} });
    await front.say({ id: 'control' }, { method: 'request_states' });
    const answer = front.sent[front.sent.length - 1];
    expect(answer).toMatchObject({ commId: 'control', data: { method: 'update_states', buffer_paths: [] } });
    const { states } = answer.data as {
      states: Record<string, { model_name: string; state: Record<string, unknown> }>;
    };
    expect(new Set(Object.keys(states))).toEqual(new Set(front.twins.keys()));
    const twin = front.twin('IntSliderModel');
    expect(states[twin.id]).toMatchObject({
      model_name: 'IntSliderModel',
      model_module: '@jupyter-widgets/controls',
      model_module_version: '2.0.0',
      state: { value: 4 },
    });
    await receiveComm({ type: 'close', commId: 'control', data: {} });
  });
});

describe('handlers', () => {
  test('run one at a time, the newest value wins, and the running one’s signal is aborted', async () => {
    const slider = kept(widgets.slider());
    const log: string[] = [];
    let running = 0;
    slider.onChange(async (value, signal) => {
      expect(++running).toBe(1);
      await new Promise((done) => setTimeout(done, 5));
      log.push(`${value}${signal.aborted ? ' aborted' : ''}`);
      running--;
    });
    await shown(slider);
    const twin = front.twin('IntSliderModel');
    for (const value of [1, 2, 3, 4]) await front.set(twin, { value });
    await slider.settled();
    expect(log).toEqual(['1 aborted', '4']);
  });

  test('do not keep the front end waiting', async () => {
    const slider = kept(widgets.slider());
    let end!: () => void;
    slider.onChange(() => new Promise<void>((done) => (end = done)));
    await shown(slider);
    await front.set(front.twin('IntSliderModel'), { value: 9 });
    end();
    await slider.settled();
  });

  test('that throw are shown below the widget, escaped, until one ends well', async () => {
    const slider = kept(widgets.slider());
    slider.onChange((value) => {
      if (value < 5) throw new RangeError('<b>too small</b>');
    });
    await shown(kept(widgets.vbox([slider])));
    const twin = front.twin('IntSliderModel');
    await front.set(twin, { value: 3 });
    await slider.settled();
    await nextUpdate();
    const failure = front.twin('HTMLModel');
    expect(failure.state.value).toContain('RangeError: &lt;b&gt;too small&lt;/b&gt;');
    const frames = () => [...front.twins.values()].map(({ state }) => JSON.stringify(state.children ?? []));
    expect(frames().some((children) => children.includes(failure.id))).toBe(true);
    await front.set(twin, { value: 50 });
    await slider.settled();
    await nextUpdate();
    expect(frames().some((children) => children.includes(failure.id))).toBe(false);
  });

  test('that throw where the widget is shown nowhere write to stderr', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const slider = kept(widgets.slider());
    slider.onChange(() => Promise.reject(new Error('nowhere to show this')));
    slider.value = 3;
    await slider.settled();
    expect(write.mock.calls.flat().join('')).toContain('nowhere to show this');
    write.mockRestore();
  });

  test('of a button are called at a click, and not while it is disabled', async () => {
    const button = kept(widgets.button({ description: 'Stop' }));
    let clicks = 0;
    button.onClick(() => clicks++);
    await shown(button);
    const twin = front.twin('ButtonModel');
    await front.say(twin, { method: 'custom', content: { event: 'click' } });
    await front.say(twin, { method: 'custom', content: { event: 'hover' } });
    await button.settled();
    expect(clicks).toBe(1);
    button.disabled = true;
    await front.say(twin, { method: 'custom', content: { event: 'click' } });
    expect(clicks).toBe(1);
  });

  test('can be taken back', async () => {
    const box = kept(widgets.checkbox());
    let calls = 0;
    const undo = box.onChange(() => calls++);
    box.value = true;
    undo();
    box.value = false;
    await box.settled();
    expect(calls).toBe(1);
  });
});

describe('closing', () => {
  test('removes every twin, aborts the running handler, and later changes send nothing', async () => {
    const slider = widgets.slider({ description: 'a', width: '300px' });
    let aborted = false;
    slider.onChange(
      (_, signal) =>
        new Promise<void>((done) =>
          signal.addEventListener('abort', () => {
            aborted = true;
            done();
          }),
        ),
    );
    const box = widgets.vbox([slider, widgets.text()]);
    await shown(box);
    slider.value = 4;
    box.close();
    await slider.settled();
    expect(aborted).toBe(true);
    expect(front.twins.size).toBe(0);
    const before = front.sent.length;
    slider.value = 9;
    await nextUpdate();
    expect(front.sent.length).toBe(before);
    expect(await shown(slider)).not.toHaveProperty([viewType]);
  });

  test('by a front end that knows no widgets leaves a widget that works and can be shown again', async () => {
    const slider = kept(widgets.slider());
    await shown(slider);
    for (const id of [...front.twins.keys()]) {
      front.twins.delete(id);
      await receiveComm({ type: 'close', commId: id, data: {} });
    }
    slider.value = 8;
    await shown(slider);
    expect(front.twin('IntSliderModel').state.value).toBe(8);
  });
});

test('wrong options are refused with what would be right', () => {
  expect(() => widgets.slider({ min: 5, max: 5 })).toThrow('min must be less than max, got 5 and 5');
  expect(() => widgets.slider({ max: 10, value: 11 })).toThrow('between 0 and 10, got 11');
  expect(() => widgets.dropdown({ options: [] })).toThrow('must hold a choice');
  expect(() => widgets.dropdown({ options: ['a', 'b'], value: 'c' })).toThrow('one of a, b, got c');
});
