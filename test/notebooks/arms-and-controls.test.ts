import { beforeAll, describe, expect, it } from 'vitest';
import { notebookPath } from '../support/committed-notebooks';
import { cellsOf, printed } from '../support/notebook-cells';
import { declared, isCommittedExecuted, type Story, tellStory, tellsCleanly } from '../support/notebook-story';

const PATH = notebookPath('guide/03-arms-and-controls.ipynb');

describe('the notebook on arms and controls, through the real kernel', () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory(PATH, { timeoutSeconds: 300 });
  }, 400_000);

  tellsCleanly(() => story, PATH);

  it('refuses each broken arm with the row that breaks it, and finds the planted leak alone', () => {
    expect(story.text).toMatch(/sorted by label: proveArms: row \d+ of mst/);
    expect(story.text).toMatch(/one text repaired: proveArms: row 8 of mst/);
    expect(story.text).toMatch(/labels off by one row: proveArms: row 1 of mst/);
    expect(story.text).not.toContain('NOT NOTICED');
    expect(story.text).toContain('clean data leak: false; planted: true');
  });

  it('draws the same worlds as the committed page', () => {
    const pattern = { by: /it was an instruction:\n {2}baseline (-[\d.]+)/, chance: /in shuffled (\d+) of 320/ };
    const [here, there] = [declared(story.text, pattern), declared(printed(cellsOf(PATH)), pattern)];
    expect(here.by).toBeCloseTo(there.by, 1);
    expect(here.chance).toBe(there.chance);
  });
});

describe('the committed notebook on arms and controls', () => {
  isCommittedExecuted(PATH, '1872 briefs, of which 320 are used here');
});
