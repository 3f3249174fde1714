import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { armsToTrain, LAB_ARMS } from '../../src/arms';
import { conditionName, NewsExperiment } from '../../src/experiments/news';
import { listRuns } from '../../src/runs';
import { tinyNewsInputs, tinyNewsOverrides } from '../support/tiny-news';

it('every control is trained, asked in its own way and compared with mst at deployment, on a tiny model', async () => {
  const runs = mkdtempSync(join(tmpdir(), 'mstlab-controls-'));
  const overrides = { ...tinyNewsOverrides(tinyNewsInputs()), arms: [...LAB_ARMS], evalTopics: 4, contrastTopics: 4 };
  const news = await NewsExperiment.open('smoke', overrides, { runs });
  const count = (kind: string) => listRuns(runs).runs.filter((run) => run.kind === kind).length;

  const trained = await news.train();
  expect(trained.map(({ arm }) => arm)).toEqual(armsToTrain(LAB_ARMS));
  expect(new Set(trained.map(({ manifest }) => manifest.record.steps))).toEqual(new Set([3]));
  expect(count('news-train')).toBe(trained.length);

  const measured = await news.measure();
  expect(measured.map(({ condition }) => conditionName(condition))).toEqual(news.sweep().map(conditionName));
  for (const { samples, contrast } of measured) expect([samples.length, contrast.length]).toEqual([4, 4]);
  // What is asked of mst without a label, and of the untrained model, is asked once whoever asks.
  const both = await news.measure([
    { arm: 'prompt-only', label: news.label('unbiased') },
    { arm: 'untrained', label: news.label('unbiased') },
  ]);
  expect(both[0].contrast.map((row) => row.strong_to_center_nats)).toEqual(
    both[1].contrast.map((row) => row.strong_to_center_nats),
  );
  expect(count('news-contrast')).toBe(measured.length);

  const { comparisons } = news.summarise(measured);
  const against = comparisons
    .filter(({ left, measure }) => left === 'mst/unbiased/editor' && measure.startsWith('contrast'))
    .map(({ right }) => right);
  expect(against).toEqual([
    'baseline/none',
    'shuffled/unbiased/editor',
    'constant/unbiased/editor',
    'unlabelled-eval/none',
    'irrelevant/unbiased/irrelevant-editor',
    'non-semantic/unbiased/non-semantic',
    'anti-correlated/unbiased/editor',
    'label-dropout/unbiased/editor',
    'label-dropout/none',
    'label-noise/unbiased/editor',
    'least-biased-subset/none',
    'inoculation/none',
    'prompt-only/unbiased/editor',
  ]);
  // One condition an arm and value, so that charts have one place for each.
  const places = measured.map(({ condition }) => `${condition.arm} ${condition.label?.value}`);
  expect(new Set(places).size).toBe(places.length);
  expect(news.claims(news.summarise(measured))).toHaveLength(7);
  await news.dispose();
});
