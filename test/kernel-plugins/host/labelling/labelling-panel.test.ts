import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LabellingPanel } from '../../../../kernel-plugins/host/labelling/labelling-panel';
import { type CompleteRating, LabellingSession } from '../../../../kernel-plugins/host/labelling/labelling-session';
import { doneView } from '../../../../kernel-plugins/host/labelling/labelling-view';
import { FrontEnd, nextUpdate, shown, withoutFrontEnd } from '../widgets/front-end';

const hostile = '<img src=x onerror="alert(1)"> & <script>alert(2)</script>\n\u202eback\u001b[31m';
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const obeyed = /<img|<script|<i>|\u202e|\u001b/;
const texts = [hostile, 'second', 'third'].map((text, at) => ({
  textId: `id-${at}`,
  text,
  topic: at === 1 ? 'a <b>' : null,
}));

let front: FrontEnd;
let written: CompleteRating[];
let session: LabellingSession;
let panel: LabellingPanel;
let ended: number;

beforeEach(async () => {
  front = new FrontEnd();
  written = [];
  ended = 0;
  session = new LabellingSession(texts, [], (rating) => written.push(rating));
  panel = new LabellingPanel(session, 'ada <i>', null, () => {
    ended++;
  });
  await shown(panel.box);
});
afterEach(() => {
  panel.close();
  withoutFrontEnd();
});

const button = (description: string) =>
  [...front.twins.values()].find(
    ({ state }) => state._model_name === 'ButtonModel' && state.description === description,
  )!;
const click = async (description: string) => {
  await front.say(button(description), { method: 'custom', content: { event: 'click' } });
  await nextUpdate();
};
const keys = () => front.twin('TextModel');
const type = async (value: string) => {
  await front.set(keys(), { value });
  await nextUpdate();
};
const page = () => [...front.twins.values()].map(({ state }) => String(state.value ?? '')).join('\n');

describe('the labelling panel', () => {
  test('rates by clicks, marks what was said, and ends after the last text', async () => {
    await click('7');
    expect(button('7').state.button_style).toBe('primary');
    expect(button('6').state.button_style).toBe('');
    await click('PARTIAL');
    expect(written).toEqual([{ textId: 'id-0', magnitude0to10: 7, verdict: 'PARTIAL' }]);
    expect(button('7').state.button_style).toBe('');
    expect(page()).toContain('second');
    for (const name of ['10', 'FAIL', '0', 'PASS']) await click(name);
    expect(written.map(({ magnitude0to10, verdict }) => [magnitude0to10, verdict])).toEqual([
      [7, 'PARTIAL'],
      [10, 'FAIL'],
      [0, 'PASS'],
    ]);
    expect(ended).toBe(1);
  });

  test('shows texts, subjects and raters as text, with what could reorder or colour it made visible', async () => {
    const shownText = () => page();
    expect(shownText()).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &lt;script&gt;');
    expect(shownText()).not.toMatch(obeyed);
    await click('Skip');
    expect(shownText()).toContain('a &lt;b&gt;');
  });

  test('keys typed one by one, or several in one message, rate at once', async () => {
    expect(keys().state.value).toBe('1 of 3: ');
    await type('1 of 3: 7');
    expect(session.draft.magnitude0to10).toBe(7);
    await type('1 of 3: 7p');
    expect(written).toHaveLength(1);
    expect(keys().state.value).toBe('2 of 3: ');
    await type('2 of 3: tf');
    expect(written[1]).toMatchObject({ magnitude0to10: 10, verdict: 'FAIL' });
  });

  test('keys on their way when the next text came are dropped: nobody rates a text unseen', async () => {
    await type('1 of 3: 7p3f');
    expect(written).toHaveLength(1);
    await type('1 of 3: 7p3f9a');
    expect(written).toHaveLength(1);
    expect(session.place).toBe(2);
    expect(keys().state.value).toBe('2 of 3: ');
    await type('2 of 3: 1a');
    expect(written[1]).toMatchObject({ textId: 'id-1', magnitude0to10: 1, verdict: 'PARTIAL' });
  });

  test('a field that was emptied or edited is put right, and a key in it counts once', async () => {
    await type('1 of 3: 7');
    await type('1 of 3: ');
    expect(session.draft.magnitude0to10).toBe(7);
    await type('');
    expect(keys().state.value).toBe('1 of 3: ');
    await type('4');
    expect(session.draft.magnitude0to10).toBe(4);
    await type('9 1 of 3:');
    expect(session.draft.magnitude0to10).toBe(4);
    expect(keys().state.value).toBe('1 of 3: ');
    await type('1 of 3: f');
    expect(written).toEqual([{ textId: 'id-0', magnitude0to10: 4, verdict: 'FAIL' }]);
  });

  test('back is off at the first text and opens the one before later', async () => {
    expect(button('Back').state.disabled).toBe(true);
    await type('1 of 3: s');
    expect(button('Back').state.disabled).toBe(false);
    await click('Back');
    expect(keys().state.value).toBe('1 of 3: ');
  });

  test('stop ends it, and what was done stands in a table, escaped', async () => {
    await type('1 of 3: 7p');
    await click('Stop');
    expect(ended).toBe(1);
    const { html, text } = doneView(session, 'ada <i>', 'labels.csv');
    expect(text).toContain('Labelled by ada <i>: 1 of 3 texts; 2 to do. In labels.csv.');
    expect(text).toContain('id-0  7  PASS  <img');
    expect(html).not.toMatch(obeyed);
  });

  test('what could not be written is shown below the panel', async () => {
    panel.close();
    session = new LabellingSession(texts, [], () => {
      throw new Error('the disk is <full>');
    });
    panel = new LabellingPanel(session, 'ada', null, () => {});
    await shown(panel.box);
    await click('7');
    await click('PASS');
    expect(page()).toContain('the disk is &lt;full&gt;');
    expect(session.place).toBe(1);
  });
});
