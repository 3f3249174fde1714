import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserSkipReason, type Lab, pictureFailures, startLab } from './jupyterlab';
import { writeSmallNotebook } from './small-notebook';

const reason = browserSkipReason();

describe.skipIf(reason !== null)(`writing a cell in JupyterLab${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-editing-'));
  const path = join(dir, 'editing.ipynb');
  let lab: Lab;

  pictureFailures(() => lab);
  beforeAll(async () => {
    writeSmallNotebook(path, [
      `interface Arm {
  readonly label: string;
  readonly weight0to1: number;
}
const arm: Arm = { label: 'UNBIASED', weight0to1: 0.5 };
declare function labelOf(arm: Arm): string;`,
      'arm.',
      'labelOf',
      '%lsmagic',
      '%time -h',
      '%lsm',
      '%sweep --',
    ]);
    lab = await startLab(dir);
    await lab.open('editing.ipynb');
    await lab.run(0);
    await lab.ran(0);
  }, 180_000);

  afterAll(async () => {
    await lab?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function atEndOf(index: number): Promise<void> {
    await lab.cell(index).locator('.cm-content').click();
    await lab.page.keyboard.press('Control+End');
  }

  async function offeredAtEndOf(index: number): Promise<string[]> {
    await atEndOf(index);
    await lab.page.keyboard.press('Tab');
    const names = lab.page.locator('.jp-Completer .jp-Completer-item .jp-Completer-match');
    await names.first().waitFor();
    return names.allTextContents();
  }

  test("Tab after a dot lists the members of the value's type", async () => {
    const names = await offeredAtEndOf(1);
    await lab.screenshot('completion');
    expect(names.sort()).toEqual(['label', 'weight0to1']);
    await lab.page.keyboard.press('Escape');
  });

  test('Shift-Tab on a name shows its type', async () => {
    await atEndOf(2);
    await lab.page.keyboard.press('Shift+Tab');
    const tooltip = lab.page.locator('.jp-Tooltip');
    await tooltip.waitFor();
    await lab.screenshot('inspection');
    expect(await tooltip.textContent()).toContain('labelOf(arm: Arm): string');
    await lab.page.keyboard.press('Escape');
  });

  test('a cell has the colours of TypeScript: words that only TypeScript has are keywords like the others', async () => {
    const looks = new Map(
      await lab
        .cell(0)
        .locator('.cm-content span')
        .evaluateAll((spans) =>
          spans.map((span): [string, string] => {
            const { color, fontWeight } = getComputedStyle(span);
            return [span.textContent ?? '', `${color}, weight ${fontWeight}`];
          }),
        ),
    );
    expect(looks.get('arm')).not.toBe(looks.get('const'));
    for (const word of ['interface', 'readonly', 'declare']) expect(looks.get(word), word).toBe(looks.get('const'));
  });

  test('what is saved says that the language is TypeScript', async () => {
    const saved = () => JSON.parse(readFileSync(path, 'utf8')).metadata.language_info;
    await lab.press('docmanager:save');
    await expect
      .poll(saved, { timeout: 20_000 })
      .toMatchObject({ name: 'typescript', codemirror_mode: 'typescript', file_extension: '.ts' });
  });

  test('%lsmagic lists the magics, and -h shows what one takes', async () => {
    await lab.run(3);
    await lab.ran(3);
    expect(await lab.outputs(3).textContent()).toMatch(/%sweep[\s\S]*%time|%time[\s\S]*%sweep/);
    await lab.run(4);
    await lab.ran(4);
    expect(await lab.outputs(4).textContent()).toContain('%time');
    await lab.screenshot('magics');
  });

  test('Tab completes the name of a magic and its options', async () => {
    expect(await offeredAtEndOf(5)).toEqual(['%lsmagic']);
    await lab.page.keyboard.press('Enter');
    await expect.poll(() => lab.cell(5).locator('.cm-content').textContent()).toBe('%lsmagic');
    const options = await offeredAtEndOf(6);
    await lab.screenshot('magic-options');
    expect(options).toContain('--labels');
    expect(options).toContain('--help');
    await lab.page.keyboard.press('Escape');
  });
});
