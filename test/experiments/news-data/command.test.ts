import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core';
import { main } from '../../../src/experiments/cli';
import { newsDataCommand } from '../../../src/experiments/news-data/command';

let folder: string;
let runs: string | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'news-data-'));
  runs = process.env.MSTLAB_RUNS;
  process.env.MSTLAB_RUNS = folder;
});
afterEach(() => {
  if (runs === undefined) delete process.env.MSTLAB_RUNS;
  else process.env.MSTLAB_RUNS = runs;
  rmSync(folder, { recursive: true });
});

describe('news-data', () => {
  it('says what a set would cost at once and as a batch, and asks nothing', async () => {
    const lines: string[] = [];
    const args = ['--topics', '96', '--dir', join(folder, 'set'), '--estimate', '--form', 'articles'];
    expect(await newsDataCommand(args, (line) => lines.push(line))).toBe(0);
    const text = lines.join('\n');
    expect(text).toContain('topics: 120 in 48 requests, without topping up');
    expect(text).toContain('articles: 116 requests, without those asked again');
    expect(text.match(/As a batch \(within 24 hours\): about \$\d/g)).toHaveLength(2);
  });

  it('writes nothing for money without a budget', async () => {
    await expect(main(['news-data', '--topics', '8', '--dir', folder])).rejects.toThrow(/needs a budget .* got none/);
    await expect(main(['news-data', '--topics', '8', '--dir', folder, '--budget', '0'])).rejects.toThrow(ConfigError);
  });

  it.each([
    [['--topics', '8'], /--dir FOLDER/],
    [['--topics', 'x', '--dir', 'd', '--estimate'], /--topics must be a whole number, got "x"/],
    [['--topics', '8', '--dir', 'd', '--estimate', '--form', 'essays'], /briefs or articles, got "essays"/],
    [['--topics', '8', '--dir', 'd', '--writer', 'me'], /claude or local, got "me"/],
    [['--topics', '8', '--dir', 'd', '--writer', 'local', '--temperature', '0'], /must be above 0/],
    [['--topics', '8', '--dir', 'd', '--estimate', '--domains', 'policing,cheese'], /got cheese\./],
    [['--topcis', '8'], /--topics, .*got "--topcis 8"/],
  ])('refuses %j', async (args, message) => {
    await expect(newsDataCommand(args, () => {})).rejects.toThrow(message);
  });
});
