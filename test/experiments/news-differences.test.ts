import { describe, expect, it } from 'vitest';
import { differencesText, estimateText, NewsExperiment, newsDifferences } from '../../src/experiments/news';

describe('what an experiment does otherwise than the article', () => {
  it('is told as data: model, texts, rows, topics, judge, then the training settings', async () => {
    const experiment = await NewsExperiment.open('smoke');
    const differences = newsDifferences(experiment);
    await experiment.dispose();
    expect(differences.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['model', 'texts', 'training rows', 'topics', 'judge', 'baseQuantisation', 'optimiser']),
    );
    expect(differences).toContainEqual({ what: 'training rows', article: '1859', here: '16' });
    expect(differences).toContainEqual({ what: 'optimiser', article: 'adamw8bit', here: 'adamw' });
    expect(differencesText(differences)).toContain('training rows: 16 (article: 1859)');
  });
});

describe('the estimate as text', () => {
  it('has memory and padding beside the time', () => {
    const memory = {
      weights: 269e6,
      weightsText: '269 MB bf16',
      adapter: 20e6,
      optimiserState: 39e6,
      gradientSum: 0,
      activations: 920e6,
      programs: 362e6,
      total: 1610e6,
      toTake: 1341e6,
    };
    const text = estimateText({
      untrainedArms: ['mst'],
      trainTokensPerSecond: 900,
      trainSecondsPerArm: 60,
      trainMemory: memory,
      trainPeakMemoryMb: 2100,
      trainPaddingShare: 0.137,
      unmeasuredConditions: 0,
      measureSeconds: 0,
      totalSeconds: 60,
    });
    expect(text).toBe(
      'Estimate from a measured step: about 1.0 min (train mst: 1.0 min each at 900 tokens/s). Memory while training: 1610 MB ' +
        '(base 269 MB bf16, adapter 20 MB, optimiser 39 MB, activations 920 MB, graphs 362 MB), at most some 2100 MB resident; 14% of the places are padding.',
    );
  });
});
