import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { type HubRef, isCommit } from './hub-settings';

/**
 * The cache of Hugging Face's tools: `models--org--name/` holds `blobs/HASH` (the bytes, once), `snapshots/COMMIT/FILE`
 * (links to blobs) and `refs/REVISION` (the commit that a branch or tag stood for). Python's tools read and write the
 * same folders.
 */

/** Files of a model that are read here, besides its weights; the first two must be there. */
export const SIDE_FILES = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'generation_config.json',
  'chat_template.jinja',
] as const;
export const SINGLE_WEIGHTS = 'model.safetensors';
export const WEIGHTS_INDEX = 'model.safetensors.index.json';

export interface Snapshot {
  readonly id: string;
  readonly commit: string;
  readonly path: string;
}

export function repositoryFolder(cacheDir: string, id: string): string {
  return join(cacheDir, `models--${id.replace('/', '--')}`);
}

/** The 'org/name' of a cache folder, or of a snapshot in one; null for other folders. */
export function idOfCacheFolder(path: string): string | null {
  const inside = basename(dirname(path)) === 'snapshots' ? dirname(dirname(path)) : path;
  const parts = /^models--(.+?)--(.+)$/.exec(basename(inside));
  return parts ? `${parts[1]}/${parts[2]}` : null;
}

/** The snapshot that a revision stands for in a repository's folder, complete or not; null if there is none. */
export function findSnapshot(folder: string, { id, revision }: HubRef): Snapshot | null {
  const ref = join(folder, 'refs', revision);
  const commit = isCommit(revision) ? revision : existsSync(ref) ? readFileSync(ref, 'utf8').trim() : null;
  if (commit === null || !isCommit(commit)) return null;
  const path = join(folder, 'snapshots', commit);
  return existsSync(path) ? { id, commit, path } : null;
}

/** The files that a model folder lacks; a link whose blob is gone counts as lacking. */
export function missingFiles(path: string): string[] {
  const lacks = (name: string): boolean => !existsSync(join(path, name));
  const missing: string[] = SIDE_FILES.slice(0, 2).filter(lacks);
  if (!lacks(SINGLE_WEIGHTS)) return missing;
  if (lacks(WEIGHTS_INDEX)) return [...missing, `${SINGLE_WEIGHTS} (or ${WEIGHTS_INDEX} with its shards)`];
  return [...missing, ...shardsOf(readFileSync(join(path, WEIGHTS_INDEX), 'utf8')).filter(lacks)];
}

/** The shards that an index names; none if it is not an index (reading the weights says what is wrong with it). */
export function shardsOf(indexJson: string): string[] {
  try {
    const { weight_map: map } = JSON.parse(indexJson) as { weight_map?: Record<string, unknown> };
    return [...new Set(Object.values(map ?? {}))].filter((name) => typeof name === 'string').sort();
  } catch {
    return [];
  }
}

/** Puts a link to a blob into a snapshot, replacing what stands there, in one step. */
export function linkBlob(blob: string, snapshot: string, name: string): void {
  mkdirSync(snapshot, { recursive: true });
  const link = join(snapshot, name);
  const temporary = `${link}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  symlinkSync(relative(snapshot, blob), temporary);
  renameSync(temporary, link);
}

/** Remembers the commit that a branch or tag stands for. A commit needs no such note. */
export function writeRef(folder: string, revision: string, commit: string): void {
  if (isCommit(revision)) return;
  const path = join(folder, 'refs', revision);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}.tmp`, commit);
  renameSync(`${path}.${process.pid}.tmp`, path);
}

/** The size of a file in bytes, links followed; -1 if there is none. */
export function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}
