import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tensorflowBackend } from '../../../src/compute/backends';
import { AbortedError, ConfigError, DataError, NumericError } from '../../../src/core';
import type { LoadedModel } from '../../../src/model/families';
import { type Episode, type RlResult, type TrainRlOptions, trainRl } from '../../../src/train';
import { loadCheckpoint } from '../../../src/train/checkpoint';
import { movedAdapter, PROBE, raggedEpisodes, rlConfig, rlRun } from '../../support/rl-runs';
import { weightsOf } from '../../support/sft-rows';
import { loadTiny } from '../../support/tiny-models';

/** What must not depend on clocks. */
const comparable = ({ metrics, probes, adapter }: RlResult) => ({
  metrics: metrics.map(({ seconds, elapsedSeconds, episodesPerSecond, peakMemoryMb, ...rest }) => rest),
  probes,
  weights: weightsOf(adapter),
});

describe('RL on a tiny model', () => {
  let model: LoadedModel;
  let dir: string;
  beforeAll(async () => {
    model = await loadTiny('tiny-llama', tensorflowBackend());
  });
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mstlab-rl-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const ppo = { estimator: 'ppo', epochs: 2, miniBatch: 4, steps: 4, kl: { logEvery: 1 } } as const;
  const options = (more: Partial<TrainRlOptions> = {}) => rlRun(model, ppo, { probe: PROBE, dir, ...more });
  const stateOf = (folder: string) =>
    Object.entries(loadCheckpoint(folder)!.tensors).map(([name, { data }]) => [name, [...data]]);

  it('aborted or killed anywhere and resumed gives bit for bit the whole run: policy, optimiser, metrics, probes', async () => {
    const wholeDir = join(dir, 'whole');
    const whole = await trainRl(rlRun(model, { ...ppo, probeEvery: 2 }, { probe: PROBE, dir: wholeDir }));
    expect(whole.probes.map(({ step }) => step)).toEqual([0, 2, 4]);
    for (const way of ['abort at 0', 'abort at 1', 'kill at 3']) {
      const own = join(dir, way);
      const at = Number(way.at(-1));
      const controller = new AbortController();
      const interrupted = trainRl(
        rlRun(
          model,
          { ...ppo, probeEvery: 2, checkpointEvery: 2 },
          {
            ...{ probe: PROBE, dir: own, signal: controller.signal },
            onProbe: ({ step }) => way === 'abort at 0' && step === 0 && controller.abort(),
            onStep: ({ step }) => {
              if (step !== at) return;
              if (way.startsWith('kill')) throw new Error('killed');
              controller.abort();
            },
          },
        ),
      );
      await expect(interrupted).rejects.toThrow(way.startsWith('kill') ? 'killed' : AbortedError);
      const resumed = await trainRl(rlRun(model, { ...ppo, probeEvery: 2 }, { probe: PROBE, dir: own }));
      expect(comparable(resumed), way).toEqual(comparable(whole));
      expect(stateOf(own), way).toEqual(stateOf(wholeDir));
      expect(readFileSync(join(own, 'steps.jsonl'), 'utf8').trim().split('\n')).toHaveLength(4);
      expect(readFileSync(join(own, 'probes.jsonl'), 'utf8').trim().split('\n')).toHaveLength(3);
    }
  }, 600_000);

  it('refuses a directory of another config, seed, start or episodes, and what is there stays', async () => {
    await trainRl(options());
    const before = stateOf(dir);
    for (const other of [
      { episodesHash: 'others' },
      { seed: 6 },
      { start: movedAdapter(model) },
      { config: rlConfig({ ...ppo, learningRate: 1e-3 }) },
    ])
      await expect(trainRl(options(other))).rejects.toThrow(/dir must hold this run or none/);
    expect(stateOf(dir)).toEqual(before);
  });

  it.each([
    ['a NaN reward', (e: Episode) => ({ ...e, rewards: [1, Number.NaN] })],
    ['a missing reward', (e: Episode) => ({ ...e, rewards: [1] })],
    ['an empty prompt', (e: Episode) => ({ ...e, ids: new Int32Array(0) })],
    ['a prompt longer than the shape', (e: Episode) => ({ ...e, ids: new Int32Array([...e.ids, ...e.ids]) })],
  ] as [string, (e: Episode) => Episode][])(
    '%s names episode and step, and the steps before are kept',
    async (_, spoil) => {
      const episodes = raggedEpisodes(8);
      const spoilt = (step: number) => episodes(step).map((e, at) => (step === 2 && at === 3 ? spoil(e) : e));
      const failed = trainRl(options({ episodes: spoilt }));
      await expect(failed).rejects.toThrow(DataError);
      await expect(failed).rejects.toThrow(/"s2e3", step 3/);
      expect(loadCheckpoint(dir)?.step).toBe(2);
    },
  );

  it('an episode source that throws or gives too few names the step, and the steps before are kept', async () => {
    const episodes = raggedEpisodes(8);
    const failing = (at: (step: number) => readonly Episode[]) =>
      trainRl(options({ episodes: (step) => (step < 2 ? episodes(step) : at(step)) }));
    await expect(
      failing(() => {
        throw new Error('no table');
      }),
    ).rejects.toThrow(/episodes of step 3 .*"no table"/);
    expect(loadCheckpoint(dir)?.step).toBe(2);
    await expect(failing((step) => episodes(step).slice(1))).rejects.toThrow(/8 episodes, got 7 \(step 3\)/);
  });

  it('gradients that are NaN change nothing and are counted, and ten in a row end the run', async () => {
    const start = movedAdapter(model, Number.NaN);
    const few = await trainRl(rlRun(model, { steps: 3 }, { start }));
    expect(few.metrics.map(({ updates, skippedUpdates }) => [updates, skippedUpdates])).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
    let steps = 0;
    const many = trainRl(rlRun(model, { steps: 14 }, { start, onStep: () => steps++ }));
    await expect(many).rejects.toThrow(NumericError);
    expect(steps).toBe(10);
  });

  it('a base loaded otherwise than the config says is refused before anything is written', async () => {
    const config = rlConfig({ baseQuantisation: 'nf4' });
    await expect(trainRl(options({ config, dir: join(dir, 'none') }))).rejects.toThrow(ConfigError);
    expect(existsSync(join(dir, 'none'))).toBe(false);
  });

  it('sums of the label bins are the whole: means weighted by their episodes, the largest ratio', async () => {
    const { metrics } = await trainRl(rlRun(model, ppo, { start: movedAdapter(model) }));
    for (const step of metrics) {
      const bins = Object.values(step.byLabel);
      expect(Object.keys(step.byLabel)).toEqual(['high', 'low']);
      expect(bins.reduce((sum, { episodes }) => sum + episodes, 0)).toBe(8);
      const means = ['rewardMean', 'expectedReward', 'firstAnswer', 'entropy', 'validMass', 'klK1', 'klK3', 'klExact'];
      for (const name of [
        ...means,
        'approxKl',
        'clipFraction',
        'ratioMean',
        'valueLoss',
      ] as (keyof (typeof bins)[0])[]) {
        const whole = bins.reduce((sum, bin) => sum + (bin.episodes / 8) * (bin[name] as number), 0);
        // Seen: 5.6e-16.
        expect(Math.abs(whole - (step[name] as number)), name).toBeLessThan(1e-14);
      }
      expect(step.ratioMax).toBe(Math.max(...bins.map(({ ratioMax }) => ratioMax)));
    }
  });

  it('KL to the start is 0 at the first step, to the base it is positive, and k3 and the exact one never fall below 0', async () => {
    const start = movedAdapter(model, 0.2);
    const klOf = async (reference: 'start' | 'base') => {
      const kl = { reference, logEvery: 1 };
      const { metrics } = await trainRl(
        rlRun(model, { estimator: 'rloo', samplesPerPrompt: 64, steps: 2, kl }, { start }),
      );
      for (const { klK3, klExact } of metrics) {
        expect(klK3).toBeGreaterThanOrEqual(0);
        expect(klExact).toBeGreaterThanOrEqual(-1e-7);
      }
      return metrics;
    };
    const [own] = await klOf('start');
    // Seen: 2.8e-9.
    for (const value of [own.klK1, own.klK3, own.klExact]) expect(Math.abs(value!)).toBeLessThan(3e-8);
    const [base] = await klOf('base');
    expect(base.klExact).toBeGreaterThan(1e-3);
    // 512 samples; k3 is close to its mean while the policies are close: 17% from it seen.
    expect(Math.abs(base.klK3! - base.klExact!)).toBeLessThan(0.3 * base.klExact!);
  });

  it('temperature, entropy and rarity follow their ramps and then stay', async () => {
    const ramps = {
      temperature: { from: 2, to: 1, over: 0.5 },
      entropy: { from: 0.4, to: 0, over: 1 },
      rarity: { from: 0, to: 1, over: 0.25 },
    };
    const { metrics } = await trainRl(rlRun(model, { steps: 4, ...ramps }));
    expect(metrics.map(({ temperature }) => temperature)).toEqual([2, 1.5, 1, 1]);
    metrics.forEach(({ entropyCoefficient }, step) => {
      expect(entropyCoefficient).toBeCloseTo(0.4 - 0.1 * step, 12);
    });
    expect(metrics.map(({ rarityCoefficient }) => rarityCoefficient)).toEqual([0, 1, 1, 1]);
  });

  it('a collapsed policy ends the run with the reason, and opened again it stays ended', async () => {
    const episodes = (step: number) => raggedEpisodes(8)(step).map((e) => ({ ...e, rewards: [1, 0] }));
    const flat = { from: 0, to: 0 };
    const config = rlConfig({
      ...{ steps: 60, learningRate: 0.05, probeEvery: 2, entropy: flat, alarmBelow: 0.2, stopWhenCollapsed: 2 },
    });
    const run = options({ config, episodes });
    const first = await trainRl(run);
    expect(first.stopped).toMatch(/label was ignored and no entropy was left in 2 probes in a row/);
    expect(first.steps).toBeLessThan(60);
    expect(first.probes.slice(-2).map(({ alarm }) => alarm)).toEqual(['collapsed', 'collapsed']);
    const again = await trainRl({ ...run, onStep: () => expect.unreachable() });
    expect(comparable(again)).toEqual(comparable(first));
    expect(again.stopped).toBe(first.stopped);
  });
});
