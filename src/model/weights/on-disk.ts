import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findSnapshot, missingFiles, repositoryFolder } from './hub-cache';
import { type Environment, hubSettings, parseHubRef } from './hub-settings';
import { configFromHuggingFace } from './huggingface-config';
import type { ModelConfig } from './model-config';
import { DEFAULT_MODEL, isFolder, resolveModelPath } from './model-path';

/** What of a model lies on this disk, found without asking the hub. */
export interface ModelOnDisk {
  /** Where it lies, or would lie. */
  readonly place: string;
  /** Files that are lacking; none if the model can be read. */
  readonly missing: readonly string[];
  /** Sizes from its config.json; null for a .gguf file, or where there is none that can be read. */
  readonly config: ModelConfig | null;
}

/**
 * Looks for a model reference as `locateModel` would, and fetches nothing: a .gguf file, a Hugging Face folder, or 'org/name[@revision]'
 * in the hub's cache. Throws nothing for what is not there: it is listed as missing.
 */
export function modelOnDisk(ref: string, env: Environment = process.env): ModelOnDisk {
  const name = ref === DEFAULT_MODEL && env.MSTLAB_MODEL ? env.MSTLAB_MODEL : ref;
  const hub = name === DEFAULT_MODEL || existsSync(resolve(name)) ? null : parseHubRef(name);
  if (hub) {
    const folder = repositoryFolder(hubSettings(env).cacheDir, hub.id);
    const snapshot = findSnapshot(folder, hub);
    return snapshot ? inFolder(snapshot.path) : { place: folder, missing: ['the model folder'], config: null };
  }
  let place: string;
  try {
    place = resolveModelPath(name, env);
  } catch {
    return { place: name, missing: ['the model file or folder'], config: null };
  }
  return isFolder(place) ? inFolder(place) : { place, missing: [], config: null };
}

function inFolder(place: string): ModelOnDisk {
  const missing = missingFiles(place);
  try {
    const config = configFromHuggingFace(JSON.parse(readFileSync(join(place, 'config.json'), 'utf8')), place);
    return { place, missing, config };
  } catch {
    return { place, missing, config: null };
  }
}
