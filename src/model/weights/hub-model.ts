import { readFileSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, FileFormatError, type LongCall, MachineError, MstlabError } from '../../core';
import {
  fileBytes,
  findSnapshot,
  linkBlob,
  missingFiles,
  repositoryFolder,
  SIDE_FILES,
  SINGLE_WEIGHTS,
  type Snapshot,
  shardsOf,
  WEIGHTS_INDEX,
  writeRef,
} from './hub-cache';
import { downloadBlob, type HubFile } from './hub-download';
import { abortedFetch, isNetworkError, isPassing, offlineError, PassingAnswer, statusError, WHERE } from './hub-errors';
import { type Environment, type HubRef, type HubSettings, hubSettings, isCommit, parseHubRef } from './hub-settings';

export interface FetchModelOptions extends LongCall {
  /** HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_HUB_OFFLINE; default: the process's own. */
  readonly env?: Environment;
  /** Tries in a row that bring nothing before a file is given up; default 5. */
  readonly tries?: number;
  /** Wait before the first new try, doubled at each; default 1000. */
  readonly retryDelayMs?: number;
  /** A connection that brings nothing for this long is taken up anew; default 30 000. */
  readonly stallMs?: number;
}

export interface FetchedModel extends Snapshot {
  /** The files of the snapshot that make the model. */
  readonly files: readonly HubFile[];
  /** What had to be fetched; the rest was in the cache. */
  readonly fetchedBytes: number;
}

/**
 * Brings a model of the Hugging Face hub ('org/name' or 'org/name@revision') into the cache that Python's tools share,
 * and gives its folder. Only what is read here is fetched: config, tokenizer, chat template, safetensors.
 * The first progress says how many bytes there are in all and how many are there already, before any weight is fetched.
 * An interrupted call is gone on from where it was.
 * Throws ConfigError for a name that is none, a model that is not there, gated or without safetensors; MachineError
 * without a network (it says what to copy where) or disk; FileFormatError for bytes that do not have their hash;
 * AbortedError when the signal fires.
 */
export async function fetchModel(ref: string, options: FetchModelOptions = {}): Promise<FetchedModel> {
  const parsed = parseHubRef(ref);
  if (!parsed)
    throw new ConfigError(
      `${WHERE}: a model of the hub is "org/name" or "org/name@revision", got "${ref}" (from the caller). Correct it.`,
    );
  const { signal, onProgress } = options;
  const settings = hubSettings(options.env);
  const folder = repositoryFolder(settings.cacheDir, parsed.id);
  if (settings.offline) throw offlineError(parsed, settings, lacking(folder, parsed), null);
  const { commit, files } = await listModel(parsed, settings, folder, signal);
  const path = join(folder, 'snapshots', commit);
  const blobOf = ({ hash }: HubFile): string => join(folder, 'blobs', hash);
  const total = sum(files);
  const lacks = files.filter((file) => fileBytes(blobOf(file)) !== file.bytes);
  const fetchedBytes = sum(lacks);
  await checkDisk(settings.cacheDir, fetchedBytes, parsed);
  let done = total - fetchedBytes;
  const report = (bytes: number, file: string): void =>
    onProgress?.({
      what: `fetch ${parsed.id}`,
      done: bytes,
      total,
      unit: 'bytes',
      detail: { file, to: folder, commit },
    });
  report(done, '');
  for (const file of files) {
    if (lacks.includes(file)) {
      await downloadBlob(file, blobOf(file), {
        request: (start, each) => requestFile(file.name, start, commit, parsed, settings, each),
        signal,
        onBytes: everyFewMs(200, (bytes) => report(done + bytes, file.name)),
        tries: options.tries ?? 5,
        retryDelayMs: options.retryDelayMs ?? 1_000,
        stallMs: options.stallMs ?? 30_000,
      });
      done += file.bytes;
      report(done, file.name);
    }
    linkBlob(blobOf(file), path, file.name);
    if (file.name === WEIGHTS_INDEX) checkShards(path, files, parsed);
  }
  writeRef(folder, parsed.revision, commit);
  return { id: parsed.id, commit, path, files, fetchedBytes };
}

/** What a cached snapshot lacks; null if there is no snapshot. */
export function lacking(folder: string, ref: HubRef): string[] | null {
  const snapshot = findSnapshot(folder, ref);
  return snapshot && missingFiles(snapshot.path);
}

/** The commit that a revision stands for at the hub, and the model's files in the order in which they are fetched. */
async function listModel(
  ref: HubRef,
  settings: HubSettings,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ commit: string; files: HubFile[] }> {
  const { listFiles, modelInfo, HubApiError } = await import('@huggingface/hub');
  const { hubUrl } = settings;
  const call = {
    hubUrl,
    fetch: ((input, init) => fetch(input, { ...init, signal })) as typeof fetch,
    ...(settings.token === null ? {} : { accessToken: settings.token }),
  };
  try {
    const info = await modelInfo({ name: ref.id, revision: ref.revision, additionalFields: ['sha'], ...call });
    const commit = info.sha ?? '';
    if (!isCommit(commit)) throw answerError(`a commit, got "${commit}"`, ref, settings);
    const files: HubFile[] = [];
    for await (const entry of listFiles({ repo: { type: 'model', name: ref.id }, revision: commit, ...call }))
      if (entry.type === 'file')
        files.push({
          name: entry.path,
          bytes: entry.lfs?.size ?? entry.size,
          hash: entry.lfs?.oid ?? entry.oid ?? '',
        });
    return { commit, files: chooseFiles(files, ref, settings) };
  } catch (error) {
    if (signal?.aborted) throw abortedFetch(signal);
    if (error instanceof HubApiError) throw statusError(error.statusCode, ref, settings);
    if (error instanceof MstlabError || !isNetworkError(error)) throw error;
    throw offlineError(ref, settings, lacking(folder, ref), error);
  }
}

