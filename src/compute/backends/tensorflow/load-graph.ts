import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InternalError, MachineError } from '../../../core';
import type { Addon } from './addon';

/**
 * Loads the bytes of a `saved_model.pb` as a TensorFlow session and returns its id. The folder that the addon reads it from is
 * removed again. Throws MachineError if it cannot be written, InternalError if TensorFlow refuses the graph.
 */
export function loadGraph(addon: Addon, savedModel: Uint8Array): number {
  let folder: string;
  try {
    folder = mkdtempSync(join(tmpdir(), 'mstlab-graph-'));
  } catch (cause) {
    throw notWritable(cause as Error);
  }
  try {
    try {
      writeFileSync(join(folder, 'saved_model.pb'), savedModel);
    } catch (cause) {
      throw notWritable(cause as Error);
    }
    try {
      return addon.loadSavedModel(folder, 'serve');
    } catch (cause) {
      throw new InternalError(`createSession: TensorFlow refused the graph: ${(cause as Error).message}`, { cause });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function notWritable(cause: Error): MachineError {
  return new MachineError(
    `createSession: the folder for temporary files must be writable, got "${cause.message}" (from ${tmpdir()}). Free space there or set TMPDIR.`,
    { cause },
  );
}
