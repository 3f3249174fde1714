import { existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { frameOfRows } from '../analysis/frame';
import { type GpuState, gpuStates } from '../compute/backends';
import { sizeOf } from '../compute/graph';
import { ConfigError } from '../core';
import { adapterLayout, type LoraConfig } from '../model/adapters';
import { weightShapes } from '../model/families';
import { type ModelConfig, type ModelOnDisk, modelOnDisk } from '../model/weights';
import { runsRoot } from '../runs';
import type { RunMemory } from '../train';

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
/** Products that a large GPU keeps up over a whole run, beside launches and reading weights; a third to a tenth of its peak. */
const KEPT_FLOP_PER_SECOND = 1e14;
/** What TensorFlow and its libraries hold of a GPU beside a program's values. */
const RESERVED = 1.15;

/** What is looked at; all of it can be told instead. */
export interface Machine {
  /** As `gpuStates` gives them; null where no driver answers. */
  readonly gpus?: readonly GpuState[] | null;
  /** The folder of runs; default MSTLAB_RUNS or `runs/`. */
  readonly runs?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What a run asks for, as far as its settings tell. */
export interface RunNeeds {
  /** A model reference; null for a model that is trained here. */
  readonly model: string | null;
  /** Sizes of models that are not on disk yet, by lower-case hub id. */
  readonly known: Readonly<Record<string, ModelConfig>>;
  readonly onGpu: boolean;
  readonly lora: LoraConfig;
  /** What training holds; asked for a GPU alone. For a large model it takes some seconds: programs are built and walked. */
  memory(sizes: ModelConfig): RunMemory;
  /** What is left on disk, bytes; `adapter`: trained parameters, null where the sizes are not known. */
  keptBytes(adapter: number | null): number;
  /** Operations of all trainings (`base`, `adapter`: parameters), and what they are. */
  operations(base: number, adapter: number): { readonly count: number; readonly of: string };
}

/**
 * What a run needs of a machine (model files, memory of a GPU where it wants one, disk, hours) and what is there. Nothing is fetched,
 * loaded or trained; time is told for a GPU alone, since a processor's is better measured. Sizes come from the model's config.json, or are known; otherwise the memory cannot be told, which is not ok.
 */
export function runRequirements(needs: RunNeeds, machine: Machine = {}): Requirement[] {
  const { env = process.env, runs = runsRoot() } = machine;
  const { model } = needs;
  const disk = model === null ? { place: '', missing: [], config: null } : modelOnDisk(model, env);
  const sizes = disk.config ?? needs.known[(model ?? '').split('@')[0].toLowerCase()] ?? null;
  const base = sizes && parametersOf(sizes);
  const adapter = sizes && adapterLayout(sizes, needs.lora).size;
  const rows: Requirement[] = [];
  if (model !== null) rows.push(modelRequirement(model, disk, base === null ? null : 2 * base));
  if (needs.onGpu) {
    const gpus = machine.gpus === undefined ? gpuStates() : machine.gpus;
    rows.push(sizes === null ? unknownMemory(gpus) : memoryRequirement(gpus, needs.memory(sizes)));
  }
  if (disk.missing.length > 0 && base !== null) rows.push(diskRequirement('disk for the model', disk.place, 2 * base));
  rows.push(diskRequirement('disk for runs', runs, needs.keptBytes(adapter)));
  if (needs.onGpu && base !== null && adapter !== null) {
    const { count, of } = needs.operations(base, adapter);
    const rate = `at ${KEPT_FLOP_PER_SECOND / 1e12} TFLOP/s kept up, as a large GPU has`;
    rows.push(timeRequirement(count / KEPT_FLOP_PER_SECOND / 3600, `${of}, ${rate}`));
  }
  return rows;
}

function parametersOf(sizes: ModelConfig): number {
  return Object.values(weightShapes(sizes, 'f32', 'none')).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

function memoryRequirement(gpus: readonly GpuState[] | null, memory: RunMemory): Requirement {
  const gb = (bytes: number) => (bytes / GB).toFixed(1);
  const { weights, adapter, optimiserState, gradientSum, activations } = memory;
  const parts = `base ${gb(weights)}, adapter ${gb(adapter)}, optimiser ${gb(optimiserState)}, gradients ${gb(gradientSum)}, activations ${gb(activations)} GB, and ${Math.round(100 * (RESERVED - 1))}% over`;
  return gpuRequirement(gpus, RESERVED * memory.total, parts);
}

function unknownMemory(gpus: readonly GpuState[] | null): Requirement {
  return {
    what: 'GPU memory',
    needed: 'cannot be told without the sizes of the model',
    found: gpus === null ? 'no NVIDIA driver answers' : `${gpus.length} GPU`,
    ok: false,
    doThis: 'Fetch the model first: its config.json has the sizes.',
  };
}

/** The files of a model, found without the network. `downloadBytes`: about what fetching it takes; null if not known. */
function modelRequirement(ref: string, { place, missing }: ModelOnDisk, downloadBytes: number | null): Requirement {
  const ok = missing.length === 0;
  const folder = place.split('/').at(-1);
  return {
    what: 'model files',
    needed: downloadBytes === null ? ref : `${ref}, about ${(downloadBytes / GB).toFixed(0)} GB`,
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
function diskRequirement(what: string, folder: string, bytes: number): Requirement {
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
function timeRequirement(hours: number, from: string): Requirement {
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
