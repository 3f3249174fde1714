import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { HostTensor } from '../../../src/compute/graph';
import { FileFormatError, MstlabError } from '../../../src/core';
import { openGguf, openModel, openSafetensors, writeSafetensors } from '../../../src/model/weights';

const golden = (name: string) => join(__dirname, '../../golden', name);
const scratch = mkdtempSync(join(tmpdir(), 'mstlab-damaged-'));
afterAll(() => rmSync(scratch, { recursive: true }));

let files = 0;
function write(name: string, bytes: Uint8Array): string {
  const path = join(scratch, `${files++}-${name}`);
  writeFileSync(path, bytes);
  return path;
}

function errorOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** A copy of tiny-llama whose tensors went through `change`. */
function changedFolder(change: (tensors: Record<string, HostTensor>) => void, from = 'tiny-llama'): string {
  const folder = join(scratch, `${files++}-folder`);
  cpSync(golden(from), folder, { recursive: true });
  const source = openSafetensors(folder);
  const tensors: Record<string, HostTensor> = {};
  for (const name of source.names()) tensors[name] = source.read(name);
  source.close();
  change(tensors);
  writeSafetensors(join(folder, 'model.safetensors'), tensors);
  return folder;
}

describe('a truncated file', () => {
  test('of safetensors is refused by name wherever it is cut', () => {
    const whole = readFileSync(golden('tiny-llama/model.safetensors'));
    const header = 8 + Number(whole.readBigUInt64LE(0));
    const cuts = [0, 1, 7, 8, 9, header - 1, header, header + 1, whole.length - 1];
    for (let cut = 500; cut < whole.length; cut += 997) cuts.push(cut);
    for (const cut of cuts) {
      const path = write('cut.safetensors', whole.subarray(0, cut));
      const error = errorOf(() => openSafetensors(path));
      expect(error).toBeInstanceOf(FileFormatError);
      expect(error.message).toContain(path);
      if (cut >= header) expect(error.message).toMatch(/tensor "model\.[a-z0-9._]+" must end by byte/);
    }
  });

  test('of GGUF is refused by name wherever it is cut', () => {
    const whole = readFileSync(golden('tiny-llama.gguf'));
    const cuts = [0, 3, 4, 7, 8, 15, 16, 23, 24, 30, whole.length - 1];
    for (let cut = 100; cut < whole.length; cut += 997) cuts.push(cut);
    const sections = new Set<string>();
    for (const cut of cuts) {
      const path = write('cut.gguf', whole.subarray(0, cut));
      const error = errorOf(() => openGguf(path));
      expect(error).toBeInstanceOf(FileFormatError);
      expect(error.message).toContain(path);
      for (const section of ['magic', 'version', 'count', 'metadata "', 'tensor table', 'tensor "'])
        if (error.message.includes(section)) sections.add(section);
    }
    expect([...sections].sort()).toEqual(['count', 'magic', 'metadata "', 'tensor "', 'tensor table', 'version']);
  });
});

describe('a damaged header', () => {
  test('never makes a crash or a hang: each flipped byte gives a model or an error of ours', () => {
    const whole = readFileSync(golden('tiny-llama.gguf'));
    for (let at = 0; at < 6000; at += 17) {
      const bytes = Uint8Array.from(whole);
      bytes[at] ^= 0xff;
      const path = write('flipped.gguf', bytes);
      try {
        openGguf(path).close();
      } catch (error) {
        expect(error).toBeInstanceOf(MstlabError);
        expect((error as Error).message).toContain(path);
      }
      rmSync(path);
    }
  });

  test.each([
    ['another magic', (bytes: Buffer) => bytes.writeUInt32LE(0x12345678, 0), 'must start with "GGUF"'],
    ['version 1', (bytes: Buffer) => bytes.writeUInt32LE(1, 4), 'version must be 2 or 3, got 1'],
    ['an impossible count', (bytes: Buffer) => bytes.writeBigUInt64LE(1n << 60n, 8), 'must be at most the file'],
  ])('of GGUF with %s says so', (_, change, message) => {
    const bytes = readFileSync(golden('tiny-llama.gguf'));
    change(bytes);
    expect(() => openGguf(write('bad.gguf', bytes))).toThrow(message);
  });

  test.each([
    [11, 'got Q3_K (number 11'],
    [99, 'got an unknown type (number 99'],
  ])('of GGUF with tensors of type %i names the type, the tensor and what is read', (type, message) => {
    const bytes = readFileSync(golden('gguf-blocks.gguf'));
    const at = bytes.indexOf('Q5_K');
    const name = 4 + 4; // after the name: the number of axes, the axes, then the type
    bytes.writeUInt32LE(type, at + name + 2 * 8);
    expect(() => openGguf(write('type.gguf', bytes))).toThrow(
      /tensor "Q5_K" must be stored as one of F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, BF16/,
    );
    expect(() => openGguf(write('type.gguf', bytes))).toThrow(message);
  });

  test.each([
    ['text', '{"a": 1}         ', 'is not a safetensors file'],
    ['a list', '[]', 'must be a JSON object'],
    ['half an entry', '{"w":{"dtype":"F32"}}', 'entry of tensor "w" must have dtype, shape and data_offsets'],
    ['a size that does not fit', '{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}', 'must have 12 bytes, got 8'],
    [
      'two tensors in one place',
      '{"v":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"w":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}     ',
      'tensors must not share bytes, got "v" and "w"',
    ],
    [
      'an end beyond the file',
      '{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}',
      'tensor "w" must end by byte',
    ],
  ])('of safetensors with %s says so', (name, text, message) => {
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(text.length));
    const data = Buffer.alloc(name.startsWith('two') ? 8 : 0);
    const bytes = name === 'text' ? Buffer.from(text) : Buffer.concat([prefix, Buffer.from(text), data]);
    expect(() => openSafetensors(write('bad.safetensors', bytes))).toThrow(message);
  });

  test('a stored type that is not read is refused at that tensor only', () => {
    const path = join(scratch, 'ints.safetensors');
    writeSafetensors(path, {
      w: { shape: [2], dtype: 'f32', data: Float32Array.of(1, 2) },
      i: { shape: [2], dtype: 'i32', data: Int32Array.of(1, 2) },
    });
    const source = openSafetensors(path);
    expect(source.read('w').data).toEqual(Float32Array.of(1, 2));
    expect(() => source.read('i')).toThrow('tensor "i" must be stored as F32, F16, BF16 or U8, got I32');
    source.close();
    expect(() => source.read('w')).toThrow('must be open');
  });
});

