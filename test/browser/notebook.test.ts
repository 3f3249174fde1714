import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserSkipReason, type Lab, pictureFailures, startLab } from './jupyterlab';
import { writeSmallNotebook } from './small-notebook';

const reason = browserSkipReason();

const sources = [
  `import { progressBar } from 'mstlab/notebook';
const bar = progressBar();
for (let i = 1; i <= 40; i++) {
  bar({ what: 'train mst', done: i, total: 40, unit: 'steps', detail: { loss: 4 / i } });
  await new Promise((done) => setTimeout(done, 50));
}`,
  `import { frameOf } from 'mstlab/analysis/frame';
frameOf({ arm: ['mst', '<script>window.injected = true</script>'], mean_value: [1.5, 2.25] })`,
  `import { showFigure } from 'mstlab/notebook';
await showFigure({ data: [{ type: 'bar', x: ['baseline', 'mst'], y: [3, 1] }], layout: { title: { text: 'Two arms' } }, alt: 'two bars' });`,
  `for (let i = 0; i < 5000; i++) console.log(\`line \${i}\`);`,
  `throw new RangeError('as intended');`,
];

describe.skipIf(reason !== null)(`JupyterLab in Chromium${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-browser-'));
  let lab: Lab;

  pictureFailures(() => lab);
  beforeAll(async () => {
    writeSmallNotebook(join(dir, 'small.ipynb'), sources);
    lab = await startLab(dir);
    await lab.open('small.ipynb');
    await lab.runAll();
    await lab.finished(110_000);
  }, 240_000);

  afterAll(async () => {
    await lab?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const outputOf = (index: number) => lab.outputs(index);

  test('progress was updated in place: one output, at its end', async () => {
    expect(await outputOf(0).locator('progress').count()).toBe(1);
    expect(await outputOf(0).textContent()).toContain('40/40 steps');
  });

  test('a frame is a table, and markup in its cells is text', async () => {
    expect(await outputOf(1).locator('table').count()).toBe(1);
    expect(await outputOf(1).textContent()).toContain('<script>');
    expect(await lab.page.evaluate(() => 'injected' in window)).toBe(false);
  });

  test('the figure has a picture with its words, and becomes a live chart under the pointer, which tells the values', async () => {
    const area = outputOf(2);
    await area.scrollIntoViewIfNeeded();
    await lab.screenshot('figure-before-hover');
    const box = (await area.boundingBox())!;
    await lab.page.mouse.move(box.x + 200, box.y + 100);
    await lab.page.mouse.move(box.x + 320, box.y + 220, { steps: 12 });
    await area.locator('.js-plotly-plot .main-svg').first().waitFor({ timeout: 30_000 });
    expect(await area.locator('.js-plotly-plot .bars .point').count()).toBe(2);
    const bar = (await area.locator('.js-plotly-plot .bars .point').first().boundingBox())!;
    await lab.page.mouse.move(bar.x + bar.width / 2, bar.y + bar.height / 2, { steps: 12 });
    await area.locator('.js-plotly-plot .hoverlayer .hovertext').first().waitFor();
    const hover = (await area.locator('.js-plotly-plot .hoverlayer').allTextContents()).join(' ');
    expect(hover).toContain('baseline');
    expect(hover).toContain('3');
    expect(await area.locator('.jp-OutputArea-child').count(), 'a display handle shows nothing itself').toBe(1);
    await lab.screenshot('figure-live');
  });

  test('5,000 printed lines are all there', async () => {
    const text = (await outputOf(3).textContent()) ?? '';
    expect(text.trim().split('\n').length).toBe(5000);
  });

  test('an error is shown as an error, with its line', async () => {
    const area = outputOf(4);
    await area.scrollIntoViewIfNeeded();
    expect(
      await area
        .locator('[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]')
        .count(),
    ).toBeGreaterThan(0);
    expect(await area.textContent()).toContain('RangeError: as intended');
    await lab.screenshot('error');
  });

  test('the page asked for nothing outside this machine', () => {
    expect(lab.foreignRequests).toEqual([]);
  });
});
