import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileFormatError, RandomStream, ShapeError } from '../../../src/core';
import { initAdapter, loadAdapter, resolveLoraConfig, saveAdapter } from '../../../src/model/adapters';
import { type ModelFiles, openModel, openSafetensors, writeSafetensors } from '../../../src/model/weights';
import { tinyFolder } from '../../support/tiny-models';

describe('PEFT files', () => {
  let dir: string;
  let base: { config: ModelFiles['config']; files: ModelFiles };
  const golden = join(tinyFolder('tiny-llama'), 'adapter');
  const configPath = () => join(dir, 'adapter_config.json');
  const weightsPath = () => join(dir, 'adapter_model.safetensors');

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'mstlab-adapter-'));
    const files = await openModel(tinyFolder('tiny-llama'));
    base = { config: files.config, files };
  });
  afterEach(() => {
    base.files.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it("load PEFT's own adapter and save it with the same names, shapes, numbers and settings", () => {
    const adapter = loadAdapter(golden, base);
    expect(adapter.config).toEqual({
      rank: 3,
      alpha: 6,
      dropout: 0,
      rsLora: false,
      targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
    });
    saveAdapter(adapter, dir, base);
    const [ours, theirs] = [openSafetensors(weightsPath()), openSafetensors(join(golden, 'adapter_model.safetensors'))];
    expect([...ours.names()].sort()).toEqual([...theirs.names()].sort());
    expect(ours.metadata).toEqual(theirs.metadata);
    for (const name of theirs.names()) expect(ours.read(name)).toEqual(theirs.read(name));
    const written = JSON.parse(readFileSync(configPath(), 'utf8'));
    const reference = JSON.parse(readFileSync(join(golden, 'adapter_config.json'), 'utf8'));
    for (const [key, value] of Object.entries(written))
      expect([key, Array.isArray(value) ? [...value].sort() : value]).toEqual([
        key,
        Array.isArray(reference[key]) ? reference[key].sort() : reference[key],
      ]);
    expect(Object.keys(written)).toEqual(Object.keys(written).sort());
    ours.close();
    theirs.close();
  });

  it('name a missing and an extra tensor', () => {
    const adapter = loadAdapter(golden, base);
    const key = 'base_model.model.model.layers.1.mlp.up_proj.lora_B.weight';
    const { [key]: moved, ...rest } = adapter.tensors;
    cpSync(golden, dir, { recursive: true });
    writeSafetensors(weightsPath(), { ...rest, 'base_model.model.lm_head.lora_A.weight': moved });
    expect(() => loadAdapter(dir, base)).toThrow(FileFormatError);
    expect(() => loadAdapter(dir, base)).toThrow(
      new RegExp(`1 missing: ${key}; 1 extra: base_model.model.lm_head.lora_A.weight`),
    );
  });

  it('refuse a rank that the file does not have', () => {
    cpSync(golden, dir, { recursive: true });
    const config = JSON.parse(readFileSync(configPath(), 'utf8'));
    writeFileSync(configPath(), JSON.stringify({ ...config, r: 4 }));
    expect(() => loadAdapter(dir, base)).toThrow(ShapeError);
    expect(() => loadAdapter(dir, base)).toThrow("The file's rank is not its config's");
  });

  it('refuse another base model, with its name', async () => {
    const other = await openModel(tinyFolder('tiny-llama3'));
    expect(() => loadAdapter(golden, { config: other.config, files: other })).toThrow(
      /trained on tiny-llama\).*another base model/,
    );
    other.close();
  });

  it.each([
    ['peft_type', 'IA3'],
    ['use_dora', true],
    ['bias', 'all'],
    ['rank_pattern', { q_proj: 2 }],
    ['modules_to_save', ['lm_head']],
  ])('name a setting that is not supported: %s', (field, value) => {
    cpSync(golden, dir, { recursive: true });
    const config = JSON.parse(readFileSync(configPath(), 'utf8'));
    writeFileSync(configPath(), JSON.stringify({ ...config, [field]: value }));
    expect(() => loadAdapter(dir, base)).toThrow(new RegExp(`got ${field}`));
  });

  it('start at A uniform within ±1/√Din and B zero, by seed and by tensor', () => {
    const config = resolveLoraConfig({ rank: 5, alpha: 8, targets: ['q_proj', 'down_proj'] });
    const adapter = initAdapter(base.config, config, new RandomStream(7));
    const a = adapter.tensors['base_model.model.model.layers.0.mlp.down_proj.lora_A.weight'];
    expect(a.shape).toEqual([5, 40]);
    const largest = Math.max(...Array.from(a.data, Math.abs));
    expect(largest).toBeLessThanOrEqual(1 / Math.sqrt(40));
    expect(largest).toBeGreaterThan(0.95 / Math.sqrt(40));
    expect(
      adapter.tensors['base_model.model.model.layers.0.mlp.down_proj.lora_B.weight'].data.every((x) => x === 0),
    ).toBe(true);
    const alone = initAdapter(base.config, { ...config, targets: ['down_proj'] }, new RandomStream(7));
    expect(alone.tensors['base_model.model.model.layers.0.mlp.down_proj.lora_A.weight']).toEqual(a);
  });
});
