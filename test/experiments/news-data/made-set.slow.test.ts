import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NewsExperiment } from '../../../src/experiments';
import { makeArticles, makeTopics, readDomains } from '../../../src/experiments/news-data';
import { readJsonl } from '../../../src/runs';
import { checkNews, loadNews, NEWS_FORMS, newsCheckText, type Topic } from '../../../src/tasks';
import { scriptedWriter } from '../../support/scripted-writer';
import { tinyNewsInputs, tinyNewsOverrides } from '../../support/tiny-news';

const root = mkdtempSync(join(tmpdir(), 'made-set-'));
afterAll(() => rmSync(root, { recursive: true }));
const mix = { duplicate: 0.06, short: 0.06, cut: 0.06, refusing: 0.04, naming: 0.04, unusable: 0.05, 'no reply': 0.05 };

test.each(NEWS_FORMS)(
  'a set of %s from a faulty writer loads, passes every check, and its topics, lengths and marks tell no profile',
  async (form) => {
    const dir = mkdtempSync(join(root, 'set-'));
    const counts = { train: 201, validation: 10, test: 10, calibration: 12 };
    await makeTopics({ domains: readDomains().slice(0, 10), counts, writer: scriptedWriter(1, mix), seed: 7, dir });
    const topics = readJsonl<Topic>(join(dir, 'topics.jsonl'));
    const writer = scriptedWriter(2, mix, { words: form === 'briefs' ? 40 : 100 });
    const made = await makeArticles({ topics, form, writer, seed: 5, dir, calibration: true, maxSamples: 12 });
    expect(made).toMatchObject({ complete: true, made: 261 });
    const news = loadNews({ form, dir });
    expect(news.report).toMatchObject({ refused: [], notes: [] });
    expect([news.examples.length, news.contrastSets.length]).toEqual([201, 12]);
    const report = checkNews({ form, dir });
    expect(newsCheckText(report)).not.toMatch(/FAIL/);
    expect(report.ok).toBe(true);
    expect(report.topicLeak.filter(({ leaks }) => leaks)).toEqual([]);
    expect(report.surfaceLeak.filter(({ leaks }) => leaks)).toEqual([]);

    const inputs = tinyNewsInputs();
    const overrides = { ...tinyNewsOverrides({ ...inputs, dataDir: dir }), form, contrastTopics: 12 };
    const sft = { ...overrides.sft, maxTokens: 4096 };
    const experiment = await NewsExperiment.open('smoke', { ...overrides, sft }, { runs: join(root, 'runs') });
    try {
      const { prepared } = experiment;
      expect(prepared.encoded.mst).toMatchObject({ dropped: [] });
      expect(prepared.encoded.mst!.train).toHaveLength(12);
      expect([prepared.evalItems.length, prepared.contrastSets.length]).toEqual([8, 12]);
    } finally {
      await experiment.dispose();
    }
  },
);
