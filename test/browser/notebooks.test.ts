import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { committedNotebooks, notebookPath, SMOKE_PARAMETERS } from '../support/committed-notebooks';
import { browserSkipReason, type Lab, startLab } from './jupyterlab';
import { savedWithEveryCellRun, writeUnrun } from './run-through';
import { savedCode } from './small-notebook';

const reason = browserSkipReason();
const NOTEBOOKS = committedNotebooks();

/** What was seen of a notebook while it was scrolled from top to bottom. */
interface Seen {
  /** Sources of figures that were drawn. */
  readonly figures: Set<string>;
  /** Pictures that did not load, in words. */
  readonly broken: Set<string>;
  /** What reached past the right edge, in words. */
  readonly overflowing: Set<string>;
  atEnd: boolean;
}

describe.skipIf(reason !== null)(
  `committed notebooks in JupyterLab, 1280 pixels wide${reason ? ` (skipped: ${reason})` : ''}`,
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'mstlab-lab-'));
    let lab: Lab;

    beforeAll(async () => {
      for (const name of NOTEBOOKS) {
        mkdirSync(dirname(join(dir, name)), { recursive: true });
        copyFileSync(notebookPath(name), join(dir, name));
      }
      lab = await startLab(dir);
    }, 240_000);

    afterAll(async () => {
      await lab?.close();
      rmSync(dir, { recursive: true, force: true });
    });

    test('there are notebooks to look at', () => {
      expect(NOTEBOOKS.length).toBeGreaterThanOrEqual(4);
    });

    test.each(NOTEBOOKS)(
      '%s opens, every figure is drawn, nothing reaches past the edge',
      async (name) => {
        await lab.open(name);
        const seen = await scrollThrough(lab, name);
        // A figure that is shown twice is one picture.
        const figures = new Set(
          savedCode(notebookPath(name))
            .flatMap((cell) => cell.outputs)
            .flatMap((output) => (output.data?.['image/png'] === undefined ? [] : [String(output.data['image/png'])])),
        );
        expect([...seen.broken]).toEqual([]);
        expect([...seen.overflowing]).toEqual([]);
        expect(seen.atEnd).toBe(true);
        expect(seen.figures.size).toBe(figures.size);
      },
      240_000,
    );
  },
);

/** Those that run through in a moment; `MSTLAB_BROWSER_RUN=all` takes all of them. The quickstart has a test of its own. */
const QUICK_TO_RUN: string[] = [
  'guide/03-arms-and-controls.ipynb',
  'guide/08-your-own-magic.ipynb',
  'internals/01-graph-and-gradients.ipynb',
  'internals/02-nf4-by-hand.ipynb',
  'internals/03-ppo-and-the-exact-gradient.ipynb',
  'internals/04-savedmodel-lowering.ipynb',
];
const TO_RUN = process.env.MSTLAB_BROWSER_RUN === 'all' ? NOTEBOOKS : QUICK_TO_RUN;

describe.skipIf(reason !== null)(`Run All in JupyterLab${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-lab-'));
  let lab: Lab;

  beforeAll(async () => {
    process.env.MSTLAB_RUNS = join(dir, 'runs');
    for (const name of TO_RUN) writeUnrun(notebookPath(name), join(dir, name), SMOKE_PARAMETERS[name] ?? {});
    lab = await startLab(dir);
  }, 240_000);

  afterAll(async () => {
    await lab?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test.each(TO_RUN)(
    '%s runs from top to bottom and draws every figure',
    async (name) => {
      await lab.open(name);
      await lab.runAll();
      await savedWithEveryCellRun(lab, join(dir, name), 900_000);
      const outputs = savedCode(join(dir, name)).flatMap((cell) => cell.outputs);
      expect(outputs.filter((output) => output.output_type === 'error')).toEqual([]);
      const figures = (all: typeof outputs) => all.filter((output) => output.data?.['image/png'] !== undefined).length;
      expect(figures(outputs)).toBe(figures(savedCode(notebookPath(name)).flatMap((cell) => cell.outputs)));
    },
    960_000,
  );
});

/** JupyterLab draws the cells in view only: scrolls to the end in steps of half a window and looks at each. */
async function scrollThrough(lab: Lab, name: string): Promise<Seen> {
  const { page } = lab;
  const seen: Seen = { figures: new Set(), broken: new Set(), overflowing: new Set(), atEnd: false };
  const shots = process.env.MSTLAB_SCREENSHOTS === '1';
  await page
    .locator('.jp-Notebook')
    .first()
    .hover({ position: { x: 600, y: 300 } });
  await page.mouse.wheel(0, -1_000_000);
  await page.waitForTimeout(1000);
  for (let step = 0; step < 120 && !seen.atEnd; step++) {
    const found = await lookAt(page);
    for (const figure of found.figures) seen.figures.add(figure);
    for (const text of found.broken) seen.broken.add(text);
    for (const text of found.overflowing) seen.overflowing.add(text);
    if (shots) await lab.screenshot(`${name.replace(/[^a-z0-9]+/gi, '-')}-${String(step).padStart(2, '0')}`);
    seen.atEnd = found.atEnd;
    await page.mouse.wheel(0, 700);
    await page.waitForTimeout(350);
  }
  return seen;
}

async function lookAt(page: Page) {
  return page.evaluate(() => {
    const notebook = document.querySelector('.jp-Notebook')!;
    const edge = notebook.getBoundingClientRect().right + 1;
    /** Whether the element lies in something that scrolls by itself, such as a wide table or a line of code. */
    const scrolls = (element: Element): boolean => {
      for (let up = element.parentElement; up && up !== notebook; up = up.parentElement) {
        const { overflowX } = getComputedStyle(up);
        if (overflowX === 'auto' || overflowX === 'scroll') return true;
      }
      return false;
    };
    const inView = [
      ...notebook.querySelectorAll(
        '.jp-Cell img, .jp-Cell table, .jp-Cell pre, .jp-Cell p, .jp-Cell svg, .jp-Cell iframe',
      ),
    ];
    const images = inView.filter((element): element is HTMLImageElement => element instanceof HTMLImageElement);
    const outer = document.querySelector('.jp-WindowedPanel-outer') ?? notebook;
    const hash = (text: string) => {
      let value = 0;
      for (let i = 0; i < text.length; i++) value = (value * 31 + text.charCodeAt(i)) | 0;
      return `${text.length}:${value}`;
    };
    return {
      figures: images
        .filter((image) => image.closest('.jp-OutputArea') && image.naturalWidth > 0)
        .map((image) => hash(image.src)),
      broken: images
        .filter((image) => image.complete && image.naturalWidth === 0)
        .map((image) => image.alt || image.src.slice(0, 80)),
      overflowing: inView
        .filter((element) => element.getBoundingClientRect().right > edge && !scrolls(element))
        .map((element) => `${element.tagName.toLowerCase()}: ${(element.textContent ?? '').slice(0, 60)}`),
      atEnd: outer.scrollTop + outer.clientHeight >= outer.scrollHeight - 2,
    };
  });
}
