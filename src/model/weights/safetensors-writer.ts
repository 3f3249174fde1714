import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { HostTensor } from '../../compute/graph';
import { DataError } from '../../core';

const STORED = { f32: 'F32', bf16: 'BF16', i32: 'I32', u8: 'U8', bool: 'BOOL' } as const;
const BYTES_PER_VALUE = { f32: 4, bf16: 2, i32: 4, u8: 1, bool: 1 } as const;

/**
 * Writes tensors as one safetensors file, names in sorted order, through a temporary file and an atomic rename:
 * a killed process leaves the old file or the new one. Dtypes f32, bf16 (bits), i32, u8 and bool as they are.
 * `metadata` is what PEFT and transformers look for, `{ format: 'pt' }` by default.
 * Throws DataError if a tensor's data and shape disagree.
 */
export function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): void {
  const names = Object.keys(tensors).sort();
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const name of names) {
    const { shape, dtype, data } = tensors[name];
    const bytes = shape.reduce((product, axis) => product * axis, 1) * BYTES_PER_VALUE[dtype];
    if (data.byteLength !== bytes) {
      throw new DataError(
        `writeSafetensors: tensor "${name}" ${dtype} [${shape}] must have ${bytes} bytes, got ${data.byteLength} (${path}). Pass the data of the whole tensor.`,
      );
    }
    header[name] = { dtype: STORED[dtype], shape: [...shape], data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  let text = Buffer.from(JSON.stringify(header), 'utf8');
  // Padded with spaces so that the first tensor lies on an 8-byte boundary, as the Rust writer does.
  text = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  const temporary = `${path}.${process.pid}.tmp`;
  const descriptor = openSync(temporary, 'w');
  try {
    writeAll(descriptor, prefix);
    writeAll(descriptor, text);
    for (const name of names) {
      const { data } = tensors[name];
      writeAll(descriptor, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    fsyncSync(descriptor);
    closeSync(descriptor);
  } catch (error) {
    closeSync(descriptor);
    rmSync(temporary, { force: true });
    throw error;
  }
  renameSync(temporary, path);
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(descriptor, bytes, done, Math.min(1 << 30, bytes.length - done));
}
