import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserSkipReason, type Lab, pictureFailures, startLab } from './jupyterlab';
import { gateCode, savedCode, writeSmallNotebook } from './small-notebook';

const reason = browserSkipReason();

describe.skipIf(reason !== null)(`outputs of a running cell${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-live-'));
  const path = join(dir, 'live.ipynb');
  const goOn = (name: string) => writeFileSync(join(dir, name), '');
  let lab: Lab;

  pictureFailures(() => lab);
  beforeAll(async () => {
    writeSmallNotebook(path, [
      `${gateCode(dir)}
import { progressBar } from 'mstlab/notebook';
const bar = progressBar();
bar({ what: 'train mst', done: 10, total: 40, unit: 'steps', detail: { loss: 4 } });
await gate('first');
bar({ what: 'train mst', done: 20, total: 40, unit: 'steps', detail: { loss: 2 } });
await gate('second');
for (let done = 21; done <= 40; done++) bar({ what: 'train mst', done, total: 40, unit: 'steps', detail: { loss: 1 } });`,
      `import { liveFigure } from 'mstlab/notebook';
const steps = progressBar();
const place = liveFigure();
const reward = (n: number) => ({
  data: [{ type: 'scatter' as const, y: Array.from({ length: n }, (_, i) => Math.sqrt(i)) }],
  layout: { title: { text: \`Reward after \${n} steps\` }, height: 300 },
  alt: \`reward over \${n} steps\`,
});
for (const n of [10, 20, 30]) {
  await place(reward(n));
  steps({ what: 'train mst', done: n, total: 40, unit: 'steps' });
  await gate(n);
}
await place(reward(40), { last: true });
steps({ what: 'train mst', done: 40, total: 40, unit: 'steps' });`,
    ]);
    lab = await startLab(dir);
    await lab.open('live.ipynb');
  }, 180_000);

  afterAll(async () => {
    await lab?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test('progress is one line that changes while the cell runs', async () => {
    const area = lab.outputs(0);
    const shows = (text: string) => area.locator('.jp-OutputArea-output', { hasText: text }).waitFor();
    await lab.run(0);
    for (const [text, next] of [
      ['10/40 steps', 'first'],
      ['20/40 steps', 'second'],
    ]) {
      await shows(text);
      expect(await lab.cell(0).locator('.jp-InputArea-prompt').textContent()).toContain('[*]');
      expect(await area.locator('progress').count()).toBe(1);
      goOn(next);
    }
    await lab.ran(0);
    await shows('40/40 steps');
    expect(await area.locator('.jp-OutputArea-child').count()).toBe(1);
    expect(await area.textContent()).not.toContain('20/40');
  });

  test('a live chart grows in its place while the cell runs, beside its progress, and ends with a picture', async () => {
    const area = lab.outputs(1);
    const points = () =>
      area
        .locator('.js-plotly-plot')
        .evaluateAll((plots) =>
          plots.map((plot) => (plot as unknown as { data: { y: unknown[] }[] }).data[0].y.length),
        );
    await lab.run(1);
    for (const n of [10, 20, 30]) {
      await expect.poll(points, { timeout: 20_000, message: 'points of each drawn chart' }).toEqual([n]);
      await area.getByText(`${n}/40 steps`).waitFor();
      expect(await area.locator('.jp-OutputArea-child').count()).toBe(2);
      if (n === 10) await watchHeight(area);
      if (n === 20) await lab.screenshot('live-chart');
      goOn(String(n));
    }
    await lab.ran(1);
    await area.locator('img.plot-img[src^="data:image/png"]').waitFor();
    expect(await area.locator('.jp-OutputArea-child').count()).toBe(2);
    const lowest = await lab.page.evaluate(() => (window as unknown as { lowestHeight: number }).lowestHeight);
    expect(lowest, 'pixels: the cells below must not jump').toBeGreaterThanOrEqual(300);
    await lab.press('docmanager:save');
    await expect.poll(() => savedCode(path)[1].execution_count, { timeout: 20_000 }).toBe(2);
    expect(savedCode(path)[1].outputs.map(({ data }) => Object.keys(data ?? {}).sort())).toEqual([
      ['application/vnd.plotly.v1+json', 'image/png', 'text/plain'],
      ['text/html', 'text/plain'],
    ]);
  });
});

/** Keeps the least height that this part of the page has in any frame from now on. */
async function watchHeight(part: Locator): Promise<void> {
  await part.evaluate((node) => {
    const watched = window as unknown as { lowestHeight: number };
    watched.lowestHeight = Number.POSITIVE_INFINITY;
    const look = () => {
      watched.lowestHeight = Math.min(watched.lowestHeight, node.getBoundingClientRect().height);
      requestAnimationFrame(look);
    };
    look();
  });
}
