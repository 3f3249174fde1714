import { afterEach, describe, expect, test } from 'vitest';
import { type DialAnswer, type LabelDial, labelDial } from '../../../../kernel-plugins/host/widgets';
import { FrontEnd, nextUpdate, shown, withoutFrontEnd } from './front-end';

let dial: LabelDial | null = null;
afterEach(() => {
  dial?.close();
  dial = null;
  withoutFrontEnd();
});

const scale = (examples: number[]) => ({
  description: 'suggestibility',
  min: 0,
  max: 100,
  value: 50,
  labelAt: (value: number) => `monitor ${value}%`,
  examples,
});
const percentOf = (label: string) => Number(/\d+/.exec(label)?.[0]) / 100;
const echo = { name: 'mst', answer: async (label: string): Promise<DialAnswer> => ({ probability: percentOf(label) }) };
const flat = { name: '<shuffled>', answer: async (): Promise<DialAnswer> => ({ text: '<i>same</i>', note: 'flat' }) };

describe('the label dial', () => {
  test('without a front end is a table over a few labels, escaped', async () => {
    dial = labelDial({ arms: [echo, flat], label: scale([0, 100]), caption: '6 + 7 = 14?' });
    const bundle = await shown(dial);
    expect(Object.keys(bundle).sort()).toEqual(['text/html', 'text/plain']);
    expect(bundle['text/plain']).toBe(
      '6 + 7 = 14?\nmonitor 0%\n  mst: 0.0%\n  <shuffled>: <i>same</i> (flat)\nmonitor 100%\n  mst: 100.0%\n  <shuffled>: <i>same</i> (flat)',
    );
    expect(bundle['text/html']).toContain('&lt;i&gt;same&lt;/i&gt;');
    expect(bundle['text/html']).not.toMatch(/<i>|<shuffled>/);
  });

  test('answers when it is turned by its reader, side by side', async () => {
    const front = new FrontEnd();
    dial = labelDial({ arms: [echo, flat], label: scale([]) });
    const bundle = await shown(dial);
    expect(bundle).toHaveProperty(['application/vnd.jupyter.widget-view+json']);
    await dial.settled();
    await front.set(front.twin('IntSliderModel'), { value: 83 });
    await dial.settled();
    await nextUpdate();
    const html = String(front.twin('HTMLModel').state.value);
    expect(html).toContain('monitor 83%');
    expect(html).toContain('83.0%');
    expect(html).toContain('&lt;i&gt;same');
  });

  test('the newest label wins: a running answer is aborted, and those between are never asked', async () => {
    const front = new FrontEnd();
    const asked: string[] = [];
    const slow = {
      name: 'slow',
      answer: (label: string, signal: AbortSignal) =>
        new Promise<DialAnswer>((done, fail) => {
          asked.push(label);
          const timer = setTimeout(() => done({ text: `of ${label}` }), 10);
          signal.addEventListener('abort', () => {
            clearTimeout(timer);
            fail(signal.reason);
          });
        }),
    };
    dial = labelDial({ arms: [slow], label: scale([]) });
    await shown(dial);
    const twin = front.twin('IntSliderModel');
    await Promise.all([10, 20, 30, 40].map((value) => front.set(twin, { value })));
    await dial.settled();
    await nextUpdate();
    expect(asked).toEqual(['monitor 50%', 'monitor 40%']);
    expect(front.twin('HTMLModel').state.value).toContain('of monitor 40%');
  });

  test('a place seen before is not asked again, and another problem is', async () => {
    const front = new FrontEnd();
    const asked: string[] = [];
    const arm = {
      name: 'mst',
      answer: async (label: string, _: AbortSignal, choice: string): Promise<DialAnswer> => {
        asked.push(`${choice} ${label}`);
        return { text: choice };
      },
    };
    const choices = { description: 'problem', names: ['1 + 1', '2 + 2'] };
    dial = labelDial({ arms: [arm], label: scale([]), choices });
    await shown(dial);
    await dial.settled();
    for (const value of [51, 50]) {
      dial.turn(value);
      await dial.settled();
    }
    await front.set(front.twin('DropdownModel'), { index: 1 });
    await dial.settled();
    expect(asked).toEqual(['1 + 1 monitor 50%', '1 + 1 monitor 51%', '2 + 2 monitor 50%']);
  });

  test('a failing arm is shown with its error, and the next label is answered', async () => {
    const front = new FrontEnd();
    const arm = {
      name: 'mst',
      answer: async (label: string): Promise<DialAnswer> => {
        if (label === 'bad') throw new TypeError('no such label');
        return { text: `fine: ${label}` };
      },
    };
    dial = labelDial({ arms: [arm], label: { description: 'label', value: 'good' } });
    await shown(dial);
    await front.set(front.twin('TextModel'), { value: 'bad' });
    await dial.settled();
    await nextUpdate();
    const shownHtml = () => [...front.twins.values()].map(({ state }) => String(state.value ?? '')).join('\n');
    expect(shownHtml()).toContain('TypeError: no such label');
    await front.set(front.twin('TextModel'), { value: 'better' });
    await dial.settled();
    await nextUpdate();
    expect(shownHtml()).toContain('fine: better');
    expect(shownHtml()).not.toContain('no such label');
  });
});
