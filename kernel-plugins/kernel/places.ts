import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { InternalError } from '../../src/core';
import type { KernelPlaces } from './kernel';

/**
 * Where a notebook's names are looked up. A notebook inside this package may import any of its files, so the package is
 * TypeScript's root; elsewhere the root is the nearest folder with a package.json, or the notebook's own.
 */
export function placesFor(notebookDir: string): KernelPlaces {
  const packageDir = nearestPackage(__dirname);
  if (packageDir === null) throw new InternalError(`placesFor: no package.json above ${__dirname}.`);
  const inside = !relative(packageDir, resolve(notebookDir)).startsWith('..');
  return {
    notebookDir: resolve(notebookDir),
    rootDir: inside ? packageDir : (nearestPackage(notebookDir) ?? resolve(notebookDir)),
    packageDir,
  };
}

function nearestPackage(from: string): string | null {
  for (let dir = resolve(from); ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'package.json'))) return dir;
    if (dirname(dir) === dir) return null;
  }
}
