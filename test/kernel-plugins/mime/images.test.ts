import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { registerBuiltinFormatters } from '../../../kernel-plugins/host/builtin-formatters';
import { PluginHost } from '../../../kernel-plugins/host/plugin-host';
import { imageBundle, imageType } from '../../../kernel-plugins/mime';
import { DataError } from '../../../src/core';

/** One transparent pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
const begins = (...bytes: number[]) => new Uint8Array([...bytes, ...new Array(16).fill(0)]);

describe('an image', () => {
  it.each([
    ['image/png', png],
    ['image/jpeg', begins(0xff, 0xd8, 0xff)],
    ['image/gif', begins(0x47, 0x49, 0x46, 0x38)],
    ['image/webp', begins(0x52, 0x49, 0x46, 0x46, 1, 2, 3, 4, 0x57, 0x45, 0x42, 0x50)],
    [null, begins(1, 2, 3)],
    [null, new TextEncoder().encode('<svg onload="alert(1)">')],
    [null, new Uint8Array()],
  ])('is told as %s by its first bytes', (type, bytes) => {
    expect(imageType(bytes)).toBe(type);
  });

  it('travels as base64 with its alt text and width beside it', () => {
    const { data, metadata } = imageBundle(png, { alt: 'one pixel', width: 40 });
    expect(data).toEqual({ 'image/png': png.toString('base64'), 'text/plain': 'one pixel' });
    expect(metadata).toEqual({ 'image/png': { alt: 'one pixel', width: 40 } });
  });

  it('of a file is read; a file of something else is refused by name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mstlab-image-'));
    writeFileSync(join(folder, 'a.png'), png);
    writeFileSync(join(folder, 'a.svg'), '<svg></svg>');
    expect(imageBundle(join(folder, 'a.png')).data['image/png']).toBe(png.toString('base64'));
    expect(() => imageBundle(join(folder, 'a.svg'))).toThrow(DataError);
    expect(() => imageBundle(join(folder, 'a.svg'))).toThrow(/a\.svg/);
    expect(() => imageBundle(join(folder, 'gone.png'))).toThrow(/ENOENT.*gone\.png/);
    rmSync(folder, { recursive: true });
  });

  it('that ends a cell shows itself; other bytes stay text', async () => {
    const host = new PluginHost();
    host.register('builtin', registerBuiltinFormatters);
    expect((await host.present(png)).data).toMatchObject({ 'image/png': png.toString('base64') });
    expect(Object.keys((await host.present(begins(1, 2, 3))).data)).toEqual(['text/plain']);
  });
});
