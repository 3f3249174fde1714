import { createHash, type Hash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileFormatError, MachineError, MstlabError } from '../../core';
import { fileBytes } from './hub-cache';
import { abortedFetch, isNetworkError, networkReason, WHERE, writeError } from './hub-errors';

/** One file of the hub: its size and the hash that names its blob. */
export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of the bytes (64 hex digits, large files) or git's SHA-1 of a blob (40, small ones). */
  readonly hash: string;
}

export interface DownloadOptions {
  /** Opens the file's bytes from `start` on; its answer is 200 or 206. Throws for other answers. */
  readonly request: (start: number, signal: AbortSignal) => Promise<Response>;
  readonly signal: AbortSignal | undefined;
  /** Called with the number of bytes that are on disk. */
  readonly onBytes: (bytes: number) => void;
  /** Tries in a row that bring nothing before the download gives up. */
  readonly tries: number;
  readonly retryDelayMs: number;
  /** A connection that brings nothing for this long is taken up anew. */
  readonly stallMs: number;
}

/**
 * Brings one file to `blob`. What an earlier call left is gone on from (a Range request); a connection that breaks is
 * taken up again; the file takes its name only when size and hash are right.
 * Throws FileFormatError for wrong bytes, MachineError for a full disk or a connection that does not come back,
 * AbortedError when the signal fires; in the last two cases the part that is there is kept.
 */
export async function downloadBlob(file: HubFile, blob: string, options: DownloadOptions): Promise<void> {
  mkdirSync(dirname(blob), { recursive: true });
  const partial = claimPartial(blob);
  try {
    const resumed = fileBytes(partial) > 0;
    if (await attempt(file, partial, options)) return renameSync(partial, blob);
    rmSync(partial, { force: true });
    // What was left from before may be at fault; bytes that were all fetched now are not asked for twice.
    if (resumed && (await attempt(file, partial, options))) return renameSync(partial, blob);
    rmSync(partial, { force: true });
    throw new FileFormatError(
      `${WHERE}: ${file.name} must have ${file.bytes} bytes with hash ${file.hash}, got other bytes (${blob}). They were removed; run again, and if it happens again the connection or the mirror changes the file.`,
    );
  } finally {
    releasePartial(partial, blob);
  }
}

/** Fetches what the partial file lacks. Resolves to whether size and hash are then right. */
async function attempt(file: HubFile, partial: string, options: DownloadOptions): Promise<boolean> {
  const { signal, onBytes, tries, retryDelayMs } = options;
  const handle = await open(partial, 'a+').catch((error) => Promise.reject(writeError(error, partial)));
  try {
    const state = await hashedSoFar(file, partial);
    for (let failures = 0; state.bytes < file.bytes; ) {
      if (signal?.aborted) throw abortedFetch(signal);
      onBytes(state.bytes);
      const before = state.bytes;
      let reason = 'an answer that ended early';
      try {
        await receive(file, handle, partial, state, options);
      } catch (error) {
        if (signal?.aborted) throw abortedFetch(signal);
        if (error instanceof MstlabError || !isNetworkError(error)) throw error;
        reason = networkReason(error);
      }
      if (state.bytes >= file.bytes) break;
      failures = state.bytes > before ? 0 : failures + 1;
      if (failures >= tries)
        throw new MachineError(
          `${WHERE}: ${file.name} must have ${file.bytes} bytes, got ${state.bytes} and then ${tries} times nothing more (${reason}). Run again to go on from there; the part is kept (${dirname(partial)}).`,
        );
      await sleep(retryDelayMs * 2 ** failures, undefined, { signal }).catch(() => {});
    }
    onBytes(state.bytes);
    await handle.sync();
    return state.bytes === file.bytes && state.hash.digest('hex') === file.hash;
  } finally {
    await handle.close();
  }
}

/** What the partial file holds: how many bytes, and their hash so far. */
interface Received {
  bytes: number;
  hash: Hash;
}

function emptyHash(file: HubFile): Hash {
  return file.hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${file.bytes}\0`); // git's hash of a blob
}

/** What an earlier call left, hashed. */
async function hashedSoFar(file: HubFile, partial: string): Promise<Received> {
  const hash = emptyHash(file);
  let bytes = 0;
  const size = fileBytes(partial);
  if (size === 0) return { hash, bytes };
  for await (const chunk of createReadStream(partial, { end: size - 1, highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { hash, bytes };
}

/** Appends the bytes of one answer and brings `state` up to them, chunk by chunk. */
async function receive(
  file: HubFile,
  handle: FileHandle,
  partial: string,
  state: Received,
  options: DownloadOptions,
): Promise<void> {
  const stalled = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stalled.signal]) : stalled.signal;
  const stall = () => stalled.abort(Object.assign(new Error('the connection stalled'), { code: 'ETIMEDOUT' }));
  let timer = setTimeout(stall, options.stallMs);
  try {
    const response = await options.request(state.bytes, signal);
    if (state.bytes > 0 && !continues(response, state.bytes)) {
      await handle.truncate(0); // the server sends the whole file again
      state.hash = emptyHash(file);
      state.bytes = 0;
    }
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      timer = setTimeout(stall, options.stallMs);
      try {
        for (let done = 0; done < chunk.length; ) done += (await handle.write(chunk, done)).bytesWritten;
      } catch (error) {
        throw writeError(error, partial);
      }
      state.hash.update(chunk);
      state.bytes += chunk.length;
      if (state.bytes > file.bytes) break; // more than the file has: the check that follows refuses it
      options.onBytes(state.bytes);
    }
  } finally {
    clearTimeout(timer);
    stalled.abort();
  }
}

/** Whether an answer is the rest of the file from byte `start` on. */
function continues(response: Response, start: number): boolean {
  return response.status === 206 && (response.headers.get('content-range') ?? '').startsWith(`bytes ${start}-`);
}

/**
 * A partial file belongs to one download at a time: it is claimed by renaming it, which only one of several can do.
 * Its free name is `HASH.mstlab.incomplete`; a claimed one holds machine and process, so that a part whose process was
 * killed is found again.
 */
function claimPartial(blob: string): string {
  const mine = `${blob}.${hostname()}.${process.pid}.${process.hrtime.bigint()}.mstlab.incomplete`;
  const folder = dirname(blob);
  const free = readdirSync(folder)
    .filter((name) => name.startsWith(blob.slice(folder.length + 1)) && name.endsWith('.mstlab.incomplete'))
    .filter((name) => isFree(name))
    .sort((a, b) => fileBytes(join(folder, b)) - fileBytes(join(folder, a)));
  for (const name of free) {
    try {
      renameSync(join(folder, name), mine);
      break;
    } catch {
      // Another download was quicker.
    }
  }
  return mine;
}

function releasePartial(partial: string, blob: string): void {
  const free = `${blob}.mstlab.incomplete`;
  const size = fileBytes(partial);
  if (size < 0) return;
  if (size === 0 || size <= fileBytes(free)) rmSync(partial, { force: true });
  else renameSync(partial, free);
}

function isFree(name: string): boolean {
  const owner = /\.([^.].*)\.(\d+)\.\d+\.mstlab\.incomplete$/.exec(name);
  if (!owner) return true;
  if (owner[1] !== hostname()) return false; // another machine's process cannot be asked
  try {
    process.kill(Number(owner[2]), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EPERM';
  }
}
