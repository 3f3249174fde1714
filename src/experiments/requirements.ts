import { existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { frameOfRows } from '../analysis/frame';
import type { GpuState } from '../compute/backends';
import { ConfigError } from '../core';
import type { ModelOnDisk } from '../model/weights';

/** Something that a run needs of a machine, and what is there. */
export interface Requirement {
  readonly what: string;
  readonly needed: string;
  readonly found: string;
  readonly ok: boolean;
  /** What to do where it is not ok; empty where it is. */
  readonly doThis: string;
}

const GB = 1e9;

/** The files of a model, found without the network. `downloadBytes`: about what fetching it takes. */
export function modelRequirement(ref: string, { place, missing }: ModelOnDisk, downloadBytes: number): Requirement {
  const ok = missing.length === 0;
  const folder = place.split('/').at(-1);
  return {
    what: 'model files',
    needed: `${ref}, about ${(downloadBytes / GB).toFixed(0)} GB`,
    found: ok
      ? `complete (${folder})`
      : `missing: ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', ...' : ''}`,
    ok,
    doThis: ok
      ? ''
      : `npm run model:fetch -- ${ref}, or name the folder of the model (config.json, tokenizer.json, safetensors).`,
  };
}

/** A GPU with so much free memory, bytes; `gpus` as `gpuStates` gives them. A run uses one: the one with the most free. */
export function gpuRequirement(gpus: readonly GpuState[] | null, bytes: number, parts: string): Requirement {
  const free = Math.max(0, ...(gpus ?? []).map(({ freeBytes }) => freeBytes ?? 0));
  const best = gpus?.find(({ freeBytes }) => freeBytes === free) ?? null;
  const ok = best !== null && free >= bytes;
  const needed = `${(bytes / GB).toFixed(0)} GB free on one NVIDIA GPU (${parts})`;
  if (best === null)
    return {
      what: 'GPU memory',
      needed,
      found: gpus === null ? 'no NVIDIA driver answers' : 'no GPU',
      ok,
      doThis:
        'Run this preset on a machine with an NVIDIA GPU; npm run doctor and npm run gpu:check say what is missing there.',
    };
  return {
    what: 'GPU memory',
    needed,
    found: `${best.name}: ${(free / GB).toFixed(0)} GB free`,
    ok,
    doThis: ok
      ? ''
      : 'Free the GPU (%gpu names who holds it), take a larger one, a smaller model, or a smaller rank or batch.',
  };
}

/** Room on the disk that holds a folder, which need not exist yet; bytes. */
export function diskRequirement(what: string, folder: string, bytes: number): Requirement {
  let place = resolve(folder);
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const ok = free >= bytes;
  return {
    what,
    needed: `${(bytes / GB).toFixed(1)} GB`,
    found: `${(free / GB).toFixed(0)} GB free`,
    ok,
    doThis: ok
      ? ''
      : 'Free some space, or name a folder on another disk (MSTLAB_RUNS for runs, HF_HUB_CACHE for models).',
  };
}

/** How long it will take: for the reader to decide, so it is always ok. */
export function timeRequirement(hours: number, from: string): Requirement {
  return {
    what: 'time',
    needed: `about ${hours < 2 ? hours.toFixed(1) : Math.round(hours)} hours`,
    found: `computed, not measured: ${from}`,
    ok: true,
    doThis: '',
  };
}

/** Columns what, needed, found, ok, do_this. */
export function requirementsFrame(rows: readonly Requirement[]) {
  return frameOfRows(
    rows.map(({ doThis, ...row }) => ({ ...row, do_this: doThis })),
    ['what', 'needed', 'found', 'ok', 'do_this'],
  );
}

/** A line a requirement, and what to do about those that are not met. */
export function requirementsText(rows: readonly Requirement[]): string {
  return rows
    .map(
      ({ what, needed, found, ok, doThis }) =>
        `${ok ? 'ok      ' : 'MISSING '} ${what}: ${needed}; ${found}${doThis === '' ? '' : `. ${doThis}`}`,
    )
    .join('\n');
}

/** Throws ConfigError that lists every requirement that is not met and what to do. */
export function assertRequirements(where: string, rows: readonly Requirement[]): void {
  const open = rows.filter(({ ok }) => !ok);
  if (open.length === 0) return;
  throw new ConfigError(
    `${where}: the machine must have what the run needs, got ${open.map(({ what, needed, found }) => `${what}: ${found} (needed: ${needed})`).join('; ')}. ${open.map(({ doThis }) => doThis).join(' ')}`,
  );
}
