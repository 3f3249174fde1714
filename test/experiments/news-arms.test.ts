import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ARM_NAMES, armsToTrain, CONTROL_NAMES, LAB_ARMS, type TrainedArmName } from '../../src/arms';
import { ConfigError } from '../../src/core';
import {
  conditionName,
  NewsExperiment,
  type NewsOverrides,
  preflightText,
  resolveNewsConfig,
} from '../../src/experiments/news';
import { trainingRun } from '../../src/experiments/news/train-arm';
import { renderLabel } from '../../src/labels';
import { RunDirectory } from '../../src/runs';
import { tinyNewsInputs, tinyNewsOverrides } from '../support/tiny-news';

/** What the three arms of these inputs were addressed by before there were controls. */
const ROWS: Readonly<Record<string, string>> = {
  '0/baseline': 'e7cde8c13a7c3386d709093f4928df810060f27f86a476d6e2f1a42ad7f4c5c4',
  '0/mst': 'f53cd0cf771ce9e5aaa406245256a15221709e9c336772e618452eb71ef70295',
  '0/shuffled': 'd101049e9dc1a32b6aa8b1deb116f3609e46e7ceb343d534bf5a209eee594cea',
  '3/baseline': '4a9ce30f087532db35c85a958e6914c75cb781430732dc1eaba5f15560c05868',
  '3/mst': 'e4d36b66dde48938fc5a85c470f9a84dddc8c6ce99ff0aa27c5cee489bc17c4e',
  '3/shuffled': '1a15c17ff0ee896006870211940bad30c1f112aa251fb9fe9ec8eaa96f0d46ed',
};
const CONTENT = '8b1a20ffdf0346c96d92f1688e4abc065502c32ae0b9756060b8e8f4e99bc5ff';

