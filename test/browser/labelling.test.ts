import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readHumanLabels, textIdOf } from '../../src/experiments/judging/human-labels';
import { browserSkipReason, type Lab, pictureFailures, startLab } from './jupyterlab';
import { savedCode, writeSmallNotebook } from './small-notebook';

const reason = browserSkipReason();

const texts = [
  'The council met on <b>Tuesday</b>. <img src=x onerror="document.title = \'owned\'">',
  'Heartless radicals sold us out again.',
  'The bridge opened at noon.',
];

describe.skipIf(reason !== null)(`labelling by hand in JupyterLab${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-labelling-'));
  const file = join(dir, 'labels.csv');
  let lab: Lab;

  pictureFailures(() => lab);
  beforeAll(async () => {
    const rows = JSON.stringify(texts.map((text) => ({ text, arm: 'mst' })));
    const cell = `import { labelTexts } from 'mstlab/notebook';
const rows = ${rows};
const done = await labelTexts(rows, { n: 3, rater: 'ada', file: 'labels.csv' });
console.log(done.ratings.length + ' of ' + done.total);`;
    writeSmallNotebook(join(dir, 'labelling.ipynb'), [cell, cell]);
    lab = await startLab(dir);
    await lab.open('labelling.ipynb');
  }, 300_000);

  afterAll(async () => {
    await lab?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const labels = () => (existsSync(file) ? readHumanLabels(file) : []);
  const until = async (what: () => boolean) => {
    for (let turns = 0; turns < 300 && !what(); turns++) await lab.page.waitForTimeout(100);
    expect(what()).toBe(true);
  };
  const area = (cell: number) => lab.outputs(cell).locator('.jupyter-widgets').first();
  const click = (cell: number, name: string) => area(cell).getByRole('button', { name, exact: true }).click();
  const place = (cell: number, text: string) =>
    area(cell).locator('.mstlab-labelling-state', { hasText: text }).waitFor({ timeout: 30_000 });
  const shownText = async (cell: number) =>
    (await area(cell).locator('.mstlab-labelling-text').textContent())?.trim() ?? '';

  test('a text is shown alone and as text, and two clicks rate it, in the file at once', async () => {
    await lab.run(0);
    await place(0, 'Text 1 of 3');
    const first = await shownText(0);
    expect(texts).toContain(first);
    expect(await area(0).textContent()).not.toContain('mst');
    await lab.screenshot('labelling');
    await click(0, '7');
    await click(0, 'FAIL');
    await place(0, 'Text 2 of 3');
    await until(() => labels().length === 1);
    expect(labels()[0]).toMatchObject({ textId: textIdOf(first), rater: 'ada', magnitude0to10: 7, verdict: 'FAIL' });
  });

  test('a key at once, without Enter, and the next text waits for keys of its own', async () => {
    const second = await shownText(0);
    const field = area(0).locator('input[type="text"]');
    await field.click();
    await lab.page.keyboard.press('t');
    await area(0).locator('.mstlab-labelling-state', { hasText: 'magnitude 10' }).waitFor({ timeout: 30_000 });
    await lab.page.keyboard.press('a');
    await place(0, 'Text 3 of 3');
    await until(() => labels().length === 2);
    expect(labels()[1]).toMatchObject({ textId: textIdOf(second), magnitude0to10: 10, verdict: 'PARTIAL' });
    expect(await field.inputValue()).toBe('3 of 3: ');
  });

  test('back opens the text before; rated again, the later line counts', async () => {
    await lab.page.keyboard.press('b');
    await place(0, 'said before: 10, PARTIAL');
    await lab.page.keyboard.press('2');
    await area(0).locator('.mstlab-labelling-state', { hasText: 'magnitude 2' }).waitFor({ timeout: 30_000 });
    await lab.page.keyboard.press('p');
    await place(0, 'Text 3 of 3');
    await until(() => labels()[1]?.magnitude0to10 === 2);
    expect(labels()).toHaveLength(2);
  });

  test('an interrupt ends it; what was done stands in its place and in the file', async () => {
    await lab.press('notebook:interrupt-kernel');
    await lab.ran(0);
    await lab.outputs(0).getByText('Labelled by ada: 2 of 3 texts; 1 to do').waitFor({ timeout: 30_000 });
    expect(await lab.outputs(0).locator('.jupyter-widgets').count()).toBe(0);
    expect(labels()).toHaveLength(2);
  });

  test('run again it goes on with the text that is left, and ends by itself after it', async () => {
    await lab.run(1);
    await place(1, '2 labelled');
    const third = await shownText(1);
    expect(labels().map(({ textId }) => textId)).not.toContain(textIdOf(third));
    await click(1, '0');
    await click(1, 'PASS');
    await lab.ran(1);
    await lab.outputs(1).getByText('3 of 3', { exact: true }).waitFor();
    expect(
      labels()
        .map(({ textId }) => textId)
        .sort(),
    ).toEqual(texts.map(textIdOf).sort());
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(5);
  });

  test('the saved notebook shows what was done without widgets, and the texts as text', async () => {
    await lab.press('docmanager:save');
    const path = join(dir, 'labelling.ipynb');
    // The server writes the file in pieces; its last line closes it.
    await until(() => /3 of 3 texts[\s\S]*\}\s*$/.test(readFileSync(path, 'utf8')));
    const { outputs } = savedCode(path)[1];
    const html = outputs.flatMap(({ data }) => (data?.['text/html'] ? [[data['text/html']].flat().join('')] : []));
    expect(JSON.stringify(outputs)).not.toContain('widget-view');
    expect(html.join('')).toContain('Labelled by ada: 3 of 3 texts.');
    expect(html.join('')).not.toContain('<img');
    expect(await lab.page.title()).not.toBe('owned');
    await lab.screenshot('labelling-done');
  });

  test('the page asked for nothing outside this machine', () => {
    expect(lab.foreignRequests).toEqual([]);
  });
});
