import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ModelHost } from '../../../src/experiments';
import { localWriter, makeArticles, makeTopics, type WriteRequest } from '../../../src/experiments/news-data';
import { loadNews } from '../../../src/tasks';
import { tinyFolder } from '../../support/tiny-models';

const root = mkdtempSync(join(tmpdir(), 'local-writer-'));
const folder = () => mkdtempSync(join(root, 'set-'));
let host: ModelHost;
beforeAll(async () => {
  const model = join(root, 'model');
  cpSync(tinyFolder('tiny-llama'), model, { recursive: true });
  const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'));
  // A character is a token to this model.
  writeFileSync(join(model, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: 3072 }));
  host = await ModelHost.open({ model, device: 'cpu', computeDtype: 'f32' });
});
afterAll(async () => {
  await host.dispose();
  rmSync(root, { recursive: true });
});

const writer = (seed = 0) => localWriter(host, { temperature: 1, topP: 0.95, seed, now: () => new Date(0) });
const request = (id: string, more: Partial<WriteRequest> = {}): WriteRequest => ({
  id,
  kind: 'texts',
  items: 1,
  system: 'Write.',
  user: 'About the town.',
  plainFormat: 'One line.',
  maxTokens: 12,
  promptHash: 'hash',
  sample: 0,
  ...more,
});

describe('a local model as writer', () => {
  test('writes the same for a request whatever is asked beside it, and something else for another seed or sample', async () => {
    const alone = await writer().write([request('a#0')], {});
    const kept: string[] = [];
    const both = await writer().write([request('a#0'), request('a#1'), request('b#0', { maxTokens: 9 })], {
      onWritten: (some) => kept.push(...some.map(({ id }) => id)),
    });
    expect(both[0]).toEqual(alone[0]);
    expect(both.map(({ id }) => id)).toEqual(['a#0', 'a#1', 'b#0']);
    expect(kept.sort()).toEqual(['a#0', 'a#1', 'b#0']);
    expect(both[0]).toMatchObject({ costUsd: 0, replyKey: null, missing: null, createdAt: '1970-01-01T00:00:00.000Z' });
    expect(writer(1).id).not.toBe(writer().id);
  });

  test('says which request has no room instead of asking it', async () => {
    const [short, long] = await writer().write([request('a'), request('b', { user: 'word '.repeat(900) })], {});
    expect(short.missing).toBeNull();
    expect(long.missing).toMatch(/its prompt has \d+ tokens, the model has room for 3060/);
  });

  test('that writes nonsense ends with counts: topics missing by domain, every reply with its reason', async () => {
    const dir = folder();
    const made = await makeTopics({
      domains: [
        { name: 'a', covers: 'towns' },
        { name: 'b', covers: 'votes' },
      ],
      counts: { train: 2, calibration: 1 },
      writer: writer(),
      seed: 0,
      dir,
      maxRounds: 2,
    });
    expect(made).toMatchObject({ complete: false, wanted: 3, made: 0, rounds: 2, replies: 6, costUsd: 0 });
    expect(Object.values(made.rejected).reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(6);
    expect(made.missing.reduce((sum, { missing }) => sum + missing, 0)).toBe(3);
  });

  test('that writes nonsense ends with counts: texts given up after the samples allowed', async () => {
    const topics = loadNews({ form: 'briefs' }).topics.slice(0, 3);
    const made = await makeArticles({
      topics,
      form: 'briefs',
      writer: writer(),
      seed: 0,
      dir: folder(),
      calibration: false,
      maxSamples: 2,
    });
    expect(made).toMatchObject({ complete: false, wanted: 3, made: 0, rounds: 2, replies: 6 });
    expect(made.stopped).toMatch(/asked for 2 times/);
  });
});
