import { afterEach, describe, expect, test } from 'vitest';
import * as widgets from '../../../../kernel-plugins/host/widgets';
import { FrontEnd, shown, withoutFrontEnd } from './front-end';

afterEach(withoutFrontEnd);

const hostile = '<img src=x onerror="alert(1)">';

/** Each control, how its reader changes it, and the words that must then stand in the static view. */
const controls = [
  {
    make: () => widgets.slider({ description: 'dose' }),
    model: 'IntSliderModel',
    state: { value: 41 },
    words: 'dose: 41 (0 to 100)',
  },
  {
    make: () => widgets.slider({ description: 'p', max: 1, step: 0.1 }),
    model: 'FloatSliderModel',
    state: { value: 0.3 },
    words: 'p: 0.3 (0 to 1)',
  },
  {
    make: () => widgets.dropdown({ description: 'arm', options: { first: 1, second: 2 } }),
    model: 'DropdownModel',
    state: { index: 1 },
    words: 'arm: second',
  },
  {
    make: () => widgets.text({ description: 'label' }),
    model: 'TextModel',
    state: { value: hostile },
    words: `label: ${hostile}`,
  },
  {
    make: () => widgets.textarea({ description: 'label' }),
    model: 'TextareaModel',
    state: { value: 'two words' },
    words: 'label: two words',
  },
  {
    make: () => widgets.checkbox({ description: 'shuffled' }),
    model: 'CheckboxModel',
    state: { value: true },
    words: 'shuffled: yes',
  },
];

describe('the static view', () => {
  test.each(controls)('is what the control shows: $words', async ({ make, model, state, words }) => {
    const front = new FrontEnd();
    const widget = make();
    await shown(widget);
    await front.set(front.twin(model), state);
    const live = await shown(widget);
    expect(live['text/plain']).toBe(words);
    withoutFrontEnd();
    const still = await shown(widget);
    expect(Object.keys(still).sort()).toEqual(['text/html', 'text/plain']);
    expect(still['text/plain']).toBe(live['text/plain']);
    expect(still['text/html']).toBe(live['text/html']);
    expect(String(still['text/html']).replace(/<\/?(div|b)>/g, '')).toBe(
      words.replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;'),
    );
  });

  test('of boxes holds that of all they hold', async () => {
    const box = widgets.vbox([
      widgets.hbox([widgets.label('left'), widgets.button({ description: 'Go' })]),
      widgets.progress({ value: 25, description: 'train' }),
    ]);
    expect((await shown(box))['text/plain']).toBe('left   [ Go ]\ntrain: 25% (25 of 100)');
  });

  test('is what console.log prints', async () => {
    const { inspect } = await import('node:util');
    expect(inspect(widgets.slider({ description: 'dose', value: 3 }))).toBe('dose: 3 (0 to 100)');
  });
});

describe('markup', () => {
  test('in a text is text, live and static, unless its author vouches for it', async () => {
    const front = new FrontEnd();
    const shownAsText = widgets.html(hostile);
    const bundle = await shown(shownAsText);
    expect(front.twin('HTMLModel').state.value).not.toContain('<img');
    expect(bundle['text/html']).not.toContain('<img');
    expect(bundle['text/plain']).toBe(hostile);
    shownAsText.value = { trusted: '<b>bold</b>' };
    expect(front.twin('HTMLModel').state.value).toBe('<b>bold</b>');
    expect(await shown(shownAsText)).toMatchObject({ 'text/html': '<div><b>bold</b></div>', 'text/plain': 'bold' });
  });

  test.each([
    widgets.slider({ description: hostile }),
    widgets.button({ description: hostile }),
    widgets.label(hostile),
    widgets.dropdown({ options: [hostile] }),
  ])('in names is text', async (widget) => {
    expect((await shown(widget))['text/html']).not.toContain('<img');
  });
});

describe('an output area', () => {
  test('shows text, values and figures as outputs of a notebook file, and replaces or adds', async () => {
    const front = new FrontEnd();
    const area = widgets.output();
    await shown(area);
    await area.show('first\n');
    await area.append({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<b>2</b>', 'text/plain': '2' }) });
    expect(area.outputs).toEqual([
      { output_type: 'stream', name: 'stdout', text: 'first\n' },
      { output_type: 'display_data', data: { 'text/html': '<b>2</b>', 'text/plain': '2' }, metadata: {} },
    ]);
    expect((await shown(area))['text/plain']).toBe('first\n\n2');
    await area.show({ data: [{ type: 'bar', y: [1, 2] }], layout: {}, alt: 'two bars' });
    expect(area.outputs).toHaveLength(1);
    expect(area.outputs[0]).toMatchObject({
      data: { 'application/vnd.plotly.v1+json': { data: [{ y: [1, 2] }] }, 'text/plain': 'two bars' },
    });
    await new Promise((done) => setTimeout(done, 40));
    expect(front.twin('OutputModel').state.outputs).toEqual(area.outputs);
    area.clear();
    expect(area.outputs).toEqual([]);
  });

  test('a value that takes long to draw does not take the place of a later one', async () => {
    const area = widgets.output();
    let draw!: (bundle: object) => void;
    const slow = area.show({ [Symbol.for('Jupyter.display')]: () => new Promise((done) => (draw = done)) });
    await area.show('newer');
    draw({ 'text/plain': 'older' });
    await slow;
    expect(area.outputs).toEqual([{ output_type: 'stream', name: 'stdout', text: 'newer' }]);
  });
});
