import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadScript, PROJECT, SCRIPTS } from './fake-machine';

interface Results {
  passed: number;
  failed: number;
  skipped: { title: string; reason: string | null }[];
  failures: string[];
  files: number;
  interrupted: boolean;
}

const { closing } = loadScript<{
  closing(found: Results | null, code: number): { text: string; exitCode: number };
}>('test.mjs');

const RESULTS: Results = { passed: 3, failed: 0, skipped: [], failures: [], files: 1, interrupted: false };

describe('the closing line', () => {
  it.each([
    { found: RESULTS, code: 0, last: '3 passed, 0 failed', exitCode: 0 },
    { found: { ...RESULTS, failed: 2, failures: ['a', 'b'] }, code: 1, last: '3 passed, 2 failed', exitCode: 1 },
    { found: { ...RESULTS, failed: 1, failures: ['a'] }, code: 0, last: '3 passed, 1 failed', exitCode: 1 },
    { found: { ...RESULTS, passed: 0 }, code: 0, last: '0 passed, 0 failed', exitCode: 1 },
    { found: { ...RESULTS, interrupted: true }, code: 0, last: '3 passed, 0 failed', exitCode: 1 },
    { found: RESULTS, code: 1, last: '3 passed, 0 failed', exitCode: 1 },
    { found: null, code: 0, last: '0 passed, 1 failed', exitCode: 1 },
    { found: null, code: 137, last: '0 passed, 1 failed', exitCode: 137 },
  ])('is "$last" with exit code $exitCode', ({ found, code, last, exitCode }) => {
    const result = closing(found, code);
    expect(result.text.split('\n').at(-1)).toBe(last);
    expect(result.text.match(/^\d+ passed, \d+ failed/gm)).toHaveLength(1);
    expect(result.exitCode).toBe(exitCode);
  });

  it('is preceded by each skipped test with its reason', () => {
    const skipped = [
      { title: 'x > y', reason: 'needs a browser' },
      { title: 'x > z', reason: null },
    ];
    const { text } = closing({ ...RESULTS, skipped }, 0);
    expect(text).toContain('  x > y\n    needs a browser\n  x > z\n    no reason given\n');
    expect(text.split('\n').at(-1)).toBe('3 passed, 0 failed, 2 skipped');
  });
});

describe('the test command on real files', () => {
  let folder: string;
  beforeEach(() => {
    mkdirSync(join(PROJECT, '.cache'), { recursive: true });
    folder = mkdtempSync(join(PROJECT, '.cache', 'test-command-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function testCommand(files: Record<string, string>, ...args: string[]) {
    writeFileSync(join(folder, 'vitest.config.mjs'), 'export default { test: { include: ["**/*.test.mjs"] } };');
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), `import { expect, it } from 'vitest';\n${text}`);
    }
    const script = join(SCRIPTS, 'test.mjs');
    // Without this, the inner Vitest would take itself for a worker of the outer one.
    const { VITEST, VITEST_WORKER_ID, VITEST_POOL_ID, VITEST_MODE, TEST, NODE_ENV, ...env } = process.env;
    const result = spawnSync(process.execPath, [script, '--root', folder, ...args], { encoding: 'utf8', env });
    return { code: result.status, last: result.stdout.trimEnd().split('\n').at(-1), stdout: result.stdout };
  }

  it('counts passed, failed and skipped tests, and lists the skips', () => {
    const found = testCommand({
      'a.test.mjs': `it('adds', () => expect(1 + 1).toBe(2)); it('fails', () => expect(1).toBe(2));
        it('waits', (context) => context.skip('needs a browser: apt-get install chromium'));`,
    });
    expect(found.last).toBe('1 passed, 1 failed, 1 skipped');
    expect(found.code).toBe(1);
    expect(found.stdout).toContain('  a.test.mjs > waits\n    needs a browser: apt-get install chromium\n');
  });

  it('a file that cannot be loaded and an error outside a test are failures', () => {
    const found = testCommand({
      'a.test.mjs':
        "it('passes', () => {}); setTimeout(() => { throw new Error('late'); }, 0); await new Promise((r) => setTimeout(r, 20));",
      'b.test.mjs': "import './missing.mjs';",
    });
    expect(found.last).toBe('1 passed, 2 failed');
    expect(found.code).toBe(1);
  });

  it('no test at all is a failure', () => {
    const found = testCommand({}, 'nothing-of-that-name');
    expect(found).toMatchObject({ code: 1, last: '0 passed, 0 failed' });
  });

  it('--fast leaves out files named slow, notebooks and the browser', () => {
    mkdirSync(join(folder, 'test', 'browser'), { recursive: true });
    const one = "it('x', () => {});";
    const found = testCommand({ 'a.test.mjs': one, 'test/browser/b.test.mjs': one }, '--fast');
    expect(found).toMatchObject({ code: 0, last: '1 passed, 0 failed' });
  });
});
