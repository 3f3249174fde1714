import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assertRequirements, newsRequirements, requirementsText, resolveNewsConfig } from '../../../src/experiments';

const cache = mkdtempSync(join(tmpdir(), 'mstlab-hub-'));
const env = { HF_HUB_CACHE: cache, HF_HOME: cache };
const gpu = (freeBytes: number) => [{ index: 0, name: 'a GPU', freeBytes, totalBytes: freeBytes }] as never;

describe('what the preset paper of the news experiment needs', () => {
  it('is told without its model: files, memory by part, disk and hours, each with what to do', () => {
    const rows = newsRequirements(resolveNewsConfig('paper'), { gpus: null, env, runs: cache, seeds: 3 });
    expect(rows.map(({ what }) => what)).toEqual([
      'model files',
      'GPU memory',
      'disk for the model',
      'disk for runs',
      'time',
    ]);
    expect(rows.filter(({ ok }) => !ok).map(({ what }) => what)).toEqual(['model files', 'GPU memory']);
    const text = requirementsText(rows);
    expect(text).toContain('npm run model:fetch -- meta-llama/Llama-3.2-3B-Instruct');
    expect(text).toMatch(/9 trainings of 1872 rows, 3 epochs/);
    expect(() => assertRequirements('preset paper', rows)).toThrow(/no NVIDIA driver answers/);
  });

  it('is met by a GPU that is large enough and not by a small one', () => {
    const ok = (freeBytes: number) =>
      newsRequirements(resolveNewsConfig('paper'), { gpus: gpu(freeBytes), env, runs: cache }).find(
        ({ what }) => what === 'GPU memory',
      )!.ok;
    expect(ok(80e9)).toBe(true);
    expect(ok(2e9)).toBe(false);
  });

  it('asks nothing of a GPU at quick', () => {
    const rows = newsRequirements(resolveNewsConfig('quick'), { env: {}, runs: cache });
    expect(rows.map(({ what }) => what)).not.toContain('GPU memory');
  });
});
