import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fetchModelCommand } from '../../src/experiments/fetch-model';
import { HubServer, repositoryOf } from '../support/hub-server';

test('fetch-model says what it costs, how far it is and where the model is, and goes on after a broken call', async () => {
  const cacheDir = mkdtempSync(join(tmpdir(), 'mstlab-fetch-'));
  const hub = await HubServer.start(repositoryOf(join(__dirname, '../golden/tiny-qwen3'), 'an-org/tiny'));
  const lines: string[] = [];
  const fetch = () =>
    fetchModelCommand(['an-org/tiny'], (line) => lines.push(line), {
      env: { HF_ENDPOINT: hub.url, HF_HUB_CACHE: cacheDir, HF_TOKEN: 'hf_secretSecret' },
      tries: 1,
      retryDelayMs: 1,
    });
  hub.faults.push({ name: 'model.safetensors', fault: { cutAfter: 9_000 } });
  hub.faults.push({ name: 'model.safetensors', fault: { status: 503 } });
  await expect(fetch()).rejects.toThrow('Run again to go on from there');
  await fetch();
  await fetch();
  await hub.stop();
  rmSync(cacheDir, { recursive: true });
  expect(hub.rangesOf('model.safetensors')).toEqual([undefined, 'bytes=9000-', 'bytes=9000-']);
  expect(lines[0]).toMatch(/^fetch an-org\/tiny: 25 kB, of which 0 kB are here, to .*models--an-org--tiny$/);
  expect(lines.some((line) => /^\d0% \(\d+ kB\) model\.safetensors$/.test(line))).toBe(true);
  expect(lines.at(-2)).toMatch(/^an-org\/tiny is in the cache \(0 kB fetched\): .*snapshots/);
  expect(lines.at(-1)).toBe("Use it as { model: 'an-org/tiny' }.");
  expect(lines.join('\n')).not.toContain('secret');
});