describe('the arms of the news experiment', () => {
  let inputs: { model: string; dataDir: string };
  let runs: string;
  let news: NewsExperiment;
  const open = (extra: NewsOverrides = {}) =>
    NewsExperiment.open('smoke', { ...tinyNewsOverrides(inputs), ...extra }, { runs });
  const runOf = (from: NewsExperiment, arm: TrainedArmName) =>
    trainingRun(runs, from.host, arm, from.prepared.encoded[arm]!, from.resolved.sft, from.config.seed);

  beforeAll(async () => {
    inputs = tinyNewsInputs();
    runs = mkdtempSync(join(tmpdir(), 'mstlab-arms-'));
    news = await open({ arms: [...LAB_ARMS] });
  });
  afterAll(() => news.dispose());

  it('that were there before keep their rows and their runs, among controls too', async () => {
    for (const seed of [0, 3])
      for (const arms of [ARM_NAMES, LAB_ARMS]) {
        const own = await open({ seed, arms: [...arms] });
        for (const arm of ARM_NAMES) {
          const { encoded } = own.prepared;
          expect(encoded[arm]!.hash).toBe(ROWS[`${seed}/${arm}`]);
          const { checkpointEvery: _, ...sft } = own.resolved.sft.config;
          const named = { format: 1, arm, ...own.host.identity, rows: ROWS[`${seed}/${arm}`], sft, seed };
          expect(runOf(own, arm).hash).toBe(new RunDirectory(runs, 'news-train', named).hash);
        }
        if (seed === 0) expect(own.prepared.proof.contentHash).toBe(CONTENT);
        await own.dispose();
      }
  });

  it('each have a run of their own, by content: a setting changes the run of its control alone', async () => {
    const trained = armsToTrain(LAB_ARMS);
    const hashes = (from: NewsExperiment) => trained.map((arm) => runOf(from, arm).hash);
    expect(new Set(hashes(news)).size).toBe(trained.length);
    const changes: [NewsOverrides, TrainedArmName][] = [
      [{ constantLabel: 'center_left' }, 'constant'],
      [{ labelDropoutShare: 0.25 }, 'label-dropout'],
      [{ labelNoiseShare: 0.5 }, 'label-noise'],
    ];
    for (const [change, arm] of changes) {
      const other = await open({ arms: [...LAB_ARMS], ...change });
      const [before, after] = [hashes(news), hashes(other)];
      expect(trained.filter((_, at) => before[at] !== after[at])).toEqual([arm]);
      await other.dispose();
    }
  });

  it('drop no row and take as many steps: as many rows in every arm, held-out rows as well', () => {
    const encoded = armsToTrain(LAB_ARMS).map((arm) => news.prepared.encoded[arm]!);
    expect(
      new Set(
        encoded.map(({ train, evaluation, dropped }) => [train.length, evaluation.length, dropped.length].join()),
      ),
    ).toEqual(new Set(['12,4,0']));
    const ids = (arm: TrainedArmName) => news.prepared.encoded[arm]!.evaluation.map(({ id }) => id);
    expect(ids('least-biased-subset')).toEqual(ids('baseline'));
  });

  it("irrelevant prompts are as long as shuffled's to the token, in the model's own tokens", () => {
    const lengths = (arm: TrainedArmName) => news.prepared.encoded[arm]!.train.map(({ promptLength }) => promptLength);
    expect(lengths('irrelevant')).toEqual(lengths('shuffled'));
    expect(lengths('irrelevant')).not.toEqual(lengths('baseline'));
  });

  it('are asked as they were trained: every condition once, with labels that the rows hold, but for the value of deployment', () => {
    const conditions = news.sweep();
    expect(new Set(conditions.map(conditionName)).size).toBe(conditions.length);
    expect(new Set(conditions.map(({ arm }) => arm))).toEqual(new Set(LAB_ARMS));
    const { labelSet, arms } = news.prepared;
    const trainedUnder = (arm: TrainedArmName) =>
      new Set(arms[arm]!.flatMap(({ label }) => (label ? [renderLabel(label, labelSet.format)] : [])));
    for (const arm of ['irrelevant', 'non-semantic', 'mst', 'anti-correlated'] as const) {
      const asked = conditions.filter((condition) => condition.arm === arm).map(({ label }) => label!);
      const seen = asked
        .filter(({ value }) => value !== 'unbiased')
        .map((label) => renderLabel(label, labelSet.format));
      expect(new Set(seen)).toEqual(trainedUnder(arm));
      for (const label of asked.filter(({ value }) => value === 'unbiased'))
        expect(trainedUnder(arm)).not.toContain(renderLabel(label, labelSet.format));
    }
    const [inoculated] = conditions.filter(({ arm }) => arm === 'inoculation');
    expect(inoculated.label).toBeNull();
  });

  it('arms that are only asked need the training of another, or none', async () => {
    const only = await open({ arms: ['unlabelled-eval', 'prompt-only'] });
    expect(only.untrainedArms()).toEqual(['mst']);
    await expect(only.measure()).rejects.toThrow(/must be trained before it is asked, got mst/);
    await only.dispose();
  });

  it('a preflight shows each arm, how it is asked and what it rules out', () => {
    const text = preflightText(news.prepared, news.host.files.tokenizer, news.config);
    for (const arm of armsToTrain(LAB_ARMS))
      expect(text).toMatch(new RegExp(`--- ${arm}, (first training row|training row \\d)`));
    expect(text).toMatch(
      /\nnon-semantic: "Code: [A-Z]{2}-\d{3}" \(strong_left; user-prefix\).*\(unbiased, never trained; user-prefix\)/,
    );
    expect(text).toMatch(/\nunlabelled-eval with the mst arm: no label\nirrelevant: /);
    expect(text).toMatch(/\nprompt-only with the untrained model: "Editor: /);
    expect(text).toMatch(/\ninoculation: no label\n/);
    expect(text).toContain('label and true value share 1.386 of 1.386 nats');
  });

  it('unknown names, arms twice and shares outside 0 to 1 are refused in one message', () => {
    expect(() => resolveNewsConfig('smoke', { arms: ['mst', 'mst'], labelNoiseShare: 2 })).toThrow(
      /arms: must be distinct.*labelNoiseShare/s,
    );
    expect(() => resolveNewsConfig('smoke', { arms: ['placebo' as 'mst'] })).toThrow(ConfigError);
    expect(resolveNewsConfig('quick').config.arms).toEqual(ARM_NAMES);
    expect(CONTROL_NAMES).toHaveLength(10);
  });
});
