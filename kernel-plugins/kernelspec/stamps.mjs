import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * A stamp says that a part was finished, and from which inputs. It lies inside the folder it speaks of, so it goes
 * when the folder goes, and it is written last and by rename: a process killed at any point leaves either none or a
 * whole one.
 */
export function keyOf(inputs) {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
}

/** The stamp's content, or null if there is none or it is not whole. */
export function readStamp(file) {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

export function writeStamp(file, key, details = {}) {
  writeWhole(file, `${JSON.stringify({ key, ...details }, null, 2)}\n`);
}

export function removeStamp(file) {
  rmSync(file, { force: true });
}

/** Writes a file so that a reader sees the old content or the new one, never a part. */
export function writeWhole(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.partial`;
  try {
    writeFileSync(partial, text);
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** A file's text, or null where there is none. */
export function textOf(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** SHA-256 of a file's bytes, read in pieces. */
export function fileSha256(file) {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(1 << 22);
  const handle = openSync(file, 'r');
  try {
    for (let n = readSync(handle, piece); n > 0; n = readSync(handle, piece)) hash.update(piece.subarray(0, n));
  } finally {
    closeSync(handle);
  }
  return hash.digest('hex');
}
