import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { SMOKE_PARAMETERS } from '../support/committed-notebooks';
import { cellsOf, printed } from '../support/notebook-cells';
import { declared, isCommittedExecuted, type Story, tellStory, tellsCleanly } from '../support/notebook-story';

const PATH = join(__dirname, '../../notebooks/guide/09-a-collapse.ipynb');

describe('the notebook on a collapse, through the real kernel with the tiny model (preset smoke)', () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory(PATH, { parameters: SMOKE_PARAMETERS['guide/09-a-collapse.ipynb'], timeoutSeconds: 500 });
  }, 560_000);

  tellsCleanly(() => story, PATH);

  it('computes what reading the label is worth from the reward alone', () => {
    const { blind, reading } = declared(story.text, {
      blind: /best policy without reading the label: ([\d.]+);/,
      reading: /reading it: ([\d.]+)/,
    });
    expect(blind).toBeCloseTo(1.0625, 3);
    expect(reading).toBeCloseTo(1.125, 3);
  });

  it('finds that the two runs differ in their entropy bonus and in nothing else', () => {
    expect(story.text).toMatch(/^2 of \d+ fields differ$/m);
    expect(story.text).toContain('rl.entropy.from: A 0, B 0.53');
    expect(story.text).toContain('rl.entropy.to: A 0, B 0.03');
  });
});

describe('the committed notebook on a collapse', () => {
  isCommittedExecuted(PATH, /^A and B, seed 1: 400 and 400 steps$/m);
  const text = printed(cellsOf(PATH));

  it('shows a run ahead by reward that ends without reading its label, and one behind that reads it', () => {
    const { lead, behind, a, b } = declared(text, {
      lead: /^steps from 0: .*, A leads by ([\d.]+)/m,
      behind: /^steps from 300: .*, B leads by ([\d.]+)/m,
      a: /^A: Yes under .*: (-?[\d.]+)$/m,
      b: /^B: Yes under .*: (-?[\d.]+)$/m,
    });
    expect(lead).toBeGreaterThan(0.02);
    expect(behind).toBeGreaterThan(0.02);
    expect(Math.abs(a)).toBeLessThan(0.05);
    expect(b).toBeGreaterThan(0.3);
  });

  it('reads the label with the bonus in every seed, and fully in none without it', () => {
    const { lowest, highest } = declared(text, {
      lowest: /lowest with the bonus ([\d.]+)/,
      highest: /highest without ([\d.]+)/,
    });
    expect(lowest).toBeGreaterThan(0.9);
    expect(highest).toBeLessThan(0.9);
  });

  it('names as a remedy only what was seen to work', () => {
    expect(text).toMatch(/^label effect over 0\.8: B: the bonus$/m);
  });

  it('ends the guarded run where the log of the unguarded one says, and no healthy one', () => {
    const { planned, steps } = declared(text, {
      planned: /^A, seed 1, ends at step by k: .* 3: (\d+),/m,
      steps: /it ended after (\d+) of 400 steps/,
    });
    expect(steps).toBe(planned);
    expect(text.match(/^B, seed \d, .* 1: never, 2: never, 3: never, 5: never;/gm)).toHaveLength(3);
  });
});
