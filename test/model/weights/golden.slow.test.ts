import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../../src/core';
import { samplingSchema } from '../../../src/model/generate';
import { type ModelFiles, openGguf, openModel, openSafetensors, resolveModelPath } from '../../../src/model/weights';
import { unpermuteRotary } from '../../../src/model/weights/gguf-names';

const golden = (name: string) => join(__dirname, '../../golden', name);

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('GGUF blocks', () => {
  const file = openGguf(golden('gguf-blocks.gguf'));
  const expected = openSafetensors(golden('gguf-blocks.safetensors'));

  test('of eleven types are listed', () => {
    expect([...file.names()].sort()).toEqual([
      'BF16',
      'F16',
      'F32',
      'Q4_0',
      'Q4_1',
      'Q4_K',
      'Q5_0',
      'Q5_1',
      'Q5_K',
      'Q6_K',
      'Q8_0',
    ]);
  });

  test.each([...file.names()])('%s decodes to the very values of the gguf package', (name) => {
    expect(file.info(name)).toEqual({ shape: [3, 512], stored: name });
    expect(file.read(name)).toEqual(expected.read(name));
  });
});

describe('the embedded model', () => {
  interface Row {
    stored: string;
    shape: number[];
    first: number[];
    last: number[];
    mean: number;
    std: number;
  }
  const rows = JSON.parse(readFileSync(golden('smollm2-weights.json'), 'utf8')) as Record<string, Row>;
  const names: Readonly<Record<string, string>> = {
    'token_embd.weight': 'model.embed_tokens.weight',
    'output_norm.weight': 'model.norm.weight',
    'blk.0.attn_q.weight': 'model.layers.0.self_attn.q_proj.weight',
    'blk.7.attn_k.weight': 'model.layers.7.self_attn.k_proj.weight',
    'blk.12.attn_v.weight': 'model.layers.12.self_attn.v_proj.weight',
    'blk.29.attn_output.weight': 'model.layers.29.self_attn.o_proj.weight',
    'blk.0.ffn_gate.weight': 'model.layers.0.mlp.gate_proj.weight',
    'blk.15.ffn_up.weight': 'model.layers.15.mlp.up_proj.weight',
    'blk.29.ffn_down.weight': 'model.layers.29.mlp.down_proj.weight',
    'blk.3.attn_norm.weight': 'model.layers.3.input_layernorm.weight',
  };

  let model: ModelFiles;
  let openCpuMs: number;
  beforeAll(async () => {
    const before = process.cpuUsage();
    model = await openModel('smollm2-135m');
    openCpuMs = cpuMsSince(before);
  });
  afterAll(() => model.close());

  test.each(Object.keys(rows))('%s has the values, mean and deviation that Python gives', (name) => {
    const { stored, shape, first, last, mean, std } = rows[name];
    expect(model.tensors.info(names[name])).toEqual({ shape, stored });
    const data = model.tensors.read(names[name]).data as Float32Array;
    // Rows of q and k come in Hugging Face's order: the first and last row of the file stay where they are.
    expect([...data.subarray(0, 16)]).toEqual(first);
    expect([...data.subarray(-16)]).toEqual(last);
    const sum = data.reduce((total, value) => total + value, 0);
    const squares = data.reduce((total, value) => total + (value - mean) ** 2, 0);
    expect(Math.abs(sum / data.length - mean)).toBeLessThan(1e-9);
    expect(Math.abs(Math.sqrt(squares / data.length) / std - 1)).toBeLessThan(1e-9);
  });

  test('has all 272 tensors bit for bit as transformers dequantises them', () => {
    const hashes = JSON.parse(readFileSync(golden('smollm2-hashes.json'), 'utf8')) as Record<string, string>;
    expect(Object.keys(hashes).sort()).toEqual([...model.tensors.names()].sort());
    const wrong = Object.keys(hashes).filter((name) => {
      const data = model.tensors.read(name).data as Float32Array;
      return sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).slice(0, 16) !== hashes[name];
    });
    expect(wrong).toEqual([]);
  });

  test('has 134,515,008 values, opened and read in under 3 s of processor time', () => {
    const before = process.cpuUsage();
    let count = 0;
    let finite = true;
    for (const name of model.tensors.names()) {
      const { data } = model.tensors.read(name);
      count += data.length;
      finite &&= Number.isFinite(data[0] + data[data.length - 1]);
    }
    expect(count).toBe(134_515_008);
    expect(finite).toBe(true);
    // Observed 0.8 s: tokenizer and file hash 0.45 s, all tensors 0.35 s.
    expect(openCpuMs + cpuMsSince(before)).toBeLessThan(3_000);
  });

  test('is told by the hash of its file and by its sizes', () => {
    expect(model.hash).toBe('b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53');
    expect(model.config).toEqual({
      family: 'llama',
      vocabSize: 49_152,
      hiddenSize: 576,
      layers: 30,
      heads: 9,
      kvHeads: 3,
      headDim: 64,
      mlpSize: 1_536,
      ropeTheta: 100_000,
      ropeScaling: null,
      rmsEps: 1e-5,
      tieEmbeddings: true,
      attentionBias: false,
      maxPositions: 8_192,
    });
  });

  test('is what MSTLAB_MODEL names, if that is set', () => {
    expect(resolveModelPath('smollm2-135m', { MSTLAB_MODEL: golden('tiny-llama') })).toBe(golden('tiny-llama'));
    expect(() => resolveModelPath('smollm2-135m', { MSTLAB_MODEL: '/nowhere' })).toThrow('got "/nowhere"');
  });
});

