import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserSkipReason, type Lab, pictureFailures, startLab } from './jupyterlab';
import { writeSmallNotebook } from './small-notebook';

const reason = browserSkipReason();

describe.skipIf(reason !== null)(`a running cell in JupyterLab${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-steering-'));
  let lab: Lab;

  pictureFailures(() => lab);
  beforeAll(async () => {
    writeSmallNotebook(join(dir, 'steering.ipynb'), [
      `let turns = 0;
console.log('turning');
while (true) turns++;`,
      `console.log(\`after it: \${typeof turns}\`);`,
      `let waits = 0;
console.log('waiting');
while (true) {
  await new Promise((done) => setTimeout(done, 10));
  waits++;
}`,
      `const before = waits;
await new Promise((done) => setTimeout(done, 200));
console.log(\`went on for \${waits - before} turns\`);`,
      `import { password, prompt } from 'mstlab/notebook';
const name = await prompt('Name? ');
console.log(\`Hello, \${name.toUpperCase()}.\`);`,
      `const secret = await password('Key? ');
console.log(secret.length, secret);`,
    ]);
    lab = await startLab(dir);
    await lab.open('steering.ipynb');
  }, 180_000);

  afterAll(async () => {
    await lab?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function stopped(index: number, started: string): Promise<void> {
    await lab.run(index);
    await lab.outputs(index).getByText(started, { exact: true }).waitFor();
    await lab.press('notebook:interrupt-kernel');
    await lab.ran(index);
    expect(await lab.outputs(index).textContent()).toMatch(/interrupt/i);
  }

  test('is stopped in a loop that never yields, and the next cell runs', async () => {
    await stopped(0, 'turning');
    await lab.run(1);
    await lab.outputs(1).getByText('after it: number').waitFor();
    await lab.screenshot('stopped');
  });

  test('is stopped in a loop that awaits: nothing of it goes on behind the next cell', async () => {
    await stopped(2, 'waiting');
    await lab.run(3);
    await lab.outputs(3).getByText('went on for 0 turns').waitFor();
  });

  test('asks in a box below it, and goes on with the answer', async () => {
    await lab.run(4);
    const box = lab.cell(4).locator('.jp-Stdin');
    await box.getByText('Name? ').waitFor();
    await lab.screenshot('prompt');
    await box.locator('input').fill('Ada');
    await box.locator('input').press('Enter');
    await lab.outputs(4).getByText('Hello, ADA.').waitFor();
    await lab.ran(4);
    await box.waitFor({ state: 'detached' });
  });

  test('asks for a secret without showing it, then or later', async () => {
    await lab.run(5);
    const input = lab.cell(5).locator('.jp-Stdin input');
    await input.waitFor();
    expect(await input.getAttribute('type')).toBe('password');
    await input.fill('open-sesame');
    await input.press('Enter');
    await lab.ran(5);
    const text = (await lab.outputs(5).textContent()) ?? '';
    expect(text).toContain('11 ');
    expect(text).not.toContain('open-sesame');
  });
});
