import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { contentHash, FileFormatError, MachineError } from '../core';
import { acquireLock } from './lock';

/** Stored beside the results, written last: a run without it is unfinished. */
export interface RunManifest {
  readonly kind: string;
  /** SHA-256 of the canonical JSON of `{ kind, config }`. */
  readonly hash: string;
  readonly config: unknown;
  /** What is worth knowing but does not name the run: versions, device, seconds, measured speed. */
  readonly record: Readonly<Record<string, unknown>>;
  readonly finishedAt: string;
  readonly files: Readonly<Record<string, { bytes: number; sha256: string }>>;
}

/** Writes a file so that a reader sees the old one or the new one, never half of one. */
export function writeFileAtomic(path: string, data: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.part`;
  try {
    const file = openSync(temporary, 'w');
    try {
      writeSync(file, data as Uint8Array);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== 'ENOSPC' && code !== 'EROFS' && code !== 'EACCES') throw cause;
    throw new MachineError(
      `writeFileAtomic: the disk must take ${data.length} bytes, got ${code} (${path}). Free some space or set MSTLAB_RUNS to another folder; what was written before is intact.`,
      { cause },
    );
  }
}

/**
 * One content-addressed folder: `<root>/<kind>/<first 16 digits of the hash>`. The same kind and config always give the
 * same folder, so running again finds what is there. `config` must hold everything that decides the result, and nothing else.
 */
export class RunDirectory {
  readonly hash: string;
  readonly path: string;

  constructor(
    root: string,
    readonly kind: string,
    readonly config: unknown,
  ) {
    this.hash = contentHash({ kind, config });
    this.path = join(root, kind, this.id);
  }

  /** The name of its folder: enough of the hash to tell runs apart. */
  get id(): string {
    return this.hash.slice(0, 16);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** The manifest of a finished run whose files are all there at full length, else null. Throws FileFormatError if it is not JSON. */
  manifest(): RunManifest | null {
    const path = this.file('manifest.json');
    if (!existsSync(path)) return null;
    let manifest: RunManifest;
    try {
      manifest = JSON.parse(readFileSync(path, 'utf8'));
    } catch (cause) {
      throw new FileFormatError(
        `RunDirectory: a manifest must be JSON, this one is not (${path}). Delete that run's folder; it will be made again.`,
        { cause },
      );
    }
    for (const [name, { bytes }] of Object.entries(manifest.files)) {
      const file = this.file(name);
      const found = existsSync(file) ? statSync(file).size : -1;
      if (found !== bytes) {
        throw new FileFormatError(
          `RunDirectory: ${name} must hold ${bytes} bytes as its manifest says, got ${found < 0 ? 'no file' : `${found} bytes`} (${this.path}). Delete that folder; the run will be made again.`,
        );
      }
    }
    return manifest;
  }

  /**
   * Makes the run if it is not finished, under a lock so that two notebooks do not make it twice, and seals it.
   * `make` writes its files into `path`, may find those of an interrupted earlier try there, and returns the record.
   */
  async complete(make: () => Promise<Record<string, unknown>>): Promise<RunManifest> {
    const done = this.manifest();
    if (done) return done;
    mkdirSync(this.path, { recursive: true });
    const release = acquireLock(this.file('lock'));
    try {
      const madeMeanwhile = this.manifest();
      if (madeMeanwhile) return madeMeanwhile;
      writeFileAtomic(this.file('config.json'), `${JSON.stringify(this.config, null, 2)}\n`);
      return this.seal(await make());
    } finally {
      release();
    }
  }

  private seal(record: Record<string, unknown>): RunManifest {
    const files: Record<string, { bytes: number; sha256: string }> = {};
    for (const entry of readdirSync(this.path, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(this.path.length + 1);
      if (!entry.isFile() || ['lock', 'manifest.json'].includes(basename(name)) || name.endsWith('.part')) continue;
      const bytes = readFileSync(path);
      files[name] = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    }
    const manifest: RunManifest = {
      kind: this.kind,
      hash: this.hash,
      config: this.config,
      record,
      finishedAt: new Date().toISOString(),
      files,
    };
    writeFileAtomic(this.file('manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  }
}

/** The finished runs under a root, newest first; folders that cannot be read are named, not skipped. */
export function listRuns(root: string): { runs: (RunManifest & { path: string })[]; unreadable: string[] } {
  const runs: (RunManifest & { path: string })[] = [];
  const unreadable: string[] = [];
  if (!existsSync(root)) return { runs, unreadable };
  for (const kind of readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    for (const run of readdirSync(join(root, kind.name), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    )) {
      const path = join(root, kind.name, run.name);
      const manifest = join(path, 'manifest.json');
      if (!existsSync(manifest)) continue;
      try {
        runs.push({ ...(JSON.parse(readFileSync(manifest, 'utf8')) as RunManifest), path });
      } catch {
        unreadable.push(path);
      }
    }
  }
  runs.sort((a, b) => b.finishedAt.localeCompare(a.finishedAt));
  return { runs, unreadable };
}