describe('one model in two layouts', () => {
  test.each(['tiny-llama', 'tiny-qwen2', 'tiny-qwen3'])(
    '%s.gguf and its folder give the same tensors, config and ids',
    async (name) => {
      const gguf = await openModel(golden(`${name}.gguf`));
      const folder = await openModel(golden(name));
      expect(gguf.config).toEqual(folder.config);
      expect([...gguf.tensors.names()].sort()).toEqual([...folder.tensors.names()].sort());
      for (const name of folder.tensors.names()) expect(gguf.tensors.read(name)).toEqual(folder.tensors.read(name));
      const text = '<|im_start|>user\nthe rain, in a test\n\n<|im_end|>';
      expect(gguf.tokenizer.encode(text)).toEqual(folder.tokenizer.encode(text));
      expect(gguf.tokenizer.renderChat([{ role: 'user', content: 'a' }], { addGenerationPrompt: true })).toBe(
        folder.tokenizer.renderChat([{ role: 'user', content: 'a' }], { addGenerationPrompt: true }),
      );
      gguf.close();
      folder.close();
    },
  );

  test('unpermuteRotary undoes the converter’s order head by head', () => {
    // Two heads of width 6, one column: the converter pairs j with j + 3.
    const file = Float32Array.from([0, 3, 1, 4, 2, 5, 10, 13, 11, 14, 12, 15]);
    expect([...unpermuteRotary(file, 2, 1)]).toEqual([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]);
  });
});

describe('folders of four kinds', () => {
  test.each([
    ['tiny-llama', 'F32', 1],
    ['tiny-llama3', 'BF16', 1],
    ['tiny-qwen2', 'F16', 2],
    ['tiny-qwen3', 'BF16', 1],
  ])('%s is stored as %s in %i file(s) and reads as f32', async (name, stored, files) => {
    const model = await openModel(golden(name));
    expect(model.tensors.files).toHaveLength(files);
    for (const tensor of model.tensors.names()) {
      expect(model.tensors.info(tensor).stored).toBe(stored);
      const { dtype, data, shape } = model.tensors.read(tensor);
      expect(dtype).toBe('f32');
      expect(data).toHaveLength(shape.reduce((product, axis) => product * axis, 1));
    }
    model.close();
  });

  test('sampling defaults that a model ships are not taken over: only its stop tokens are read', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'mstlab-defaults-')), 'tiny-qwen2');
    cpSync(golden('tiny-qwen2'), folder, { recursive: true });
    const path = join(folder, 'generation_config.json');
    const shipped = { repetition_penalty: 1.05, temperature: 0.7, top_p: 0.8, top_k: 20, do_sample: true };
    writeFileSync(path, JSON.stringify({ ...shipped, eos_token_id: [2, 0] }));
    const model = await openModel(folder);
    expect([...model.tokenizer.stopTokenIds].sort()).toEqual([0, 2]);
    // There is no repetition penalty to set, and a temperature must be given: nothing of the file can reach a sampler.
    const refused = samplingSchema.safeParse({ maxNewTokens: 1, ...shipped }).error?.issues[0];
    expect(refused?.message).toContain('"repetition_penalty"');
    expect(samplingSchema.safeParse({ maxNewTokens: 1 }).success).toBe(false);
    model.close();
    rmSync(join(folder, '..'), { recursive: true });
  });

  test('their configs hold what transformers wrote', async () => {
    const llama3 = await openModel(golden('tiny-llama3'));
    expect(llama3.config.ropeScaling).toEqual({
      type: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositions: 64,
    });
    const qwen2 = await openModel(golden('tiny-qwen2'));
    expect(qwen2.config).toMatchObject({ family: 'qwen2', attentionBias: true, tieEmbeddings: false, headDim: 4 });
    expect(qwen2.tensors.info('model.layers.1.self_attn.k_proj.bias').shape).toEqual([8]);
    const qwen3 = await openModel(golden('tiny-qwen3'));
    expect(qwen3.config).toMatchObject({ family: 'qwen3', attentionBias: false, tieEmbeddings: true, headDim: 6 });
    expect(qwen3.config.ropeTheta).toBe(1e6);
    expect(qwen3.tensors.info('model.layers.1.self_attn.q_norm.weight').shape).toEqual([6]);
    llama3.close();
    qwen2.close();
    qwen3.close();
  });
});
