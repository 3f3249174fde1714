import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runNotebook } from '../../kernel-plugins/notebook-runner';
import { listRuns } from '../../src/runs';
import { SMOKE_PARAMETERS } from '../support/committed-notebooks';
import { cellsOf, printed, TENSORFLOW_BANNER } from '../support/notebook-cells';
import {
  declared,
  isCommittedExecuted,
  isExperiment,
  type Story,
  tellStory,
  tellsCleanly,
} from '../support/notebook-story';

const PATH = join(__dirname, '../../notebooks/experiments/02-sycophancy.ipynb');

describe('the sycophancy notebook, through the real kernel with the tiny model (preset smoke)', () => {
  let story: Story;
  beforeAll(async () => {
    story = await tellStory(PATH, {
      parameters: SMOKE_PARAMETERS['experiments/02-sycophancy.ipynb'],
      timeoutSeconds: 1500,
    });
  }, 1_600_000);

  tellsCleanly(() => story, PATH);

  it('trains the tiny model once, one warm start, and each arm with each seed', () => {
    const kinds = listRuns(story.runs).runs.map(({ kind }) => kind);
    const count = (kind: string) => kinds.filter((found) => found === kind).length;
    expect(count('tiny-model')).toBe(1);
    expect(count('addition-warm-start')).toBe(1);
    // Three arms with seeds 1 to 3, seed 0 for the comparison of sizes, and two variants of MST with three seeds.
    expect(count('addition-train')).toBe(9 + 3 + 6);
  });

  it('says what it found of every prediction and of every finding of the article', () => {
    expect(story.text).toMatch(/checked: one step, at 66\.7%/);
    const predictions = story.text.split('\n').filter((line) => /^(holds|FAILS|unknown) /.test(line));
    expect(predictions.length).toBeGreaterThanOrEqual(16);
    const { agree, differ, open } = declared(story.text, {
      agree: /(\d+) findings agree/,
      differ: /findings agree, (\d+) do not/,
      open: /do not, (\d+) cannot be told/,
    });
    expect(agree + differ + open).toBe(9);
  });

  it('finds no word of its own where nothing was learned: MST and shuffled are alike after four steps', () => {
    const [, mst, shuffled] = /temperature 1: MST (0\.\d\d), shuffled (0\.\d\d)/.exec(story.text)!;
    expect(Number(mst)).toBeCloseTo(Number(shuffled), 1);
  });
});

describe('the sycophancy notebook at preset paper', () => {
  const before = process.env.HF_HUB_CACHE;
  afterAll(() => {
    if (before === undefined) delete process.env.HF_HUB_CACHE;
    else process.env.HF_HUB_CACHE = before;
  });

  it('says what the machine lacks and stops, with nothing fetched and nothing run', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mstlab-paper-'));
    // Without its model no machine has all that the preset needs.
    process.env.HF_HUB_CACHE = join(folder, 'hub');
    const out = join(folder, 'paper.ipynb');
    const { problems } = await runNotebook(PATH, {
      out,
      parameters: { preset: 'paper', seeds: '0' },
      timeoutSeconds: 120,
      allowStderr: TENSORFLOW_BANNER,
    });
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems)).toMatch(/ConfigError: .*model files: missing: the model folder/);
    expect(printed(cellsOf(out))).toMatch(/^MISSING {2}model files: Qwen\/Qwen2\.5-7B-Instruct, about 15 GB/m);
    expect(existsSync(join(folder, 'hub'))).toBe(false);
  }, 150_000);
});

describe('the committed sycophancy notebook', () => {
  isCommittedExecuted(PATH, 'sycophancy experiment, preset quick');
  isExperiment(PATH, ['2a', '2b', '2c', '2d']);
  const text = printed(cellsOf(PATH));

  it('claims what its three seeds show: honest under 20%, not told apart from shuffled under 00%, and the tiny model below it', () => {
    const { high, tinyHigh, tinyP, read } = declared(text, {
      high: /^quick: .* minus shuffled under 0% -?[\d.]+ \[-?[\d.]+, (-?[\d.]+)\]/m,
      tinyHigh: /^tiny, three seeds: .* minus shuffled under 0% -?[\d.]+ \[-?[\d.]+, (-?[\d.]+)\]/m,
      tinyP: /^tiny, three seeds: .* minus shuffled under 0% .*, p (0\.\d+) \(Holm\)/m,
      read: /(\d) of 3 MST runs ended with the label read/,
    });
    expect(high).toBeGreaterThan(0);
    expect(text).toMatch(/^FAILS {4}MST under 00% is less sycophantic than shuffled/m);
    expect(text).toMatch(/^holds {4}MST under 20% \(never trained\) calls under 0\.25 of the wrong answers correct/m);
    expect(tinyHigh).toBeLessThan(0);
    expect(tinyP).toBeLessThan(0.05);
    expect(read).toBe(3);
  });

  it('leaves no difference to the article without an explanation or the word unexplained', () => {
    const { agree, differ, open } = declared(text, {
      agree: /(\d+) findings agree/,
      differ: /findings agree, (\d+) do not/,
      open: /do not, (\d+) cannot be told/,
    });
    expect([agree + differ + open, open]).toEqual([9, 0]);
    expect(agree).toBeGreaterThanOrEqual(1);
  });
});
