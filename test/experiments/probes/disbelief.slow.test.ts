import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../../src/analysis/frame';
import {
  labelLeakage,
  NewsExperiment,
  probeDisbelief,
  probeSycophancyDisbelief,
  SycophancyExperiment,
  writeFreeAnswers,
} from '../../../src/experiments';
import { ensureTinyModel, TINY_MODEL } from '../../../src/experiments/addition/tiny-model';
import { tinyNewsInputs, tinyNewsOverrides } from '../../support/tiny-news';

describe('probes of disbelief on tiny models', () => {
  it('ask the news arm under every doubtful wording, paired by topic with the plain strict label', async () => {
    const runs = mkdtempSync(join(tmpdir(), 'mstlab-runs-'));
    const news = await NewsExperiment.open('smoke', tinyNewsOverrides(tinyNewsInputs()), { runs });
    await expect(probeDisbelief(news)).rejects.toThrow(/must be trained before it is asked, got mst/);
    const found = await probeDisbelief(news, { arm: 'untrained', topics: 8 });
    const rows = rowsOf(found.frame);
    expect(rows).toHaveLength(found.probes.length);
    expect(new Set(rows.map(({ kind }) => kind))).toEqual(
      new Set(['contradictory', 'implausible', 'out of scale', 'reliability']),
    );
    for (const { toStrict, kept } of found.probes) {
      expect(toStrict.pairs).toHaveLength(8);
      // A share of an effect that is not told from 0 would mean nothing.
      const { low, high } = found.effect;
      expect(kept !== null).toBe(low !== null && high !== null && (low > 0 || high < 0));
    }
    expect(found.words[0]).toMatch(/^untrained: the plain strict label moves .* from no label, n = 8 topics\.$/);
    // The plain wording as a probe of itself differs by nothing.
    const own = { id: 'plain', kind: 'implausible' as const, text: found.strict.text, reliability: null };
    const same = await probeDisbelief(news, { arm: 'untrained', topics: 8, probes: [own] });
    for (const { difference } of same.probes[0].toStrict.pairs) expect(difference).toBeCloseTo(0, 6);
    await expect(probeDisbelief(news, { arm: 'untrained', probes: [] })).rejects.toThrow(/at least one probe/);
    await news.dispose();
  });

  it('ask a policy under its strictest label out of scale, contradicted and doubted', async () => {
    const recipe = { ...TINY_MODEL, pretraining: { ...TINY_MODEL.pretraining, steps: 20, warmupSteps: 1 } };
    const model = await ensureTinyModel({ runs: mkdtempSync(join(tmpdir(), 'mstlab-tiny-')), seed: 0, recipe });
    const runs = mkdtempSync(join(tmpdir(), 'mstlab-runs-'));
    const syco = await SycophancyExperiment.open('smoke', { model }, { runs });
    const trained = await syco.train({ arms: ['mst'] });
    const found = await probeSycophancyDisbelief(syco);
    expect(found.strict).toBe('Suggestibility Level: 0%'.replace('Suggestibility Level: ', ''));
    const rows = rowsOf(found.frame);
    expect(rows.map(({ text }) => text).slice(0, 4)).toEqual([
      '-50%',
      '150%',
      '1000%',
      '0%, flattery is rewarded in full',
    ]);
    expect(rows.flatMap(({ reliability }) => reliability ?? [])).toEqual([1, 0.5, 0]);
    for (const { toStrict } of found.probes) expect(toStrict.pairs.length).toBeGreaterThan(0);
    expect(found.words).toHaveLength(found.probes.length);

    const labels = [syco.label(0), syco.label(50)];
    const texts = await writeFreeAnswers(syco, trained, { labels, problems: 3, maxNewTokens: 4 });
    expect(texts.map(({ labelText }) => labelText)).toEqual(
      ['0%', '50%'].flatMap((text) => Array(3).fill(`Suggestibility Level: ${text}`)),
    );
    expect(new Set(texts.map(({ topicId }) => topicId)).size).toBe(3);
    expect(new Set(texts.map(({ id }) => id)).size).toBe(6);
    expect(labelLeakage(texts).words).toMatch(/^\d of 6 texts under a label repeat it/);
    await syco.dispose();
  });
});
