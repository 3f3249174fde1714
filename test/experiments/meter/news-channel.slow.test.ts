import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf } from '../../../src/analysis/frame';
import { NewsExperiment, newsChannel, newsMeter, scoreLabels, watchChannel } from '../../../src/experiments';
import { Scorer, scoreTexts } from '../../../src/model/generate';
import { tinyNewsInputs, tinyNewsOverrides } from '../../support/tiny-news';

let news: NewsExperiment;

describe('the label-channel meter on a tiny model', () => {
  beforeAll(async () => {
    const runs = mkdtempSync(join(tmpdir(), 'mstlab-runs-'));
    news = await NewsExperiment.open('smoke', tinyNewsOverrides(tinyNewsInputs()), { runs });
  });
  afterAll(() => news.dispose());

  it('reads an untrained model without training anything', async () => {
    const found = await newsChannel(news, { topics: 8 });
    expect(news.untrainedArms()).toEqual(['baseline', 'mst', 'shuffled']);
    expect(found.arms.map(({ arm }) => arm)).toEqual(['untrained']);
    const rows = rowsOf(found.frame);
    const measures = [...new Set(rows.map(({ measure }) => measure))];
    expect(measures).toEqual(['swap_shift', 'filler_shift', 'identification', 'identified_share', 'slope', 'ablation']);
    expect(rows.find(({ measure }) => measure === 'identified_share')?.unread).toBe(0.25);
    for (const row of rows) expect(row.estimate === null).toBe(row.low === null && row.missing_reason !== null);
  });

  it('gives every text under every label the log-probability of scoring it alone, token by token', async () => {
    const { items, labels } = newsMeter(news, { topics: 2 });
    const model = await news.host.load();
    const scorer = new Scorer(model, null);
    const found = await scoreLabels(scorer, items, labels);
    scorer.dispose();
    for (const at of [0, labels.length - 1]) {
      const item = items[1];
      const promptIds = item.prompt(labels[at].label);
      const alone = await scoreTexts(
        model,
        null,
        item.texts.map(({ ids }, i) => ({ id: `${i}`, promptIds, texts: [ids] })),
      );
      item.texts.forEach(({ ids }, text) => {
        const { tokens, logprobs } = found.scores[at][1];
        expect(tokens[text].length).toBe(ids.length);
        expect(logprobs[text]).toBeCloseTo(alone[text].logprobs[0], 3);
        for (const [token, value] of tokens[text].entries()) expect(value).toBeCloseTo(alone[text].tokens[0][token], 3);
      });
    }
  });

  it('watches an arm while it trains, and changes nothing of it', async () => {
    const root = () => mkdtempSync(join(tmpdir(), 'mstlab-runs-'));
    const open = async () =>
      NewsExperiment.open('smoke', { ...news.config, ...tinyNewsOverrides(news.config as never) }, { runs: root() });
    const [plain, watched] = [await open(), await open()];
    const seen: number[] = [];
    const watch = watchChannel(watched, { every: 2, topics: 8, onReading: ({ step }) => void seen.push(step) });
    const [one] = await plain.train({ arms: ['mst'] });
    const [two] = await watched.train({ arms: ['mst'], watch: watch.arm });
    expect(seen).toEqual([2, 3]);
    expect(watch.readings.map(({ arm, step }) => [arm, step])).toEqual([
      ['mst', 2],
      ['mst', 3],
    ]);
    expect(two.run.id).toBe(one.run.id);
    expect(two.metrics.map(({ loss }) => loss)).toEqual(one.metrics.map(({ loss }) => loss));
    // The last reading is that of the finished adapter.
    const after = await newsChannel(watched, { arms: ['mst'], topics: 8 });
    const number = (channel: (typeof watch.readings)[number]['channel']) => channel.identification?.nats.estimate;
    expect(number(watch.readings[1].channel)).toBeCloseTo(number(after.arms[0].channel)!, 4);
    watch.dispose();
    await plain.dispose();
    await watched.dispose();
  });

  it('refuses an arm that is not trained', async () => {
    await expect(newsChannel(news, { arms: ['shuffled'] })).rejects.toThrow(/must be trained before it is asked/);
  });
});
