import { describe, expect, it } from 'vitest';
import type { Figure } from '../../src/analysis/charts';
import { liveTraining } from '../../src/experiments';
import { probeAt, stepMetrics } from '../support/rl-metrics';

function recorder() {
  const shown: { steps: number; last: boolean }[] = [];
  const show = (figure: Figure, { last }: { last: boolean }) => {
    const longest = Math.max(0, ...figure.data.map((trace) => ((trace as { x?: unknown[] }).x ?? []).length));
    shown.push({ steps: longest, last });
  };
  return { shown, show };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the live chart', () => {
  it('is drawn at once, then at most every two seconds, and ends on the last state', async () => {
    const { shown, show } = recorder();
    let nowMs = 0;
    const live = liveTraining({ show, now: () => nowMs, totalSteps: 50 });
    for (let step = 1; step <= 50; step++) {
      live.onStep('mst', 0, stepMetrics(step));
      await settled();
      nowMs += 100;
    }
    expect(shown.length).toBeLessThanOrEqual(1 + 50 / 20);
    await live.finish();
    expect(shown.at(-1)).toEqual({ steps: 50, last: true });
    expect(shown.filter(({ last }) => last)).toHaveLength(1);
  });

  it('draws one figure at a time: what comes meanwhile waits', async () => {
    let open = 0;
    let most = 0;
    let drawn = 0;
    const show = async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
      drawn++;
    };
    const live = liveTraining({ show, everyMs: 0 });
    for (let step = 1; step <= 10; step++) {
      live.onStep('mst', 0, stepMetrics(step));
      await settled();
    }
    await live.finish();
    expect(most).toBe(1);
    expect(drawn).toBeGreaterThanOrEqual(2);
  });

  it('shows the arms of the seed in training, with probes and alarms', async () => {
    const alts: string[] = [];
    const live = liveTraining({ show: ({ alt }) => void alts.push(alt), everyMs: 1e9 });
    live.onStep('mst', 0, stepMetrics(1));
    live.onStep('mst', 1, stepMetrics(1));
    live.onProbe('shuffled', 1, probeAt(1, 'label-ignored'));
    await live.finish();
    expect(alts.at(-1)).toMatch(/MST/);
    expect(alts.at(-1)).toMatch(/shuffled/);
  });

  it('a display that fails does not stop training; the end of the drawing throws it', async () => {
    const live = liveTraining({
      show: () => {
        throw new Error('no display');
      },
    });
    live.onStep('mst', 0, stepMetrics(1));
    await settled();
    live.onStep('mst', 0, stepMetrics(2));
    await expect(live.finish()).rejects.toThrow('no display');
  });

  it('without any step shows nothing', async () => {
    const { shown, show } = recorder();
    await liveTraining({ show }).finish();
    expect(shown).toEqual([]);
  });
});
