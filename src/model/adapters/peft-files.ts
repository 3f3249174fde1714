import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostTensor } from '../../compute/graph';
import { FileFormatError, ShapeError } from '../../core';
import { type ModelConfig, openSafetensors, type TensorSource, writeSafetensors } from '../weights';
import type { Adapter } from './adapter';
import { adapterLayout, flattenAdapter } from './layout';
import { parsePeftConfig, peftConfigText } from './peft-config';

/** The base model that an adapter is saved for or put on. */
export interface AdapterBase {
  readonly config: ModelConfig;
  readonly files: { readonly id: string };
}

const WEIGHTS = 'adapter_model.safetensors';
const CONFIG = 'adapter_config.json';

/**
 * Writes an adapter as PEFT does: `adapter_model.safetensors` (f32, metadata format "pt") and
 * `adapter_config.json`, into `dir`, which is made if need be. Both land by rename, the config last.
 * Throws ShapeError if the adapter is not one for `base`.
 */
export function saveAdapter(adapter: Adapter, dir: string, base: AdapterBase): void {
  flattenAdapter(adapter, adapterLayout(base.config, adapter.config));
  mkdirSync(dir, { recursive: true });
  writeSafetensors(join(dir, WEIGHTS), adapter.tensors, { format: 'pt' });
  const temporary = join(dir, `${CONFIG}.${process.pid}.tmp`);
  writeFileSync(temporary, peftConfigText(adapter.config, base.files.id));
  renameSync(temporary, join(dir, CONFIG));
}

/**
 * Reads a PEFT adapter for `base`, strictly: every tensor that the config promises on this model must be there in
 * its shape, and none besides.
 * Throws FileFormatError naming the missing and the extra tensors, or the settings that are not supported;
 * ShapeError naming the first tensor whose rank or base does not fit.
 */
export function loadAdapter(dir: string, base: AdapterBase): Adapter {
  for (const name of [CONFIG, WEIGHTS])
    if (!existsSync(join(dir, name)))
      throw new FileFormatError(`loadAdapter: an adapter folder must hold ${name}, got none (${dir}). Check the path.`);
  const { config, baseModel } = parsePeftConfig(readFileSync(join(dir, CONFIG), 'utf8'), join(dir, CONFIG));
  const layout = adapterLayout(base.config, config);
  const source = openSafetensors(join(dir, WEIGHTS));
  try {
    const trainedOn = baseModel ? `trained on ${baseModel}` : 'its base model is not recorded';
    checkKeys(
      source,
      layout.entries.map((entry) => entry.key),
      `${dir}, ${trainedOn}`,
      base.files.id,
    );
    const tensors: Record<string, HostTensor> = {};
    for (const { key, shape, part } of layout.entries) {
      const found = source.info(key).shape;
      if (found.join() !== shape.join()) {
        const rankFits = (part === 'A' ? found[0] : found[1]) === config.rank;
        throw new ShapeError(
          `loadAdapter: ${key} must be [${shape}] on ${base.files.id} at rank ${config.rank}, got [${found}] (${dir}, ${trainedOn}). ` +
            (rankFits
              ? 'The adapter was trained on another base model; load that one.'
              : "The file's rank is not its config's; save the adapter again."),
        );
      }
      tensors[key] = source.read(key);
    }
    return { config, tensors };
  } finally {
    source.close();
  }
}

function checkKeys(source: TensorSource, expected: readonly string[], from: string, baseId: string): void {
  const present = new Set(source.names());
  const wanted = new Set(expected);
  const missing = expected.filter((key) => !present.has(key));
  const extra = [...present].filter((key) => !wanted.has(key));
  if (missing.length === 0 && extra.length === 0) return;
  const list = (keys: readonly string[]): string => `${keys.slice(0, 4).join(', ')}${keys.length > 4 ? ', ...' : ''}`;
  const parts = [
    ...(missing.length > 0 ? [`${missing.length} missing: ${list(missing)}`] : []),
    ...(extra.length > 0 ? [`${extra.length} extra: ${list(extra)}`] : []),
  ];
  throw new FileFormatError(
    `loadAdapter: the file must hold exactly the ${expected.length} tensors of its config on ${baseId}, got ${parts.join('; ')} (${from}). ` +
      'The adapter belongs to another base model or was cut.',
  );
}
