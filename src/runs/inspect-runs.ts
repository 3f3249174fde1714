import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../core';
import type { RunManifest } from './run-directory';

/**
 * `finished`: sealed, all files at full length. `working`: a process that is alive holds its lock. `unfinished`: begun and given up,
 * goes on when it is asked for again. `broken`: its manifest is not whole, or a file is not as long as the manifest says.
 */
export type RunState = 'finished' | 'working' | 'unfinished' | 'broken';

/** One run folder as it lies on disk, whatever state it is in. */
export interface RunFacts {
  /** The folder's name: the first 16 digits of the run's hash. */
  readonly id: string;
  readonly kind: string;
  readonly state: RunState;
  /** Why it is broken; null where it is not. */
  readonly problem: string | null;
  /** When it was finished, or where it is not, last written to; ISO 8601. */
  readonly when: string;
  /** Seconds that its making took, by its own record; null where it does not say. */
  readonly seconds: number | null;
  /** Size of all its files, bytes. */
  readonly bytes: number;
  readonly path: string;
  /** Null unless finished. */
  readonly manifest: RunManifest | null;
}

/** Every run folder under a root, newest first. A half-written one is shown as what it is and never throws. */
export function inspectRuns(root: string): RunFacts[] {
  const found = foldersIn(root).flatMap((kind) =>
    foldersIn(join(root, kind)).map((id) => inspectRun(join(root, kind, id), kind, id)),
  );
  return found.sort((a, b) => b.when.localeCompare(a.when));
}

/** The ids of all run folders, without a look inside. */
export function runIds(root: string): string[] {
  return foldersIn(root).flatMap((kind) => foldersIn(join(root, kind)));
}

/** The run whose id begins so. Throws ConfigError if none or several do. */
export function findRun(root: string, id: string): RunFacts {
  const wanted = id.toLowerCase();
  const runs = inspectRuns(root);
  const found = wanted === '' ? [] : runs.filter((run) => run.id.startsWith(wanted));
  if (found.length === 1) return found[0];
  const got =
    found.length === 0
      ? `none of ${runs.length} runs`
      : `${found.length}: ${found.map((run) => `${run.kind}/${run.id}`).join(', ')}`;
  throw new ConfigError(
    `findRun: an id must be the beginning of one run's folder name, got "${id}", which fits ${got} (${root}). Give more digits, or list the runs.`,
  );
}

function inspectRun(path: string, kind: string, id: string): RunFacts {
  const sizes = fileSizes(path);
  const bytes = [...sizes.values()].reduce((sum, { size }) => sum + size, 0);
  const newestMs = Math.max(0, ...[...sizes.values()].map(({ changedMs }) => changedMs));
  const facts = { id, kind, bytes, path, when: new Date(newestMs).toISOString(), seconds: null, manifest: null };
  if (!sizes.has('manifest.json')) return { ...facts, state: isHeld(path) ? 'working' : 'unfinished', problem: null };
  const manifest = readManifest(join(path, 'manifest.json'));
  if (typeof manifest === 'string') return { ...facts, state: 'broken', problem: manifest };
  const cut = Object.entries(manifest.files).find(([name, file]) => sizes.get(name)?.size !== file.bytes);
  if (cut) {
    const size = sizes.get(cut[0])?.size;
    const problem = `${cut[0]} must hold ${cut[1].bytes} bytes, got ${size === undefined ? 'no file' : size}`;
    return { ...facts, state: 'broken', problem };
  }
  const { seconds } = manifest.record;
  return {
    ...facts,
    state: 'finished',
    problem: null,
    when: manifest.finishedAt,
    seconds: typeof seconds === 'number' && Number.isFinite(seconds) ? seconds : null,
    manifest,
  };
}

/** The manifest, or what is wrong with it. */
function readManifest(path: string): RunManifest | string {
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return `manifest.json is not JSON: ${(error as Error).message}`;
  }
  const { files, record, finishedAt } = (raw ?? {}) as Partial<RunManifest>;
  const whole = isObject(files) && isObject(record) && typeof finishedAt === 'string';
  return whole ? (raw as RunManifest) : 'manifest.json lacks files, record or finishedAt';
}

function isObject(value: unknown): boolean {
  return value !== null && typeof value === 'object';
}

/** A lock names its process; one of another machine counts as alive, since it cannot be asked. */
function isHeld(path: string): boolean {
  try {
    const { pid } = JSON.parse(readFileSync(join(path, 'lock'), 'utf8')) as { pid: number };
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

interface FileSize {
  readonly size: number;
  readonly changedMs: number;
}

/** Files by their path inside the folder. What goes while it is looked at is left out. */
function fileSizes(folder: string): Map<string, FileSize> {
  const sizes = new Map<string, FileSize>();
  const pending = [''];
  for (let inside = pending.pop(); inside !== undefined; inside = pending.pop()) {
    for (const entry of entriesOf(join(folder, inside))) {
      const name = join(inside, entry.name);
      if (entry.isDirectory()) pending.push(name);
      else if (entry.isFile()) {
        const found = statSync(join(folder, name), { throwIfNoEntry: false });
        if (found) sizes.set(name, { size: found.size, changedMs: found.mtimeMs });
      }
    }
  }
  return sizes;
}

function foldersIn(path: string): string[] {
  return entriesOf(path)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

function entriesOf(path: string) {
  try {
    return existsSync(path) ? readdirSync(path, { withFileTypes: true }) : [];
  } catch {
    return [];
  }
}
