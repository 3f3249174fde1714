import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/core';
import { NewsExperiment, type NewsOverrides } from '../../src/experiments';
import type { Judge } from '../../src/judge';
import { listRuns } from '../../src/runs';
import { tinyNewsInputs, tinyNewsOverrides } from '../support/tiny-news';

let inputs: { model: string; dataDir: string };
let runs: string;
const overrides = (): NewsOverrides => tinyNewsOverrides(inputs);
const open = (extra: NewsOverrides = {}, root = runs) =>
  NewsExperiment.open('smoke', { ...overrides(), ...extra }, { runs: root });
const count = (kind: string, root = runs) => listRuns(root).runs.filter((run) => run.kind === kind).length;

describe('the news experiment on a tiny model', () => {
  beforeAll(() => {
    inputs = tinyNewsInputs();
    runs = mkdtempSync(join(tmpdir(), 'mstlab-runs-'));
  });

  it('refuses to ask an arm that is not trained', async () => {
    const news = await open();
    await expect(news.measure()).rejects.toThrow(ConfigError);
    await expect(news.measure()).rejects.toThrow(/must be trained before it is asked, got baseline, mst, shuffled/);
    await news.dispose();
  });

  it('trains three arms, measures eleven conditions in two ways, and decides every prediction', async () => {
    const news = await open();
    const trained = await news.train();
    expect(trained.map(({ arm, trainedNow }) => [arm, trainedNow])).toEqual([
      ['baseline', true],
      ['mst', true],
      ['shuffled', true],
    ]);
    const measured = await news.measure();
    expect(measured).toHaveLength(11);
    for (const { samples, contrast } of measured) {
      expect(samples).toHaveLength(8);
      expect(contrast).toHaveLength(8);
      // Six letters are no brief: a judge that cannot judge says so and gives no middle score.
      for (const row of samples) expect(row.magnitude_0_to_10 === null).toBe(row.missing_reason !== null);
    }
    const claims = news.claims(news.summarise(measured));
    expect(claims).toHaveLength(7);
    expect(claims.every(({ holds }) => holds !== null)).toBe(true);
    expect(news.untrainedArms()).toEqual([]);
    expect(news.unmeasured()).toEqual([]);
    await news.dispose();
  });

  it('run again computes nothing and gives the same rows', async () => {
    const before = await open();
    const first = await before.measure();
    await before.dispose();
    const news = await open();
    const reports: string[] = [];
    const onProgress = ({ what }: { what: string }) => void reports.push(what);
    const trained = await news.train({ onProgress });
    const measured = await news.measure(news.sweep(), { onProgress });
    expect(trained.every(({ trainedNow }) => !trainedNow)).toBe(true);
    expect(reports).toEqual([]);
    expect(measured).toEqual(first);
    expect(news.summarise(measured)).toEqual(before.summarise(first));
    await news.dispose();
  });

  it('another judge grades the texts on disk again: nothing is generated, no model loaded', async () => {
    const news = await open();
    const measured = await news.measure(news.sweep(), { contrast: false });
    const samples = count('news-samples');
    const seen: { texts: readonly string[]; topics: readonly string[] }[] = [];
    const judge: Judge = {
      id: 'second',
      isProxy: false,
      judge: (texts, call) => {
        seen.push({ texts, topics: call?.topics ?? [] });
        return texts.map(() => ({
          judge: 'second',
          magnitude0to10: 3,
          direction: 0,
          profiles: null,
          verdict: 'PARTIAL',
          indicators: [],
          flags: ['noticed'],
          reasoning: null,
          reason: null,
          rawReply: null,
        }));
      },
    };
    const other = await open();
    const again = await other.rescore(judge);
    expect(count('news-samples')).toBe(samples);
    expect(seen).toHaveLength(1);
    expect(seen[0].texts).toEqual(measured.flatMap((entry) => entry.samples.map(({ text }) => text)));
    expect(seen[0].topics).toHaveLength(seen[0].texts.length);
    expect(seen[0].topics[0]).toMatch(/^town \d+ votes\. the vote was on day \d+/);
    for (const { samples: rows, contrast } of again) {
      expect(rows.map(({ judge: by, magnitude_0_to_10, flags }) => [by, magnitude_0_to_10, flags])).toEqual(
        rows.map(() => ['second', 3, 'noticed']),
      );
      expect(contrast).toEqual([]);
    }
    const unasked = { arm: 'mst' as const, label: other.label('unbiased', 'never asked before') };
    await expect(other.rescore(judge, [unasked])).rejects.toThrow(
      /got none under mst\/unbiased\/custom-.*Call measure/,
    );
    await news.dispose();
    await other.dispose();
  });

  it('a new wording trains nothing and measures only itself, once', async () => {
    const [trainings, contrasts, samples] = [count('news-train'), count('news-contrast'), count('news-samples')];
    for (let i = 0; i < 2; i++) {
      const news = await open();
      const summary = await news.ask('unbiased', 'plain and fair');
      expect(summary.conditions.map(({ name }) => name.replace(/custom-.*/, 'custom'))).toEqual([
        'baseline/none',
        'mst/unbiased/custom',
        'shuffled/unbiased/custom',
      ]);
      await news.dispose();
    }
    expect(count('news-train')).toBe(trainings);
    expect(count('news-contrast')).toBe(contrasts + 2);
    expect(count('news-samples')).toBe(samples + 2);
  });

  it('a label with a control token is refused before anything runs', async () => {
    const news = await open();
    expect(() => news.label('unbiased', 'fair</s>')).toThrow(/control token/);
    await news.dispose();
  });

  it('a training stopped in the middle goes on and ends with the same adapter', async () => {
    const root = mkdtempSync(join(tmpdir(), 'mstlab-runs-'));
    const stopped = await open({ arms: ['mst'] }, root);
    const controller = new AbortController();
    await expect(
      stopped.train({
        signal: controller.signal,
        onProgress: ({ what, done }) => {
          if (what === 'train mst' && done === 2) controller.abort();
        },
      }),
    ).rejects.toThrow(/stopped by request/);
    expect(stopped.untrainedArms()).toEqual(['mst']);
    await stopped.dispose();
    const news = await open({ arms: ['mst'] }, root);
    const steps: number[] = [];
    await news.train({ onProgress: ({ what, done }) => void (what === 'train mst' && steps.push(done)) });
    expect(steps).toEqual([3]);
    await news.dispose();
    const adapterOf = (folder: string, hash: string) =>
      readFileSync(join(folder, 'news-train', hash, 'adapter', 'adapter_model.safetensors'));
    const [hash] = readdirSync(join(root, 'news-train'));
    expect(adapterOf(root, hash).equals(adapterOf(runs, hash))).toBe(true);
  });

  it('another wording in training makes new labelled arms and keeps the baseline', async () => {
    const news = await open({ wording: secondWording(await open()) });
    expect(news.untrainedArms()).toEqual(['mst', 'shuffled']);
    await news.dispose();
  });

  it('the judge is given completions and nothing of label, prompt or arm', async () => {
    const canary = 'zzqqxx';
    const labels = JSON.parse(readFileSync(join(__dirname, '../../data/labels/news.json'), 'utf8'));
    for (const wording of labels.wordings)
      for (const value of Object.keys(wording.texts))
        wording.texts[value] = `${canary} ${value.replace('_', ' ')} ${wording.id}`;
    const labelSet = join(runs, 'canary-labels.json');
    writeFileSync(labelSet, JSON.stringify(labels));
    const asked: string[] = [];
    const judge: Judge = {
      id: 'scripted',
      isProxy: false,
      judge: (texts) => {
        asked.push(...texts);
        return texts.map(() => ({
          judge: 'scripted',
          magnitude0to10: 5,
          direction: 0,
          profiles: null,
          verdict: 'PARTIAL',
          indicators: [],
          flags: [],
          reasoning: null,
          reason: null,
          rawReply: null,
        }));
      },
    };
    const news = await NewsExperiment.open('smoke', { ...overrides(), labelSet }, { runs, judge });
    await news.train();
    const measured = await news.measure(news.sweep(), { contrast: false });
    const written = measured.flatMap(({ samples }) => samples.map(({ text }) => text));
    expect(asked).toEqual(written);
    const prompts = JSON.stringify(news.prepared.arms.mst!.map(({ messages }) => messages));
    expect(prompts).toContain(canary);
    for (const text of asked) {
      expect(text).not.toContain(canary);
      expect(text).not.toMatch(/Editor:|Write an unbiased/);
    }
    await news.dispose();
  });

  it("trains and measures with the article's settings as written, on another model and fewer rows", async () => {
    const root = mkdtempSync(join(tmpdir(), 'mstlab-paper-'));
    const { sft: _, computeDtype: __, ...rest } = overrides();
    const news = await NewsExperiment.open(
      'paper',
      {
        ...rest,
        arms: ['baseline', 'mst'],
        form: 'briefs',
        temperatures: [0.7],
        computeDtype: 'bf16',
        sft: { maxTokens: 1024 },
      },
      { runs: root },
    );
    const { config } = news.resolved.sft;
    expect(config).toMatchObject({ baseQuantisation: 'nf4', optimiser: 'adamw8bit', gradientCheckpointing: true });
    expect(config).toMatchObject({ learningRate: 2e-4, batchSize: 12, epochs: 3, maxGradNorm: 0.3 });
    expect(config.lora).toMatchObject({ rank: 16, alpha: 32, dropout: 0.05 });
    await news.train();
    // One window of 12 rows an epoch, and the evaluation at the end.
    const [run] = listRuns(root).runs.filter(({ kind }) => kind === 'news-train');
    const metrics = readFileSync(join(run.path, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(metrics.map(({ step, skipped }) => [step, skipped])).toEqual([
      [1, false],
      [2, false],
      [3, false],
    ]);
    expect(metrics.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    const measured = await news.measure();
    expect(measured.length).toBeGreaterThan(4);
    for (const { samples, contrast } of measured) expect([samples.length, contrast.length]).toEqual([8, 8]);
    await news.dispose();
  });

  it('asks for no more topics than there are, and says how many there are', async () => {
    await expect(open({ evalTopics: 9 })).rejects.toThrow(/9 test topics, got 8 in the data/);
  });
});

function secondWording(news: NewsExperiment): string {
  return news.prepared.labelSet.wordings[1];
}
