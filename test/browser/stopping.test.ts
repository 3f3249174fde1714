import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserSkipReason, type Lab, pictureFailures, startLab } from './jupyterlab';
import { writeSmallNotebook } from './small-notebook';

const reason = browserSkipReason();

describe.skipIf(reason !== null)(`the Stop button of JupyterLab${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-stopping-'));
  let lab: Lab;

  pictureFailures(() => lab);
  beforeAll(async () => {
    writeSmallNotebook(join(dir, 'stopping.ipynb'), [
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
    ]);
    lab = await startLab(dir);
    await lab.open('stopping.ipynb');
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

  test('ends a loop that never yields, and the next cell runs', async () => {
    await stopped(0, 'turning');
    await lab.run(1);
    await lab.outputs(1).getByText('after it: number').waitFor();
  });

  test('ends a loop that awaits: nothing of it goes on behind the next cell', async () => {
    await stopped(2, 'waiting');
    await lab.screenshot('stopped');
    await lab.run(3);
    await lab.outputs(3).getByText('went on for 0 turns').waitFor();
  });
});
