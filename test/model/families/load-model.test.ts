import { describe, expect, it } from 'vitest';
import { eagerBackend } from '../../../src/compute/backends';
import { AbortedError, FileFormatError, ShapeError } from '../../../src/core';
import { loadModel } from '../../../src/model/families';
import { type ModelFiles, openModel } from '../../../src/model/weights';
import { tinyFolder } from '../../support/tiny-models';

const NORM = 'model.layers.1.post_attention_layernorm.weight';

/** The tiny model's files with one tensor hidden or of another shape. */
async function spoiled(change: Partial<ModelFiles['tensors']>): Promise<ModelFiles> {
  const files = await openModel(tinyFolder('tiny-llama'));
  return { ...files, tensors: { ...files.tensors, ...change } };
}

describe('loadModel', () => {
  it('names a missing tensor', async () => {
    const files = await openModel(tinyFolder('tiny-llama'));
    const broken = await spoiled({ names: () => files.tensors.names().filter((name) => name !== NORM) });
    const loading = loadModel(broken, { backend: eagerBackend() });
    await expect(loading).rejects.toThrow(FileFormatError);
    await expect(loading).rejects.toThrow(NORM);
  });

  it('names a tensor of another shape, with both shapes', async () => {
    const files = await openModel(tinyFolder('tiny-llama'));
    const broken = await spoiled({
      info: (name) => (name === NORM ? { shape: [7], stored: 'F32' } : files.tensors.info(name)),
    });
    const loading = loadModel(broken, { backend: eagerBackend() });
    await expect(loading).rejects.toThrow(ShapeError);
    await expect(loading).rejects.toThrow(`${NORM} must be [24] by the model's config, got [7]`);
  });

  it('stops on abort and reports each tensor', async () => {
    const files = await openModel(tinyFolder('tiny-llama'));
    const controller = new AbortController();
    const seen: number[] = [];
    const loading = loadModel(files, {
      backend: eagerBackend(),
      signal: controller.signal,
      onProgress: ({ done, total }) => {
        seen.push(done);
        expect(total).toBe(20);
        if (done === 3) controller.abort();
      },
    });
    await expect(loading).rejects.toThrow(AbortedError);
    expect(seen).toEqual([1, 2, 3]);
  });
});
