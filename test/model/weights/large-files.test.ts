import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { AbortedError, type Progress } from '../../../src/core';
import { openSafetensors } from '../../../src/model/weights';
import { fileSha256 } from '../../../src/model/weights/file-hash';

const scratch = mkdtempSync(join(tmpdir(), 'mstlab-large-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const GIB = 2 ** 30;

/** bf16 bits of whole numbers up to 256, which bf16 holds exactly. */
const bits = (values: readonly number[]) =>
  Buffer.from(Uint16Array.from(values, (value) => new Uint32Array(Float32Array.of(value).buffer)[0] >> 16).buffer);

/** A sparse file: the tensors of `gaps` take their size and no disk, those of `values` hold numbers behind them. */
function sparse(name: string, gaps: Record<string, number>, values: Record<string, readonly number[]>): string {
  const path = join(scratch, name);
  const header: Record<string, object> = {};
  const writes: { at: number; bytes: Buffer }[] = [];
  let at = 0;
  for (const [tensor, bytes] of Object.entries(gaps)) {
    header[tensor] = { dtype: 'BF16', shape: [bytes / 2 ** 21, 2 ** 20], data_offsets: [at, at + bytes] };
    at += bytes;
  }
  for (const [tensor, numbers] of Object.entries(values)) {
    header[tensor] = { dtype: 'BF16', shape: [numbers.length], data_offsets: [at, at + 2 * numbers.length] };
    writes.push({ at, bytes: bits(numbers) });
    at += 2 * numbers.length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const start = 8 + text.length;
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, 'w');
  writeSync(file, Buffer.concat([prefix, text]), 0, start, 0);
  ftruncateSync(file, start + at);
  for (const write of writes) writeSync(file, write.bytes, 0, write.bytes.length, start + write.at);
  closeSync(file);
  return path;
}

/** Bytes that this process has read from files since it started, as Linux counts them. */
const bytesRead = (): number => Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);

describe('a file of safetensors', () => {
  test.runIf(process.platform === 'linux')('of 7 GiB is opened and read by position, only the bytes asked for', () => {
    const path = sparse('large.safetensors', { 'a.gap': 3 * GIB, 'b.gap': 4 * GIB }, { far: [1, -2, 3], last: [200] });
    const before = bytesRead();
    const source = openSafetensors(path);
    expect(source.info('b.gap').shape).toEqual([2_048, 2 ** 20]);
    expect(source.read('far')).toEqual({ shape: [3], dtype: 'f32', data: Float32Array.of(1, -2, 3) });
    expect(source.read('last').data).toEqual(Float32Array.of(200));
    source.close();
    expect(bytesRead() - before).toBeLessThan(10_000);
  });

  test('in shards of more than 2 GiB and 4 GiB finds each tensor in its own', () => {
    sparse('model-00001-of-00002.safetensors', { gap: 2 * GIB }, { one: [11] });
    sparse('model-00002-of-00002.safetensors', { hole: 5 * GIB }, { two: [22, 23] });
    const names = ['gap', 'one', 'hole', 'two'];
    const map = Object.fromEntries(names.map((n, i) => [n, `model-0000${1 + (i >> 1)}-of-00002.safetensors`]));
    writeFileSync(join(scratch, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
    const source = openSafetensors(scratch);
    expect(source.files).toHaveLength(2);
    expect(source.read('one').data).toEqual(Float32Array.of(11));
    expect(source.read('two').data).toEqual(Float32Array.of(22, 23));
    source.close();
  });

  test('of 3 GiB that lost its last byte names the tensor that is cut', () => {
    const path = sparse('cut.safetensors', { gap: 3 * GIB }, { last: [1, 2] });
    openSafetensors(path).close();
    const { size } = statSync(path);
    truncateSync(path, size - 1);
    expect(() => openSafetensors(path)).toThrow(`tensor "last" must end by byte ${size - 1}, got ${size}`);
  });
});

describe('the hash of a file of 5 GiB', () => {
  test('is streamed: it says how far it is, leaves the event loop free, and stops when asked to', async () => {
    const path = sparse('hashed.safetensors', { gap: 5 * GIB }, {});
    const stop = new AbortController();
    const reports: Progress[] = [];
    const timer = setTimeout(() => stop.abort(), 60);
    const onProgress = (progress: Progress) => void reports.push(progress);
    const error = await fileSha256(path, null, { signal: stop.signal, onProgress }).catch((thrown) => thrown);
    clearTimeout(timer);
    expect(error).toBeInstanceOf(AbortedError);
    expect(reports[0]).toMatchObject({ what: 'hash hashed.safetensors', unit: 'bytes' });
    expect(reports[0].total).toBeGreaterThan(5 * GIB);
    const last = reports[reports.length - 1].done;
    expect(last).toBeGreaterThan(0);
    expect(last).toBeLessThan(2 * GIB);
  });
});
