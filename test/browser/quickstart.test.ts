import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserSkipReason, type Lab, startLab } from './jupyterlab';
import { savedWithEveryCellRun, writeUnrun } from './run-through';
import { savedCode } from './small-notebook';

const reason = browserSkipReason();
const QUICKSTART = join(__dirname, '../../notebooks/guide/01-quickstart.ipynb');

describe.skipIf(reason !== null)(`the quickstart in JupyterLab${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-lab-'));
  const path = join(dir, 'quickstart.ipynb');
  let lab: Lab;

  beforeAll(async () => {
    writeUnrun(QUICKSTART, path, { preset: 'smoke' });
    process.env.MSTLAB_RUNS = join(dir, 'runs');
    lab = await startLab(dir);
    await lab.open('quickstart.ipynb');
    await lab.runAll();
    await savedWithEveryCellRun(lab, path, 900_000);
  }, 1_200_000);

  afterAll(async () => {
    await lab?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test('Run All runs every cell without an error, and what is saved holds six figures as PNG', () => {
    const code = savedCode(path);
    expect(code.map((cell) => cell.execution_count)).toEqual(code.map((_, index) => index + 1));
    const outputs = code.flatMap((cell) => cell.outputs);
    expect(outputs.filter((output) => output.output_type === 'error')).toEqual([]);
    expect(outputs.filter((output) => output.data?.['image/png'] !== undefined)).toHaveLength(6);
  });

  test('the label sweep is in view as a picture, and nothing is wider than the window', async () => {
    await scrollTo(lab, "mst.sweepFigure(summary, 'contrast'");
    const cell = lab.page.locator('.jp-CodeCell', { hasText: "mst.sweepFigure(summary, 'contrast'" }).first();
    expect(await cell.locator('.jp-OutputArea img').count()).toBe(1);
    await lab.screenshot('quickstart-sweep');
    expect(await lab.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
  });

  test('asked for nothing outside this machine', () => {
    expect(lab.foreignRequests).toEqual([]);
  });
});

/** JupyterLab draws the cells in view only: scrolls down until the cell with this text is there. */
async function scrollTo(lab: Lab, text: string): Promise<void> {
  const cell = lab.page.locator('.jp-CodeCell', { hasText: text });
  await lab.page
    .locator('.jp-Notebook')
    .first()
    .hover({ position: { x: 600, y: 300 } });
  await lab.page.mouse.wheel(0, -100_000);
  for (let i = 0; i < 60 && (await cell.count()) === 0; i++) {
    await lab.page.mouse.wheel(0, 700);
    await lab.page.waitForTimeout(200);
  }
  await cell.first().scrollIntoViewIfNeeded();
  await lab.page.waitForTimeout(1000);
}
