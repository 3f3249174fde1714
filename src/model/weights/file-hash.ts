import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { type LongCall, throwIfAborted } from '../../core';

/** Files below this are hashed anew each time (0.1 s at 100 MB); larger ones are remembered by size and time. */
const REMEMBER_FROM_BYTES = 512 * 1024 * 1024;
const CHUNK_BYTES = 1 << 22;

/**
 * SHA-256 of a file as 64 hex digits, read in a stream so that the event loop stays free.
 * `cacheFile` remembers the hashes of large files by path, size and time of change.
 * Throws AbortedError when the signal fires; the files that are hashed by then stay remembered.
 */
export async function fileSha256(
  path: string,
  cacheFile: string | null = null,
  { signal, onProgress }: LongCall = {},
): Promise<string> {
  const { size, mtimeMs } = statSync(path);
  const key = `${resolve(path)}|${size}|${mtimeMs}`;
  const remember = cacheFile !== null && size >= REMEMBER_FROM_BYTES;
  const known = remember ? readCache(cacheFile) : {};
  if (Object.hasOwn(known, key)) return known[key];
  const hash = createHash('sha256');
  let done = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    throwIfAborted(signal, 'openModel', 'The files that are hashed are remembered');
    hash.update(chunk as Buffer);
    done += (chunk as Buffer).length;
    if (size > CHUNK_BYTES) onProgress?.({ what: `hash ${basename(path)}`, done, total: size, unit: 'bytes' });
  }
  const digest = hash.digest('hex');
  if (remember) {
    mkdirSync(dirname(cacheFile), { recursive: true });
    const temporary = `${cacheFile}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify({ ...readCache(cacheFile), [key]: digest }, null, 1));
    renameSync(temporary, cacheFile);
  }
  return digest;
}

/** A cache that cannot be read is an empty one: it only saves time. */
function readCache(cacheFile: string): Record<string, string> {
  if (!existsSync(cacheFile)) return {};
  try {
    return JSON.parse(readFileSync(cacheFile, 'utf8')) as Record<string, string>;
  } catch {
    return {};
  }
}
