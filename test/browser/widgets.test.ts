import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserSkipReason, type Lab, startLab } from './jupyterlab';
import { writeSmallNotebook } from './small-notebook';

const reason = browserSkipReason();

/** The arms of the dial are stand-ins that answer at once: what a trained arm answers is tested elsewhere, without a browser. */
const sources = [
  `import { widgets } from 'mstlab/notebook';
const dose = widgets.slider({ min: 0, max: 100, value: 67, description: 'suggestibility of this monitor' });
const shown = widgets.html('nothing yet');
dose.onChange((value) => {
  if (value === 66) throw new RangeError('66 <b>is not</b> wanted');
  shown.value = \`<dose> is \${value}\`;
});
widgets.vbox([dose, shown])`,
  `const figure = (n: number) => ({ data: [{ type: 'bar', x: ['a', 'b', 'c'].slice(0, n), y: [1, 2, 3].slice(0, n) }], layout: { height: 240 }, alt: n + ' bars' });
const area = widgets.output();
const bars = widgets.dropdown({ description: 'bars', options: { two: 2, three: 3 } });
bars.onChange((n) => area.show(figure(n)));
await area.show(figure(2));
widgets.vbox([bars, area])`,
  `const stop = widgets.button({ description: 'Stop the loop' });
let stopped = false;
stop.onClick(() => { stopped = true; });
stop`,
  `const arm = (name: string, at: (percent: number) => number) => ({
  name,
  answer: async (label: string, _: AbortSignal, problem: string) => ({
    heading: 'P(says correct)',
    probability: at(Number(/\\d+/.exec(label)?.[0])) + (problem === '3 + 4 = 7' ? 0.01 : 0),
  }),
});
widgets.labelDial({
  arms: [arm('mst', (p) => p / 100), arm('shuffled', () => 0.5), arm('baseline', () => 0.25)],
  label: { description: 'suggestibility in %', min: 0, max: 100, value: 50, labelAt: (p) => 'MONITOR: ' + p + '%', examples: [0, 33, 100] },
  choices: { description: 'problem', names: ['6 + 7 = 14', '3 + 4 = 7'] },
})`,
];

const LOOP = `let steps = 0;
while (!stopped && steps < 3000) { steps++; await new Promise((done) => setTimeout(done, 20)); }
console.log(stopped ? 'stopped by the button' : 'ran to its end');`;

describe.skipIf(reason !== null)(`widgets in JupyterLab${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-widgets-'));
  let lab: Lab;

  beforeAll(async () => {
    writeSmallNotebook(join(dir, 'widgets.ipynb'), [...sources, LOOP]);
    lab = await startLab(dir);
    await lab.open('widgets.ipynb');
    for (const index of sources.keys()) {
      await lab.run(index);
      await lab.ran(index, 90_000);
    }
  }, 300_000);

  afterAll(async () => {
    await lab?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const press = async (handle: Locator, key: string, times: number) => {
    await handle.focus();
    for (let i = 0; i < times; i++) await lab.page.keyboard.press(key);
  };
  const shows = (index: number, text: string | RegExp) =>
    lab.outputs(index).locator('.jupyter-widgets', { hasText: text }).first().waitFor({ timeout: 20_000 });

  test('a slider has its whole description, its value, and moves by keyboard; the handler’s text follows, as text', async () => {
    const area = lab.outputs(0);
    await area.locator('.widget-slider').waitFor({ timeout: 30_000 });
    expect((await area.locator('.noUi-target').boundingBox())?.width).toBeGreaterThan(150);
    expect(await area.locator('.widget-label').first().textContent()).toBe('suggestibility of this monitor');
    const handle = area.locator('.noUi-handle');
    await press(handle, 'ArrowRight', 3);
    await shows(0, '<dose> is 70');
    expect(await area.locator('.widget-readout').textContent()).toBe('70');
    expect(await area.locator('dose').count()).toBe(0);
    await lab.screenshot('widgets-slider');
  });

  test('what a handler throws is shown below the widget, as text, and goes when the next one ends well', async () => {
    const handle = lab.outputs(0).locator('.noUi-handle');
    await press(handle, 'ArrowLeft', 4);
    await shows(0, 'RangeError: 66 <b>is not</b> wanted');
    await lab.screenshot('widgets-failure');
    await press(handle, 'ArrowLeft', 1);
    await shows(0, '<dose> is 65');
    await lab.outputs(0).getByText('RangeError').waitFor({ state: 'detached', timeout: 20_000 });
  });

  test('an output area draws another chart when a choice is made', async () => {
    const area = lab.outputs(1);
    await area.scrollIntoViewIfNeeded();
    await area.locator('.js-plotly-plot .bars .point').nth(1).waitFor({ timeout: 30_000 });
    expect(await area.locator('.js-plotly-plot .bars .point').count()).toBe(2);
    await area.locator('select').selectOption('three');
    await area.locator('.js-plotly-plot .bars .point').nth(2).waitFor({ timeout: 30_000 });
    await lab.screenshot('widgets-output');
  });

  test('a button stops a loop that a cell is running', async () => {
    await lab.run(sources.length);
    await lab.page.waitForTimeout(600);
    await lab.outputs(2).locator('button.widget-button').click();
    await lab.ran(sources.length, 30_000);
    expect(await lab.outputs(sources.length).textContent()).toContain('stopped by the button');
  });

  test('the label dial answers with every arm side by side while its slider moves, and for another problem', async () => {
    const area = lab.outputs(3);
    await area.scrollIntoViewIfNeeded();
    await shows(3, 'MONITOR: 50%');
    await press(area.locator('.noUi-handle'), 'ArrowRight', 8);
    await shows(3, 'MONITOR: 58%');
    const cells = area.locator('table.mstlab-dial tbody td');
    await cells.first().getByText('58.0%').waitFor({ timeout: 20_000 });
    const answers = await cells.allTextContents();
    expect(answers.map((text) => text.replace('P(says correct)', '').trim())).toEqual(['58.0%', '50.0%', '25.0%']);
    await lab.screenshot('widgets-label-dial');
    expect(await lab.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    await area.locator('select').selectOption('3 + 4 = 7');
    await cells.first().getByText('59.0%').waitFor({ timeout: 20_000 });
  });

  test('a page that is opened again shows the widgets as they are now, and they still work', async () => {
    await lab.press('docmanager:save');
    await lab.page.waitForTimeout(1500);
    await lab.open('widgets.ipynb');
    const area = lab.outputs(0);
    await area.locator('.widget-slider').waitFor({ timeout: 30_000 });
    expect(await area.locator('.widget-readout').textContent()).toBe('65');
    await press(area.locator('.noUi-handle'), 'ArrowRight', 2);
    await shows(0, '<dose> is 67');
  });

  test('the page asked for nothing outside this machine', () => {
    expect(lab.foreignRequests).toEqual([]);
  });
});
