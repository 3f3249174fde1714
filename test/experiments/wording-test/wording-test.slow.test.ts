import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf } from '../../../src/analysis/frame';
import { NewsExperiment, testWordings } from '../../../src/experiments';
import { tinyNewsInputs, tinyNewsOverrides } from '../../support/tiny-news';

const WORDINGS = [
  'takes no side at all',
  'weighs every side the same',
  'plain and fair',
  'never uses a loaded word',
  'a line\nbreak',
  'gives both camps their due',
];
let news: NewsExperiment;

describe('the wording test on a tiny model', () => {
  beforeAll(async () => {
    const runs = mkdtempSync(join(tmpdir(), 'mstlab-runs-'));
    // Half of the sixteen calibration topics are measured on; the others are fresh.
    const inputs = tinyNewsInputs({ calibrationTopics: 20 });
    news = await NewsExperiment.open('smoke', { ...tinyNewsOverrides(inputs), contrastTopics: 10 }, { runs });
    await news.train();
  });
  afterAll(() => news.dispose());

  it('pilots all, confirms two on topics that nothing has used, under the arm and the control', async () => {
    const reports: number[] = [];
    const found = await testWordings(news, {
      wordings: WORDINGS,
      budgetSeconds: 5,
      onProgress: ({ done, total, what }) => {
        if (what === 'pilot' || what === 'confirm') reports.push(done / total);
      },
    });
    expect(found.pilot).toHaveLength(5);
    expect(found.pilot.filter(({ isFinalist }) => isFinalist)).toHaveLength(2);
    expect(found.confirmed.map(({ arm }) => arm)).toEqual(['mst', 'mst', 'shuffled', 'shuffled']);
    const used = new Set(news.prepared.contrastSets.map(({ topicId }) => topicId));
    for (const { difference, p, pHolm, arm } of found.confirmed) {
      const pairs = 'pairs' in difference ? difference.pairs : [];
      expect(pairs.length).toBeGreaterThanOrEqual(8);
      for (const { topicId } of pairs) expect(used.has(topicId)).toBe(false);
      if (arm === 'mst') expect(pHolm).toBeGreaterThanOrEqual(p!);
      else expect(pHolm).toBeNull();
    }
    expect(reports.at(-1)).toBe(1);
    expect([...reports].sort((a, b) => a - b)).toEqual(reports);
    expect(found.words.at(-1)).toMatch(
      /May be claimed: these comparisons .* 5 wordings were tried.*Not claimed: what the model writes/,
    );
    const rows = rowsOf(found.frame);
    expect(rows.map(({ stage }) => stage).filter((stage) => stage === 'confirmed')).toHaveLength(2);
    expect(rows.find(({ stage }) => stage === 'refused')).toMatchObject({
      text: 'a line\nbreak',
      missing_reason: 'the text must be a single line',
    });
    expect(found.figure.alt).toMatch(/^Leaderboard\./);
  });

  it('with the reference as a candidate under another name finds no difference to itself', async () => {
    const [own] = news.prepared.labelSet.labels.filter(({ value }) => value === 'unbiased');
    const found = await testWordings(news, { wordings: [own.text, 'plain and fair'], budgetSeconds: 5 });
    expect(found.wordings[0].refused).toBe('it is the reference itself');
    expect(found.pilot.map(({ name }) => name)).toEqual(['w2']);
  });

  it('asks nothing when no wording passes, no fresh topic is left, or the arm is not trained', async () => {
    await expect(testWordings(news, { wordings: ['a\nb'] })).rejects.toThrow(/must pass the lint.*single line/);
    await expect(testWordings(news, { wordings: ['fair'], arm: 'baseline', controls: [] })).resolves.toBeDefined();
    const all = await NewsExperiment.open('smoke', {
      ...news.config,
      contrastTopics: 20,
      sft: news.resolved.sft.config,
    });
    await expect(testWordings(all, { wordings: ['fair'] })).rejects.toThrow(
      /at least 8 calibration topics must be left/,
    );
    await all.dispose();
  });

  it('stops on request', async () => {
    const controller = new AbortController();
    const onProgress = ({ what }: { what: string }) => what === 'pilot' && controller.abort();
    await expect(
      testWordings(news, { wordings: WORDINGS, budgetSeconds: 5, signal: controller.signal, onProgress }),
    ).rejects.toThrow(/stopped by request/);
  });
});
