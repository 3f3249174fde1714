import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { HostTensor } from '../../../src/compute/graph';
import { openSafetensors, writeSafetensors } from '../../../src/model/weights';

const scratch = mkdtempSync(join(tmpdir(), 'mstlab-safetensors-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const path = join(scratch, 'x.safetensors');

const tensor = fc
  .tuple(fc.nat(4), fc.nat(5))
  .chain(([rows, columns]) =>
    fc
      .array(fc.float({ noNaN: true }), { minLength: rows * columns, maxLength: rows * columns })
      .map((values): HostTensor => ({ shape: [rows, columns], dtype: 'f32', data: Float32Array.from(values) })),
  );

describe('safetensors', () => {
  test('what is written is read back, bit for bit, names, shapes and metadata', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme' }), tensor, { maxKeys: 5 }), (tensors) => {
        const names = Object.keys(tensors).filter((name) => name !== '__metadata__');
        writeSafetensors(path, Object.fromEntries(names.map((name) => [name, tensors[name]])), {
          format: 'pt',
          a: 'é',
        });
        const source = openSafetensors(path);
        expect([...source.names()].sort()).toEqual([...names].sort());
        for (const name of names) expect(source.read(name)).toEqual(tensors[name]);
        expect(source.metadata).toEqual({ format: 'pt', a: 'é' });
        source.close();
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  test('bf16 bits are the upper half of the f32 that is read', () => {
    writeSafetensors(path, { w: { shape: [3], dtype: 'bf16', data: Uint16Array.of(0x3f80, 0xc000, 0x7f80) } });
    const source = openSafetensors(path);
    expect(source.read('w').data).toEqual(Float32Array.of(1, -2, Number.POSITIVE_INFINITY));
    source.close();
  });

  test('a file that PEFT wrote is written again byte for byte', () => {
    const theirs = join(__dirname, '../../golden/tiny-llama/adapter/adapter_model.safetensors');
    const source = openSafetensors(theirs);
    writeSafetensors(
      path,
      Object.fromEntries(source.names().map((name) => [name, source.read(name)])),
      source.metadata,
    );
    source.close();
    expect(Buffer.compare(readFileSync(path), readFileSync(theirs))).toBe(0);
  });

  test('a tensor beyond 4 GiB is read from its place', () => {
    // A sparse file: 5 GiB of hole, then three values.
    const hole = 5 * 2 ** 30;
    const header = JSON.stringify({
      hole: { dtype: 'U8', shape: [hole], data_offsets: [0, hole] },
      w: { dtype: 'F32', shape: [3], data_offsets: [hole, hole + 12] },
    });
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(header.length));
    const large = join(scratch, 'large.safetensors');
    const descriptor = openSync(large, 'w');
    writeSync(descriptor, Buffer.concat([prefix, Buffer.from(header)]), 0, 8 + header.length, 0);
    writeSync(descriptor, new Uint8Array(Float32Array.of(1, -2, 3.5).buffer), 0, 12, 8 + header.length + hole);
    closeSync(descriptor);
    const source = openSafetensors(large);
    expect(source.read('w').data).toEqual(Float32Array.of(1, -2, 3.5));
    source.close();
    rmSync(large);
  });

  test('data that does not fill its shape is refused, and no file is left', () => {
    const before = readdirSync(scratch);
    expect(() => writeSafetensors(path, { w: { shape: [2, 2], dtype: 'f32', data: new Float32Array(3) } })).toThrow(
      'tensor "w" f32 [2,2] must have 16 bytes, got 12',
    );
    expect(readdirSync(scratch)).toEqual(before);
  });
});
