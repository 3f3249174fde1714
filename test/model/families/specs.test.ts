import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FAMILY_NAMES, FAMILY_SPECS } from '../../../src/model/families/specs';
import { openGguf } from '../../../src/model/weights';
import { TINY_MODELS, tinyFolder } from '../../support/tiny-models';

const folder = join(__dirname, '../../../src/model/families/specs');

/** The tiny models whose config.json is of a type. */
const tinyModelsOf = (modelType: string) =>
  TINY_MODELS.filter(
    (name) => JSON.parse(readFileSync(join(tinyFolder(name), 'config.json'), 'utf8')).model_type === modelType,
  );

describe('a model family', () => {
  test('is one file, and every file is a family', () => {
    const files = readdirSync(folder).filter((name) => !['index.ts', 'family-spec.ts'].includes(name));
    expect(files.sort()).toEqual(FAMILY_NAMES.map((name) => `${name}.ts`).sort());
  });

  test.each(FAMILY_NAMES)('%s has a tiny model with the numbers of PyTorch, as a folder and as GGUF', (name) => {
    const { huggingFace, gguf } = FAMILY_SPECS[name];
    const models = tinyModelsOf(huggingFace.modelType);
    expect(models.length).toBeGreaterThanOrEqual(1);
    const files = models.map((model) => `${tinyFolder(model)}.gguf`).filter((path) => existsSync(path));
    expect(files.length).toBeGreaterThanOrEqual(1);
    for (const path of files) {
      const source = openGguf(path);
      expect(source.metadata['general.architecture']).toBe(gguf.architecture);
      source.close();
    }
  });

  test('is told from the others by its names in both kinds of file', () => {
    for (const nameOf of [
      (name: (typeof FAMILY_NAMES)[number]) => FAMILY_SPECS[name].huggingFace.modelType,
      (name: (typeof FAMILY_NAMES)[number]) => FAMILY_SPECS[name].gguf.architecture,
    ])
      expect(new Set(FAMILY_NAMES.map(nameOf)).size).toBe(FAMILY_NAMES.length);
  });
});
