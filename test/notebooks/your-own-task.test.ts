import { beforeAll, describe, expect, it } from 'vitest';
import { listRuns } from '../../src/runs';
import { notebookPath, SMOKE_PARAMETERS } from '../support/committed-notebooks';
import { cellsOf, printed } from '../support/notebook-cells';
import { declared, isCommittedExecuted, type Story, tellStory, tellsCleanly } from '../support/notebook-story';

const PATH = notebookPath('guide/07-your-own-task.ipynb');

describe('the notebook on a task of one’s own, through the real kernel (preset smoke)', () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory(PATH, {
      parameters: SMOKE_PARAMETERS['guide/07-your-own-task.ipynb'],
      timeoutSeconds: 500,
    });
  }, 600_000);

  tellsCleanly(() => story, PATH);

  it('trains three arms of the task that was written in it, and keeps them', () => {
    expect(listRuns(story.runs).runs.filter(({ kind }) => kind === 'forced-answer-train')).toHaveLength(3);
    expect(story.text).toMatch(/shuffled: on training coins the label moves the answer by/);
  });

  it('audits the reward as the committed page does', () => {
    const asked = /bets asked for: (.*)/;
    expect(asked.exec(story.text)?.[1]).toBe(asked.exec(printed(cellsOf(PATH)))?.[1]);
  });
});

describe('the committed notebook on a task of one’s own', () => {
  isCommittedExecuted(PATH, '71 coins to train on, 24 held out');

  it('has an arm that reads its label and one that does not, and says what happens beyond training', () => {
    const { inside, control } = declared(printed(cellsOf(PATH)), {
      inside: /mst, 60% minus 10%, both trained: (-?[\d.]+)/,
      control: /shuffled, 90% minus 10%: (-?[\d.]+)/,
    });
    expect(inside).toBeLessThan(-0.1);
    expect(Math.abs(control)).toBeLessThan(Math.abs(inside) / 3);
    expect(printed(cellsOf(PATH))).toMatch(/mst, 90% minus 60%, beyond training: -?[\d.]+ \[/);
  });
});
