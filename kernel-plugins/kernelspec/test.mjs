#!/usr/bin/env node
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from './launch.mjs';
import { layoutOf } from './layout.mjs';
import { runtimeEnvironment } from './runtime-environment.mjs';

// What --fast leaves out: the real model, notebooks, a browser, and files named *.slow.test.ts.
const SLOW = ['test/notebooks/**', 'test/browser/**', '**/*.slow.test.ts'];

/**
 * Runs Vitest with further arguments passed on, then prints the skipped tests with their reasons and one last line
 * `N passed, N failed` (`, N skipped`). The exit code is 0 only if tests ran and none failed.
 */
async function main(args) {
  const layout = layoutOf();
  const results = join(layout.cache, `test-results-${process.pid}.json`);
  mkdirSync(layout.cache, { recursive: true });
  const fast = args.includes('--fast');
  const rest = args.filter((text) => text !== '--fast');
  const excluded = fast ? SLOW.flatMap((glob) => ['--exclude', glob]) : [];
  const reporter = join(layout.spec, 'test-reporter.mjs');
  const vitest = join(layout.nodeModules, 'vitest', 'vitest.mjs');
  const command = [vitest, 'run', '--reporter=default', `--reporter=${reporter}`, ...excluded, ...rest];
  const env = { ...runtimeEnvironment(layout, process.env), MSTLAB_TEST_RESULTS: results };
  if (fast) env.MSTLAB_TEST_FAST = '1';
  const code = await runToEnd(process.execPath, command, { cwd: layout.root, env });
  const found = existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : null;
  rmSync(results, { force: true });
  const { text, exitCode } = closing(found, code);
  process.stdout.write(`${text}\n`);
  return exitCode;
}

/** The closing text and exit code from the reporter's results (null if it wrote none) and Vitest's own exit code. */
export function closing(found, code) {
  if (found === null) {
    return {
      text: `\nThe test runner ended with exit code ${code} and no results.\n0 passed, 1 failed`,
      exitCode: code || 1,
    };
  }
  const lines = [''];
  if (found.skipped.length > 0) {
    lines.push('Skipped:');
    for (const { title, reason } of found.skipped) lines.push(`  ${title}\n    ${reason ?? 'no reason given'}`);
  }
  if (found.failures.length > 0) lines.push('Failed:', ...found.failures.map((title) => `  ${title}`));
  const none = found.passed + found.failed === 0;
  if (none) lines.push('No test ran: check the file names given.');
  if (found.interrupted) lines.push('The run was interrupted before its end.');
  const skipped = found.skipped.length > 0 ? `, ${found.skipped.length} skipped` : '';
  lines.push(`${found.passed} passed, ${found.failed} failed${skipped}`);
  const bad = none || found.interrupted || found.failed > 0;
  return { text: lines.join('\n'), exitCode: bad ? code || 1 : code };
}

if (process.argv[1]?.endsWith('test.mjs')) {
  main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
}
