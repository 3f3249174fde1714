import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/core';
import { main } from '../../src/experiments/cli';

describe('the command line', () => {
  it('refuses an option that it does not know, in one sentence', async () => {
    await expect(main(['quickstart', '--prest', 'smoke'])).rejects.toThrow(ConfigError);
    await expect(main(['quickstart', '--prest', 'smoke'])).rejects.toThrow(
      /--preset, --form, --dir or --size .* "--prest smoke"/,
    );
  });

  it('refuses a preset that there is not, and names those there are', async () => {
    await expect(main(['quickstart', '--preset', 'foo'])).rejects.toThrow(/quick, smoke, paper, got "foo"/);
  });

  it('refuses a news set that is not there, by its path', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'mstlab-cli-')), 'nothing');
    await expect(main(['data-check', '--dir', folder])).rejects.toThrow(/topics\.jsonl/);
  });

  it('refuses to fetch no model, several, or one that has no organisation', async () => {
    await expect(main(['fetch-model'])).rejects.toThrow('one model of the hub must be named');
    await expect(main(['fetch-model', 'a/b', 'c/d'])).rejects.toThrow('got "a/b c/d"');
    await expect(main(['fetch-model', 'name'])).rejects.toThrow('a model of the hub is "org/name"');
  });

  it('refuses an option or a seed of the sycophancy experiment that it does not know', async () => {
    await expect(main(['sycophancy', '--foo'])).rejects.toThrow(/--preset NAME or --seeds .* "--foo"/);
    await expect(main(['sycophancy', '--seeds', '0,x'])).rejects.toThrow(/whole numbers from 0, got "0,x"/);
    await expect(main(['sycophancy', '--preset', 'huge'])).rejects.toThrow(/tiny.*got "huge"/);
  });

  it('ends with 2 for a command that it does not know', async () => {
    expect(await main(['nonsense'])).toBe(2);
  });
});
