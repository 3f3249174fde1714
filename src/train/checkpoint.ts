import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostTensor } from '../compute/graph';
import { FileFormatError } from '../core';
import { openSafetensors, writeSafetensors } from '../model/weights';

/** Tensors and plain facts of a run at one step. */
export interface Checkpoint<Facts> {
  readonly step: number;
  readonly facts: Facts;
  readonly tensors: Readonly<Record<string, HostTensor>>;
}

const FOLDER = 'checkpoints';
const TENSORS = 'state.safetensors';
const MANIFEST = 'manifest.json';

function stepName(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

/** Step numbers of the complete checkpoints in a run directory, ascending. */
function savedSteps(dir: string): number[] {
  const root = join(dir, FOLDER);
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => /^step-\d{8}$/.test(name))
    .map((name) => Number(name.slice(5)))
    .sort((a, b) => a - b);
}

/**
 * Saves a checkpoint as `dir/checkpoints/step-N/` (safetensors and a manifest) and removes older ones. The folder is
 * filled under another name and renamed: a kill at any moment leaves the old checkpoint or the new one.
 */
export function saveCheckpoint<Facts>(dir: string, checkpoint: Checkpoint<Facts>): void {
  const root = join(dir, FOLDER);
  const target = join(root, stepName(checkpoint.step));
  const temporary = `${target}.${process.pid}.tmp`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  writeSafetensors(join(temporary, TENSORS), checkpoint.tensors);
  writeFileSync(join(temporary, MANIFEST), JSON.stringify({ step: checkpoint.step, facts: checkpoint.facts }, null, 2));
  rmSync(target, { recursive: true, force: true });
  renameSync(temporary, target);
  for (const name of readdirSync(root))
    if (name !== stepName(checkpoint.step)) rmSync(join(root, name), { recursive: true, force: true });
}

/**
 * The newest complete checkpoint of a run directory, or null. Tensors come back bit for bit.
 * Throws FileFormatError if it is there and cannot be read.
 */
export function loadCheckpoint<Facts>(dir: string): Checkpoint<Facts> | null {
  const newest = savedSteps(dir).at(-1);
  if (newest === undefined) return null;
  const folder = join(dir, FOLDER, stepName(newest));
  let manifest: { step: number; facts: Facts };
  try {
    manifest = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as { step: number; facts: Facts };
  } catch (cause) {
    throw new FileFormatError(
      `loadCheckpoint: the manifest must be JSON, got ${(cause as Error).message} (${join(folder, MANIFEST)}). Remove that checkpoint to start over.`,
      { cause },
    );
  }
  const source = openSafetensors(join(folder, TENSORS));
  try {
    const tensors = Object.fromEntries(source.names().map((name) => [name, source.read(name)]));
    return { step: manifest.step, facts: manifest.facts, tensors };
  } finally {
    source.close();
  }
}
