import { beforeAll, describe, expect, it } from 'vitest';
import { tensorflowBackend } from '../../../src/compute/backends';
import type { LoadedModel } from '../../../src/model/families';
import { ESTIMATORS, type RlOverrides, trainRl } from '../../../src/train';
import { movedAdapter, rlRun, SHAPE } from '../../support/rl-runs';
import { relativeError } from '../../support/run-values';
import { weightsOf } from '../../support/sft-rows';
import { loadTiny } from '../../support/tiny-models';

describe('updates of RL on a tiny model', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await loadTiny('tiny-llama', tensorflowBackend());
  });

  it.each(ESTIMATORS)(
    '%s learns "Yes" to one prompt and "No" to the other',
    async (estimator) => {
      const episodes = () =>
        Array.from({ length: 8 }, (_, at) => ({
          ...{ id: `e${at}`, ids: SHAPE[at % 2], bin: `${at % 2}` },
          rewards: at % 2 === 0 ? [1, 0] : [0, 1],
        }));
      const overrides = { estimator, steps: 60, learningRate: 0.01, entropy: { from: 0.5, to: 0.02, over: 0.7 } };
      const { metrics } = await trainRl(rlRun(model, overrides, { episodes }));
      const { byLabel } = metrics.at(-1)!;
      expect(byLabel['0'].firstAnswer).toBeGreaterThan(0.9);
      expect(byLabel['1'].firstAnswer).toBeLessThan(0.1);
    },
    300_000,
  );

  it.each(ESTIMATORS)(
    '%s at learning rate 0 has ratio 1, no clipping and the adapter it began with',
    async (estimator) => {
      const start = movedAdapter(model);
      const layouts: RlOverrides[] = [{}, { epochs: 2, miniBatch: 4 }, { miniBatch: 2, accumulation: 2 }];
      for (const layout of layouts) {
        const { metrics, adapter } = await trainRl(
          rlRun(model, { estimator, learningRate: 0, steps: 2, ...layout }, { start }),
        );
        for (const { ratioMean, ratioMax, approxKl, clipFraction } of metrics) {
          // Seen, where passes are cut otherwise than the rollout: 5.6e-8, 6.0e-7 and 1.0e-14.
          expect(Math.abs(ratioMean - 1)).toBeLessThan(5e-7);
          expect(Math.abs(ratioMax - 1)).toBeLessThan(5e-6);
          expect(approxKl).toBeLessThan(1e-13);
          expect(clipFraction).toBe(0);
        }
        expect(weightsOf(adapter)).toEqual(weightsOf(start));
      }
    },
    300_000,
  );

  it.each(ESTIMATORS)(
    '%s: one pass of 8 is two accumulated passes of 4, in the loss and in the policy',
    async (estimator) => {
      const start = movedAdapter(model);
      // AdamW's first step is the sign of a gradient: a large epsilon keeps it continuous.
      const stepped = (layout: RlOverrides) =>
        trainRl(rlRun(model, { estimator, steps: 1, warmupSteps: 0, epsilon: 0.1, ...layout }, { start }));
      const [whole, parts] = [await stepped({}), await stepped({ miniBatch: 4, accumulation: 2 })];
      // Seen: 3.0e-8 in the loss, 5.8e-6 of the largest move in the policy.
      expect(Math.abs(parts.metrics[0].loss! - whole.metrics[0].loss!)).toBeLessThan(3e-7);
      const before = weightsOf(start);
      const moved = (end: typeof whole) => weightsOf(end.adapter).map((x, i) => x - before[i]);
      expect(relativeError(moved(parts), moved(whole))).toBeLessThan(5e-5);
    },
    300_000,
  );

  it('the bonus for entropy raises it', async () => {
    const entropyAfter = async (bonus: number) => {
      const entropy = { from: bonus, to: bonus };
      const run = rlRun(model, { steps: 10, entropy }, { start: movedAdapter(model, 0.3) });
      return (await trainRl(run)).metrics.at(-1)!.entropy;
    };
    expect(await entropyAfter(5)).toBeGreaterThan((await entropyAfter(0)) + 0.01);
  }, 300_000);
});
