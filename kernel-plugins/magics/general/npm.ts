import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { AbortedError, ConfigError, MachineError } from '../../../src/core';
import { defineMagic, type Magic } from '../../host';
import { type GeneralServices, keptByNode } from './services';

/** How long npm may take to end after an interrupt before it is killed. */
const graceMs = 2_000;

/** `%npm`: installs, lists and uninstalls packages of the project that the notebook lies in. */
export function npm({ notebookDir, forgetModule }: Pick<GeneralServices, 'notebookDir' | 'forgetModule'>): Magic {
  return defineMagic({
    name: 'npm',
    kind: 'line',
    summary: 'Runs npm in the project of this notebook; an installed package can be imported in the next cell.',
    options: z.strictObject({
      saveDev: z
        .boolean()
        .default(false)
        .describe('Records the packages as development dependencies.')
        .meta({ short: 'D' }),
      save: z.boolean().default(true).describe('Records the packages in package.json.'),
      offline: z.boolean().default(false).describe('Uses only the cache and local folders.'),
      command: z
        .enum(['install', 'list', 'uninstall'])
        .describe('What to do.')
        .meta({ positional: 'one', placeholder: 'COMMAND' }),
      packages: z.array(z.string()).default([]).describe('Names, name@version, or file:./folder.').meta({
        positional: 'rest',
        placeholder: 'PACKAGE',
      }),
    }),
    examples: ['%npm install simple-statistics@7.8.8', '%npm list', '%npm uninstall simple-statistics'],
    async run({ options: { command, packages, save, saveDev, offline }, signal, print }) {
      const project = projectOf(notebookDir);
      if (command === 'uninstall' && packages.length === 0)
        throw new ConfigError('%npm: uninstall must be told which packages, got none. Name them.');
      const flags = [
        ...(save ? [] : ['--no-save']),
        ...(saveDev ? ['--save-dev'] : []),
        ...(offline ? ['--offline'] : []),
      ];
      const quiet = command === 'list' ? ['--depth=0'] : ['--no-fund', '--no-audit', '--no-update-notifier'];
      // npm resolves `file:` from the project; the line was written beside the notebook.
      const specs = packages.map((spec) =>
        spec.replace(/^(file:)?(\.{1,2}\/.*)$/, (_, _scheme, path) => `file:${resolve(notebookDir, path)}`),
      );
      await runNpm([command, ...(command === 'list' ? [] : flags), ...quiet, ...specs], project, { signal, print });
      for (const name of specs.map(packageName)) if (!forgetModule(name)) print(keptByNode(name));
    },
  });
}

/** The nearest folder above that has a package.json. Throws ConfigError if there is none. */
export function projectOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (at === dirname(at))
      throw new ConfigError(
        `%npm: the notebook must lie in a folder with a package.json above it, got none (from ${folder}). Run "npm init -y" there in a terminal.`,
      );
  }
}

/** `@scope/name@^1` → `@scope/name`; of a local folder the name that its package.json gives. */
export function packageName(spec: string): string {
  const folder = /^file:(.*)$/.exec(spec)?.[1];
  if (folder === undefined) return spec.replace(/(?<=.)@.*$/, '');
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name;
  } catch {
    return spec;
  }
}

async function runNpm(
  args: readonly string[],
  cwd: string,
  { signal, print }: { signal: AbortSignal; print(text: string): void },
): Promise<void> {
  const beside = join(dirname(process.execPath), 'npm');
  const child = spawn(existsSync(beside) ? beside : 'npm', args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // To its whole group, as a terminal would: npm alone waits for the scripts that it runs, and they hold its output open.
  const send = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It ended in the meantime.
    }
  };
  const endWithKernel = () => send('SIGTERM');
  process.on('exit', endWithKernel);
  let killer: NodeJS.Timeout | undefined;
  const stop = () => {
    send('SIGINT');
    killer = setTimeout(() => send('SIGKILL'), graceMs);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', print);
    const ended = await new Promise<{ code: number | null; error?: Error }>((done) => {
      child.on('error', (error) => done({ code: null, error }));
      child.on('close', (code) => done({ code }));
    });
    const command = `npm ${args.join(' ')}`;
    if (signal.aborted)
      throw new AbortedError(`%npm: interrupted (from ${command} in ${cwd}). Run it again to finish.`);
    if (ended.error)
      throw new MachineError(`%npm: npm must be installed, got "${ended.error.message}". Install Node.js with npm.`);
    if (ended.code !== 0)
      throw new MachineError(
        `%npm: npm must end with code 0, got ${ended.code} (from ${command} in ${cwd}). Its lines above say why.`,
      );
  } finally {
    clearTimeout(killer);
    signal.removeEventListener('abort', stop);
    process.off('exit', endWithKernel);
  }
}
