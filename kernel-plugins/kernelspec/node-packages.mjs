import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './failures.mjs';
import { textOf } from './stamps.mjs';

/** npm's own packages, exactly as package-lock.json has them. No package's install script runs (see .npmrc). */
export const nodePackagesStep = {
  name: 'npm packages (npm ci)',
  where: 'npm packages',
  isCurrent: ({ layout }) => missingPackage(layout) === null,
  async run(context) {
    const { layout } = context;
    // npm writes this list last. Without it, a killed npm cannot be taken for a finished one.
    rmSync(hiddenLock(layout), { force: true });
    // The lock file names every package by its hash, so npm's own store is as good as the registry. Without a network
    // npm's own settings would take minutes to give up.
    const patience = ['--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=15000'];
    const quiet = ['--no-audit', '--no-fund', '--no-progress'];
    const args = ['ci', '--include=dev', '--ignore-scripts', '--prefer-offline', ...patience, ...quiet];
    await context.command({ command: 'npm', args, where: this.where, tool: 'npm' });
    const missing = missingPackage(layout);
    if (missing !== null) {
      throw new SetupError(
        `set-up, ${this.where}: npm ci must install all of package-lock.json, got no ${missing} (${layout.nodeModules}). ` +
          'Remove that folder and run the same command again.',
      );
    }
  },
};

/**
 * The first package of package-lock.json that npm's own list of what it installed lacks or has in another version,
 * or whose folder is gone; null if all are there. Optional packages for other systems may be absent.
 */
export function missingPackage(layout) {
  const wanted = JSON.parse(textOf(join(layout.root, 'package-lock.json')) ?? '{}').packages ?? {};
  const installed = parsed(textOf(hiddenLock(layout)))?.packages;
  if (installed === undefined) return 'node_modules/.package-lock.json';
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined) {
      if (entry.optional || entry.devOptional) continue;
      return path;
    }
    const same = found.version === entry.version && (entry.link || found.integrity === entry.integrity);
    if (!same || !existsSync(join(layout.root, path, 'package.json'))) return path;
  }
  return null;
}

function hiddenLock(layout) {
  return join(layout.nodeModules, '.package-lock.json');
}

function parsed(text) {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
