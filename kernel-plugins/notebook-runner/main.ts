import { parseArgs } from 'node:util';
import { MstlabError } from '../../src/core';
import { runNotebook } from './run-notebook';
import { TerminalView } from './terminal-view';

const usage =
  'Usage: node dist/kernel-plugins/notebook-runner/main.js IN.ipynb --out OUT.ipynb [--set NAME=VALUE]... [--timeout SECONDS] [--allow-stderr REGEXP]... [--quiet]';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      timeout: { type: 'string' },
      'allow-stderr': { type: 'string', multiple: true, default: [] },
      quiet: { type: 'boolean', default: false },
    },
  });
  const parameters = values.set.map((pair) => /^([^=]+)=(.*)$/s.exec(pair));
  if (positionals.length !== 1 || !values.out || parameters.includes(null)) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const view = new TerminalView(process.stdout);
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  const run = await runNotebook(positionals[0], {
    out: values.out,
    parameters: Object.fromEntries(parameters.map((match) => [match![1], match![2]])),
    ...(values.timeout === undefined ? {} : { timeoutSeconds: Number(values.timeout) }),
    allowStderr: values['allow-stderr'].map((pattern) => new RegExp(pattern)),
    signal: controller.signal,
    ...(values.quiet ? {} : { onProgress: view.onProgress, onMessage: view.onMessage }),
  });
  for (const { cell, message } of run.problems) process.stderr.write(`cell ${cell}: ${message}\n`);
  process.stdout.write(
    `\n${run.out}: ${run.cellSeconds.length} cells in ${run.seconds.toFixed(1)} s, ${run.problems.length} problems\n`,
  );
  return run.problems.length === 0 ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`${error instanceof MstlabError ? error.message : (error?.stack ?? error)}\n`);
    process.exitCode = 1;
  },
);
