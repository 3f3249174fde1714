import { beforeAll, describe, expect, it } from 'vitest';
import { notebookPath } from '../support/committed-notebooks';
import { cellsOf, printed } from '../support/notebook-cells';
import { declared, isCommittedExecuted, type Story, tellStory, tellsCleanly } from '../support/notebook-story';

const PATH = notebookPath('guide/08-your-own-magic.ipynb');

describe('the notebook on magics, through the real kernel', () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory(PATH, { timeoutSeconds: 200 });
  }, 300_000);

  tellsCleanly(() => story, PATH);

  it('loads its extension, shows values by its formatter, and takes the edit', () => {
    const plain = story.cells.flatMap(({ outputs = [] }) =>
      outputs.map(({ data }) => String(data?.['text/plain'] ?? '')),
    );
    expect(story.text).toContain('loaded slant (magics %slant; formatters graded)');
    expect(story.text).toContain('reloaded slant');
    expect(plain.filter((text) => /^slant [\d.]+ of 10, FAIL/.test(text))).toHaveLength(2);
    expect(plain.filter((text) => /^how slanted: [\d.]+ of 10, FAIL/.test(text))).toHaveLength(1);
    expect(story.text).toContain('expected one of "briefs"|"articles"');
  });

  it('grades as the committed page does', () => {
    const pattern = { mild: /^([\d.]+) PASS$/m };
    expect(declared(story.text, pattern)).toEqual(declared(printed(cellsOf(PATH)), pattern));
  });
});

describe('the committed notebook on magics', () => {
  isCommittedExecuted(PATH, 'loaded slant (magics %slant; formatters graded)');
});
