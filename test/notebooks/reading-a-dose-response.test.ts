import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { SMOKE_PARAMETERS } from '../support/committed-notebooks';
import { cellsOf, printed } from '../support/notebook-cells';
import { declared, isCommittedExecuted, type Story, tellStory, tellsCleanly } from '../support/notebook-story';

const PATH = join(__dirname, '../../notebooks/guide/04-reading-a-dose-response.ipynb');

const SIMULATED = {
  label: /a label's own interval holds (\d+)%/,
  together: /all 15 together (\d+)%/,
  band: /the band the whole curve (\d+)%/,
  some: /a difference at some label, p < 0\.05: (\d+)%/,
  holm: /after Holm: (\d+)%/,
  named: /at 0% alone, chosen before: (\d+)%/,
};

describe('the notebook on dose-responses, through the real kernel with the tiny model (preset smoke, 60 data sets)', () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory(PATH, {
      parameters: SMOKE_PARAMETERS['guide/04-reading-a-dose-response.ipynb'],
      timeoutSeconds: 500,
    });
  }, 560_000);

  tellsCleanly(() => story, PATH);

  it('moves no answer over the middle by reading at another temperature', () => {
    const over = [...story.text.matchAll(/^temperature [\d.]+: .*; (\d+) of \d+ answers are Yes/gm)].map(
      ([, count]) => count,
    );
    expect(over).toHaveLength(3);
    expect(new Set(over).size).toBe(1);
  });

  it('finds single intervals and one named test at their level, many of them far from it, the band and Holm inside it', () => {
    const found = declared(story.text, SIMULATED);
    expect(found.label).toBeGreaterThan(90);
    expect(found.together).toBeLessThan(80);
    expect(found.band).toBeGreaterThan(90);
    expect(found.some).toBeGreaterThan(20);
    expect(found.holm).toBeLessThan(12);
    expect(found.named).toBeLessThan(12);
  });
});

describe('the committed notebook on dose-responses', () => {
  isCommittedExecuted(PATH, /^of 200 data sets: /m);
  const text = printed(cellsOf(PATH));

  it('simulates what the smaller run in the tests does', () => {
    const found = declared(text, SIMULATED);
    expect(found.label).toBeGreaterThan(93);
    expect(found.together).toBeLessThan(70);
    expect(found.band).toBeGreaterThan(93);
    expect(found.some).toBeGreaterThan(25);
    expect(found.holm).toBeLessThan(8);
  });

  it('shows a steeper curve at a lower temperature', () => {
    const moves = [...text.matchAll(/^temperature [\d.]+: the curve moves by ([\d.]+);/gm)].map(([, by]) => Number(by));
    expect(moves).toHaveLength(3);
    expect(moves).toEqual([...moves].sort((a, b) => b - a));
  });

  it('shows a plain percentage taken for the one with the same first digit', () => {
    const gaps = declared(text, {
      like: /^8% lies ([\d.]+) from 80%/m,
      stricter: /^8% lies [\d.]+ from 80% and ([\d.]+) from 20%/m,
    });
    expect(gaps.like).toBeLessThan(gaps.stricter);
  });

  it('states the slope beside the p of a trend, for the arm that reads labels and the one that cannot', () => {
    const { mst, shuffled } = declared(text, {
      mst: /^mst: (-?[\d.]+) in 10 points of label/m,
      shuffled: /^shuffled: (-?[\d.]+) in 10 points of label/m,
    });
    expect(mst).toBeGreaterThan(0.05);
    expect(Math.abs(shuffled)).toBeLessThan(0.01);
  });
});
