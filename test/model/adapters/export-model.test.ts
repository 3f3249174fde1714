import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eagerBackend } from '../../../src/compute/backends';
import { ConfigError } from '../../../src/core';
import { exportModel, loadAdapter } from '../../../src/model/adapters';
import { loadModel } from '../../../src/model/families';
import { Generator } from '../../../src/model/generate';
import { dequantiseNf4, type ModelFiles, openModel, openSafetensors, quantiseNf4 } from '../../../src/model/weights';
import { tinyFolder } from '../../support/tiny-models';

const WEIGHT = 'model.layers.1.self_attn.o_proj.weight';

describe('an exported model', () => {
  let dir: string;
  let files: ModelFiles;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'mstlab-export-'));
    files = await openModel(tinyFolder('tiny-llama'));
  });
  afterEach(() => {
    files.close();
    rmSync(dir, { recursive: true });
  });
  const adapter = () => loadAdapter(join(tinyFolder('tiny-llama'), 'adapter'), { config: files.config, files });

  it('in NF4 holds what transformers and bitsandbytes write for the same model', async () => {
    await exportModel(files, dir, { as: 'nf4' });
    const folder = join(__dirname, '../../golden/tiny-llama-nf4');
    const [ours, theirs] = [openSafetensors(dir), openSafetensors(folder)];
    expect([...ours.names()].sort()).toEqual([...theirs.names()].sort());
    const codes = theirs.names().filter((name) => name.endsWith('_proj.weight'));
    expect(codes).toHaveLength(14);
    for (const name of codes) expect(ours.read(name)).toEqual(theirs.read(name));
    const config = (of: string) => JSON.parse(readFileSync(join(of, 'config.json'), 'utf8')).quantization_config;
    expect(config(folder)).toMatchObject({ ...config(dir), bnb_4bit_compute_dtype: 'float32' });
    ours.close();
    theirs.close();
    const model = await loadModel(dir, { backend: eagerBackend(), quantisation: 'nf4' });
    expect(Object.keys(model.weights)).toContain(`${WEIGHT}.nf4.codes`);
    model.dispose();
  });

  it('with an adapter merged continues a prompt as base and adapter do apart, in shards too', async () => {
    const progress: number[] = [];
    const exported = await exportModel(files, dir, {
      adapter: adapter(),
      shardBytes: 4000,
      onProgress: ({ done }) => progress.push(done),
    });
    expect(exported.requantised).toBeNull();
    expect(progress).toEqual(files.tensors.names().map((_, i) => i + 1));
    const shards = readdirSync(dir).filter((name) => /^model-\d{5}-of-\d{5}\.safetensors$/.test(name));
    expect(shards.length).toBeGreaterThan(3);
    expect(readdirSync(dir).filter((name) => name.endsWith('.part'))).toEqual([]);
    const backend = eagerBackend();
    const [apart, merged] = [await loadModel(files, { backend }), await loadModel(dir, { backend })];
    const prompts = [{ id: 'a', ids: Int32Array.of(57, 49, 60, 55) }];
    const options = { maxNewTokens: 6, temperature: 0, seed: 1 };
    const generators = [new Generator(apart, adapter()), new Generator(merged, null)];
    const [first, second] = await Promise.all(generators.map((generator) => generator.generate(prompts, options)));
    expect([...second[0].tokenIds]).toEqual([...first[0].tokenIds]);
    for (const generator of generators) generator.dispose();
    apart.dispose();
    merged.dispose();
  });

  it('of an adapter trained on 4 bits is the unpacked base and the update; quantised again it says what that changed', async () => {
    const read = (): Float32Array => {
      const source = openSafetensors(dir);
      const data = source.read(WEIGHT).data as Float32Array;
      source.close();
      return data;
    };
    const { data, shape } = files.tensors.read(WEIGHT);
    const base = dequantiseNf4(quantiseNf4(data as Float32Array, shape));
    await exportModel(files, dir, { base: 'nf4' });
    read().forEach((value, i) => {
      expect(Math.abs(value - base[i])).toBeLessThanOrEqual(Math.abs(base[i]) / 256);
    });
    await exportModel(files, dir, { base: 'nf4', adapter: adapter() });
    expect(Math.max(...read().map((value, i) => Math.abs(value - base[i])))).toBeGreaterThan(0.01);
    const again = await exportModel(files, dir, { base: 'nf4', adapter: adapter(), as: 'nf4' });
    expect(again.requantised!.relative).toBeGreaterThan(0.02);
    expect(again.requantised!.relative).toBeLessThan(0.2);
    expect(again.requantised!.warning).toContain(`${(100 * again.requantised!.relative).toFixed(1)}%`);
  });

  it('of a checkpoint in NF4 keeps its codes, and takes the place of the model that was there', async () => {
    await exportModel(files, dir, {});
    const stored = await openModel(join(__dirname, '../../golden/tiny-llama-nf4'));
    await exportModel(stored, dir, { as: 'nf4', shardBytes: 4000 });
    expect(readdirSync(dir)).not.toContain('model.safetensors');
    const again = await openModel(dir);
    expect(again.tensors.readNf4!(WEIGHT)).toEqual(stored.tensors.readNf4!(WEIGHT));
    await exportModel(stored, dir, {});
    expect(readdirSync(dir).filter((name) => name.includes('safetensors'))).toEqual(['model.safetensors']);
    again.close();
    stored.close();
  });

  it('needs a folder of another name, and leaves nothing when it is stopped', async () => {
    await expect(exportModel(files, files.path)).rejects.toThrow(ConfigError);
    await expect(exportModel({ ...files, path: '/no/model.gguf' }, dir)).rejects.toThrow(/Hugging Face folder/);
    const stop = new AbortController();
    const onProgress = ({ done }: { done: number }) => {
      if (done === 5) stop.abort();
    };
    await expect(exportModel(files, dir, { shardBytes: 1000, signal: stop.signal, onProgress })).rejects.toThrow(
      /exportModel/,
    );
    expect(readdirSync(dir)).toEqual([]);
  });
});
