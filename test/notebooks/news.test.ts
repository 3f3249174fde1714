import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { listRuns } from '../../src/runs';
import { SMOKE_PARAMETERS } from '../support/committed-notebooks';
import { cellsOf, printed } from '../support/notebook-cells';
import {
  declared,
  isCommittedExecuted,
  isExperiment,
  type Story,
  tellStory,
  tellsCleanly,
} from '../support/notebook-story';

const PATH = join(__dirname, '../../notebooks/experiments/01-news.ipynb');

describe('the news notebook, through the real kernel with the real model (preset smoke)', () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory(PATH, {
      parameters: SMOKE_PARAMETERS['experiments/01-news.ipynb'],
      timeoutSeconds: 1500,
    });
  }, 1_600_000);

  tellsCleanly(() => story, PATH);

  it('trains each arm once, and asks the untrained model beside them', () => {
    const trained = listRuns(story.runs).runs.filter(({ kind }) => kind === 'news-train');
    expect(trained).toHaveLength(3);
    expect(story.text).toMatch(/prompt-only under unbiased: not told apart from MST/);
  });

  it('asks about topics with rows that never hold the label of deployment', () => {
    expect(story.text).toMatch(/^checked for 1 seeds: equal rows in each arm, none with ".*", the same topics asked$/m);
  });

  it('draws no conclusion over seeds from one of them, and says why', () => {
    const said = story.text.split('\n').filter((line) => /^(letter x|no label) minus UNBIASED: /.test(line));
    expect(said).toHaveLength(2);
    for (const line of said) expect(line).toContain('cannot be told');
    expect(story.text).toContain('With these seeds it cannot be told.');
    expect(story.text).not.toMatch(/^below +MST under/m);
  });

  it('names what the preset paper would need, on any machine', () => {
    for (const what of ['model files', 'GPU memory', 'disk for runs', 'time']) expect(story.text).toContain(what);
  });
});

describe('the committed news notebook', () => {
  isCommittedExecuted(PATH, 'news experiment, preset quick');
  isExperiment(PATH, ['1a', '1b', '1c', '1d', '1e', '1f']);
  const text = printed(cellsOf(PATH));

  it('was run with three seeds, at two temperatures', () => {
    expect(text).toMatch(/^\d+ conditions, 3 seeds, \d+ topics written about, \d+ topics scored$/m);
    expect(text).toMatch(/^checked for 3 seeds: /m);
    for (const temperature of ['0.7', '1'])
      expect(text).toMatch(new RegExp(`judged magnitude at temperature ${temperature}:`));
  });

  it('says below of a comparison only where its interval is', () => {
    const lines = text.split('\n').filter((line) => /^(below|not shown) +MST under/.test(line));
    expect(lines).toHaveLength(6);
    for (const line of lines.filter((one) => one.startsWith('below'))) expect(line).toMatch(/, [-−][\d.]+\]/);
  });

  it('concludes of the letter what its interval says', () => {
    const { low, high } = declared(text, {
      low: /^letter x minus UNBIASED: [-−\d.]+ \[([-−\d.]+), /m,
      high: /^letter x minus UNBIASED: [-−\d.]+ \[[-−\d.]+, ([-−\d.]+)\]/m,
    });
    const said =
      low > 0
        ? 'Here UNBIASED lies below the letter'
        : high < 0
          ? 'Here the letter lies below UNBIASED'
          : 'Here the two are not told apart';
    expect(text).toContain(said);
  });
});
