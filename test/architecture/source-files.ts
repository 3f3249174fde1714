import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

export const ROOT = resolve(__dirname, '..', '..');

const IGNORED =
  /(^|\/)(node_modules|\.venv[^/]*|dist|runs|\.cache|\.git|\.ipynb_checkpoints|__pycache__|test-artifacts)(\/|$)/;

/** Paths of the project's own files below `folder` that match, relative to the project, sorted. */
export function filesBelow(folder: string, matches: RegExp): string[] {
  const start = join(ROOT, folder);
  if (!existsSync(start)) return [];
  const found: string[] = [];
  const pending = [start];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      const path = relative(ROOT, join(next, entry.name));
      if (IGNORED.test(path)) continue;
      if (entry.isDirectory()) pending.push(join(ROOT, path));
      else if (entry.isFile() && matches.test(path)) found.push(path);
    }
  }
  return found.sort();
}

export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/**
 * What a file imports, exports from or requires: packages whose code it loads (types are gone when it runs), and own
 * files relative to the project, types included.
 */
export function importsOf(path: string): { packages: string[]; files: string[] } {
  const text = textOf(path);
  const names = ts.preProcessFile(text, true, true).importedFiles.map((item) => item.fileName);
  const typesOnly = new Set([...text.matchAll(/^import type [^;]*? from '([^']+)';$/gm)].map((match) => match[1]));
  const loaded = names.filter((name) => !name.startsWith('.') && !name.startsWith('node:') && !typesOnly.has(name));
  const own = names.filter((name) => name.startsWith('.'));
  return { packages: loaded, files: own.map((name) => relative(ROOT, resolve(ROOT, path, '..', name))) };
}