/** Side files first, so that what is wrong with a model shows before its weights are fetched. */
function chooseFiles(files: readonly HubFile[], ref: HubRef, settings: HubSettings): HubFile[] {
  const named = new Map(files.map((file) => [file.name, file]));
  const weights = named.has(SINGLE_WEIGHTS)
    ? [SINGLE_WEIGHTS]
    : [WEIGHTS_INDEX, ...[...named.keys()].filter((name) => /^model-\d+-of-\d+\.safetensors$/.test(name)).sort()];
  const wanted = [...SIDE_FILES, ...weights].filter((name) => named.has(name));
  const needed = [...SIDE_FILES.slice(0, 2), weights[0]].filter((name) => !named.has(name));
  if (needed.length > 0) {
    const others = [...named.keys()].filter((name) => /\.(gguf|bin|pt|pth)$/.test(name)).slice(0, 3);
    throw new ConfigError(
      `${WHERE}: a model must have ${SIDE_FILES.slice(0, 2).join(', ')} and safetensors weights, got "${ref.id}" without ${needed.join(', ')}${others.length > 0 ? ` but with ${others.join(', ')}` : ''} (from ${settings.hubUrl}). Use a repository with safetensors, or download a .gguf file and give its path.`,
    );
  }
  const chosen = wanted.map((name) => named.get(name) as HubFile);
  for (const { name, bytes, hash } of chosen)
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash) || !Number.isSafeInteger(bytes))
      throw answerError(`a size and a hash of ${name}, got ${bytes} and "${hash}"`, ref, settings);
  return chosen;
}

function answerError(what: string, ref: HubRef, { hubUrl }: HubSettings): FileFormatError {
  return new FileFormatError(
    `${WHERE}: the hub's list of "${ref.id}" must hold ${what} (from ${hubUrl}). Check HF_ENDPOINT.`,
  );
}

/** The bytes of one file from `start` on. `downloadFile` of the hub's package does not say whether a range was kept to. */
async function requestFile(
  name: string,
  start: number,
  commit: string,
  ref: HubRef,
  settings: HubSettings,
  signal: AbortSignal,
): Promise<Response> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (start > 0) headers.range = `bytes=${start}-`;
  // fetch drops this header when it is sent on to another origin (the store behind the hub has signed addresses).
  if (settings.token !== null) headers.authorization = `Bearer ${settings.token}`;
  const response = await fetch(`${settings.hubUrl}/${ref.id}/resolve/${commit}/${name}`, { headers, signal });
  if (response.ok) return response;
  await response.body?.cancel();
  throw isPassing(response.status) ? new PassingAnswer(response.status) : statusError(response.status, ref, settings);
}

/** Throws FileFormatError if the index names shards that the hub does not list. */
function checkShards(path: string, files: readonly HubFile[], ref: HubRef): void {
  const listed = new Set(files.map(({ name }) => name));
  const missing = shardsOf(readFileSync(join(path, WEIGHTS_INDEX), 'utf8')).filter((name) => !listed.has(name));
  if (missing.length > 0)
    throw new FileFormatError(
      `${WHERE}: every shard that ${WEIGHTS_INDEX} names must be in the repository, got none called ${missing.join(', ')} (from "${ref.id}"). Use another revision.`,
    );
}

/** Throws MachineError if the disk of the cache has less than `bytes` free. */
async function checkDisk(cacheDir: string, bytes: number, ref: HubRef): Promise<void> {
  await mkdir(cacheDir, { recursive: true });
  const { bavail, bsize } = await statfs(cacheDir);
  if (bytes > bavail * bsize)
    throw new MachineError(
      `${WHERE}: the disk must have room for the ${gigabytes(bytes)} of "${ref.id}" that are missing, got ${gigabytes(bavail * bsize)} free (${cacheDir}). Free some space, or name another disk in HF_HUB_CACHE.`,
    );
}

const sum = (files: readonly HubFile[]): number => files.reduce((total, file) => total + file.bytes, 0);

export const gigabytes = (bytes: number): string =>
  bytes < 1e6
    ? `${Math.ceil(bytes / 1e3)} kB`
    : bytes < 1e9
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${(bytes / 1e9).toFixed(2)} GB`;

/** Passes a call on at most once in `ms`. */
function everyFewMs(ms: number, call: (value: number) => void): (value: number) => void {
  let last = 0;
  return (value) => {
    const now = performance.now();
    if (now - last < ms) return;
    last = now;
    call(value);
  };
}
