import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../../src/core';
import { fileSha256 } from '../../../src/model/weights/file-hash';

const scratch = mkdtempSync(join(tmpdir(), 'mstlab-hash-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const cache = join(scratch, 'cache', 'hashes.json');

describe('the hash of a file', () => {
  test('is SHA-256 of its bytes, and a small file is not remembered', async () => {
    const path = join(scratch, 'small');
    writeFileSync(path, 'abc');
    expect(await fileSha256(path, cache)).toBe(sha256('abc'));
    expect(existsSync(cache)).toBe(false);
  });

  test('of a large file is remembered until its size or time changes; a broken cache only costs time', async () => {
    const path = join(scratch, 'large');
    writeFileSync(path, 'abc');
    truncateSync(path, 512 * 1024 * 1024); // sparse
    const first = await fileSha256(path, cache);
    const [key] = Object.keys(JSON.parse(readFileSync(cache, 'utf8')));
    writeFileSync(cache, JSON.stringify({ [key]: 'remembered' }));
    expect(await fileSha256(path, cache)).toBe('remembered');
    utimesSync(path, 1, 1);
    writeFileSync(cache, '{ broken');
    expect(await fileSha256(path, cache)).toBe(first);
  });
});