describe('a GGUF file in parts', () => {
  test('is refused as such, and not by what it lacks', () => {
    // The two layers become two parts; the shorter key moves what follows, hence the room at the end.
    const bytes = readFileSync(golden('tiny-llama.gguf'));
    const at = bytes.indexOf('llama.block_count');
    const key = Buffer.from('split.count');
    const rest = bytes.subarray(at + 'llama.block_count'.length);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(key.length));
    const path = write('part.gguf', Buffer.concat([bytes.subarray(0, at - 8), length, key, rest, Buffer.alloc(64)]));
    expect(() => openGguf(path)).toThrow(/must be in one GGUF file, got part 1 of 2 .*llama-gguf-split --merge/);
  });
});

describe('a model that is not whole', () => {
  const GATE = 'model.layers.1.mlp.gate_proj.weight';

  test('without a tensor names the file, the tensor and its neighbours', async () => {
    const folder = changedFolder((tensors) => {
      delete tensors[GATE];
    });
    await expect(openModel(folder)).rejects.toThrow(
      new RegExp(`tensor "${GATE}" must be in the file, got none \\(${folder}.*layers\\.0\\.mlp\\.gate_proj`),
    );
  });

  test('with a tensor of another shape names the file, the tensor and both shapes', async () => {
    const folder = changedFolder((tensors) => {
      tensors[GATE] = { ...tensors[GATE], shape: [24, 40] };
    });
    await expect(openModel(folder)).rejects.toThrow(`tensor "${GATE}" must have shape [40,24], got [24,40] (${folder}`);
  });

  test('with a tensor that no forward pass would use is refused, and rotary buffers are not', async () => {
    const tensor: HostTensor = { shape: [1], dtype: 'f32', data: Float32Array.of(1) };
    const bias = changedFolder((tensors) => {
      tensors['model.layers.0.self_attn.q_proj.bias'] = tensor;
    });
    await expect(openModel(bias)).rejects.toThrow('got also "model.layers.0.self_attn.q_proj.bias"');
    const buffer = changedFolder((tensors) => {
      tensors['model.layers.0.self_attn.rotary_emb.inv_freq'] = tensor;
    });
    (await openModel(buffer)).close();
  });

  test('without a shard, or with an index that names a tensor no shard has, names both', async () => {
    const folder = join(scratch, 'shards');
    cpSync(golden('tiny-qwen2'), folder, { recursive: true });
    rmSync(join(folder, 'model-00002-of-00002.safetensors'));
    await expect(openModel(folder)).rejects.toThrow('model-00002-of-00002.safetensors');
    copyFileSync(join(folder, 'model-00001-of-00002.safetensors'), join(folder, 'model-00002-of-00002.safetensors'));
    await expect(openModel(folder)).rejects.toThrow(/tensor ".*" must stand in one shard/);
    copyFileSync(
      golden('tiny-qwen2/model-00002-of-00002.safetensors'),
      join(folder, 'model-00002-of-00002.safetensors'),
    );
    const index = join(folder, 'model.safetensors.index.json');
    const text = readFileSync(index, 'utf8');
    writeFileSync(index, text.replace('"model.norm.weight"', '"model.other.weight"'));
    await expect(openModel(folder)).rejects.toThrow('tensor "model.other.weight" must be in the file');
  });

  test('with a tokenizer of more ids than rows is refused', async () => {
    const folder = join(scratch, 'vocabulary');
    cpSync(golden('tiny-llama'), folder, { recursive: true });
    const path = join(folder, 'tokenizer.json');
    const json = JSON.parse(readFileSync(path, 'utf8'));
    json.model.vocab.zzz = 99;
    writeFileSync(path, JSON.stringify(json));
    await expect(openModel(folder)).rejects.toThrow("fit the embedding's 67 rows, got a tokenizer with ids up to 99");
  });

  test('that does not exist, or a folder without weights, says what a model can be', async () => {
    await expect(openModel('smollm3')).rejects.toThrow(
      '"smollm2-135m", a .gguf file, a Hugging Face folder or "org/name" of the hub, got "smollm3"',
    );
    await expect(openModel(scratch)).rejects.toThrow('config.json must be a JSON file');
    expect(() => openSafetensors(scratch)).toThrow('must hold model.safetensors or model.safetensors.index.json');
    expect(() => openSafetensors(join(scratch, 'none'))).toThrow('got nothing');
  });
});
