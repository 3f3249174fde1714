import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core';
import {
  checkRlConfig,
  type ProbeAnswer,
  RL_PRESETS,
  type RlOverrides,
  type RlPreset,
  resolveRlConfig,
  rlArticleDifferences,
  rlWarnings,
} from '../../../src/train/rl';
import { rampAt } from '../../../src/train/rl/config';
import { summariseProbe } from '../../../src/train/rl/probe';
import { shareWithoutSignal } from '../../../src/train/rl/warnings';

const resolve = (overrides: RlOverrides, preset: RlPreset | null = null) => resolveRlConfig(preset, overrides).config;

describe('RL config', () => {
  it.each([
    ['a temperature of 0', { temperature: { to: 0 } }, /temperature: must stay above 0/],
    ['one sample in a group of RLOO', { estimator: 'rloo' }, /samplesPerPrompt: must be 2 or more for rloo/],
    ['one sample in a group of GRPO', { estimator: 'grpo' }, /samplesPerPrompt: must be 2 or more for grpo/],
    ['a mini-batch that does not divide', { miniBatch: 5 }, /miniBatch: must divide promptsPerStep 32/],
    ['an accumulation that does not divide', { miniBatch: 8, accumulation: 3 }, /accumulation: must divide the 4/],
    ['dropout', { lora: { dropout: 0.05 } }, /lora: dropout must be 0/],
    ['a field that there is not', { learningrate: 1 } as RlOverrides, /learningrate/],
    ['a nested field that there is not', { kl: { beta: 1 } } as RlOverrides, /beta/],
  ] as [string, RlOverrides, RegExp][])('refuses %s', (_, overrides, message) => {
    expect(() => resolve(overrides)).toThrow(ConfigError);
    expect(() => resolve(overrides)).toThrow(message);
  });

  it('names all problems in one message, and an unknown preset with the ones there are', () => {
    expect(() => resolve({ estimator: 'grpo', miniBatch: 5, lora: { dropout: 0.1 } })).toThrow(
      /samplesPerPrompt: .*; miniBatch: .*; lora: /,
    );
    expect(() => resolve({}, 'papers' as RlPreset)).toThrow(/quick, collapse, paper, smoke, got "papers"/);
  });

  it('tells of each value, nested ones too, whether it is a default, of the preset or an override', () => {
    const { origins, config } = resolveRlConfig('collapse', { entropy: { to: 0.2 }, steps: 3 });
    expect(origins).toMatchObject({ steps: 'override', learningRate: 'preset', clip: 'default' });
    expect(origins).toMatchObject({
      ...{ 'entropy.from': 'preset', 'entropy.to': 'override', 'temperature.over': 'default' },
    });
    expect(config.entropy).toEqual({ from: 0.1, to: 0.2, over: 1 });
    expect(checkRlConfig(config)).toEqual(config);
  });

  it('a ramp is a straight line to its end and stays there', () => {
    const ramp = { from: 1.9, to: 1.6, over: 0.4 };
    expect([0, 1, 2, 4, 9].map((step) => rampAt(ramp, step, 10))).toEqual(
      [1.9, 1.825, 1.75, 1.6, 1.6].map((x) => expect.closeTo(x, 12)),
    );
  });
});

describe('RL warnings', () => {
  it.each([
    ['a tiny learning rate', { learningRate: 2e-8 }, /far below/],
    ['a large learning rate', { learningRate: 0.01 }, /above the usual range/],
    ['a hot policy', { temperature: { from: 1.9 } }, /temperature rises to 1.9/],
    ['PPO without a baseline', { estimator: 'ppo', valueCoefficient: 0 }, /no baseline/],
    ['epochs of the exact gradient', { epochs: 2 }, /goes 2 times/],
    ['clip in a single pass', { estimator: 'ppo' }, /clip and maxMeanRatio have no effect/],
    ['no entropy and no KL', { entropy: { to: 0 } }, /nothing keeps the policy from certainty/],
    ['groups of two', { estimator: 'rloo', samplesPerPrompt: 2 }, /70% of them/],
    ['a large rank', { lora: { rank: 512 } }, /rank 512/],
    ['the rule of mean ratios', { estimator: 'ppo', epochs: 2 }, /mean ratio is above 10/],
    ['a batch of the rollout', { miniBatch: 8 }, /sees 8 of the 32 prompts .* 4 updates/],
  ] as [string, RlOverrides, RegExp][])('tell of %s, and the default does not', (_, overrides, message) => {
    const matching = (config: RlOverrides) => rlWarnings(resolve(config)).filter((text) => message.test(text));
    expect(matching(overrides)).toHaveLength(1);
    expect(matching({})).toEqual([]);
  });

  it('the quick preset has none; the article has its learning rate, temperature, rank, batch and dropout told', () => {
    expect(rlWarnings(resolve({}, 'quick'))).toEqual([]);
    const paper = rlWarnings(resolve({}, 'paper'));
    for (const told of [/2e-8/, /1\.9/, /512/, /128 of the 1024/, /dropout 0\.05/, /mean ratio/])
      expect(paper.some((text) => told.test(text))).toBe(true);
    for (const preset of Object.keys(RL_PRESETS) as RlPreset[])
      for (const text of rlWarnings(resolve({}, preset))) expect(text).toMatch(/^[A-Z].*\.$/);
  });

  it('groups of two teach nothing in 70% of cases at a success rate of .18', () => {
    expect(shareWithoutSignal(0.18, 2)).toBeCloseTo(0.7048, 10);
  });
});

describe('differences from the article', () => {
  it('the paper preset has those alone that no config can remove, whatever is measured how often', () => {
    const named = (overrides: RlOverrides) => rlArticleDifferences(resolve(overrides, 'paper')).map(({ what }) => what);
    const always = named({});
    expect(always).toEqual(['optimiser', 'lora.dropout', 'log-probabilities']);
    expect(named({ probeEvery: 1, checkpointEvery: 3, xla: 'on', kl: { logEvery: 0 } })).toEqual(always);
    expect(named({ learningRate: 1e-4, entropy: { to: 0 } })).toEqual(['learningRate', 'entropy.to', ...always]);
  });

  it('the order of the projections is no difference, a missing one is', () => {
    const { targets } = resolve({}, 'paper').lora;
    const differing = (some: typeof targets) =>
      rlArticleDifferences(resolve({ lora: { targets: some } }, 'paper')).some(({ what }) => what === 'lora.targets');
    expect(differing([...targets].reverse())).toBe(false);
    expect(differing(targets.slice(1))).toBe(true);
  });
});

describe('the alarm of the probe', () => {
  const answer = (item: string, label: string | null, p: number, facet = 'wrong'): ProbeAnswer => ({
    ...{ item, label, facet, probabilities: [p, 1 - p], mass: 0.5 },
  });
  const summary = (...answers: ProbeAnswer[]) => summariseProbe(answers, 3, 0.05);

  it('is quiet where the label moves the answer in one facet, certain or not, and where there is one label or none', () => {
    expect(summary(answer('a', '0', 0), answer('a', '1', 1))).toMatchObject({ labelEffect: 1, alarm: 'quiet' });
    const moved = [
      answer('a', '0', 0.4),
      answer('a', '1', 0.6),
      answer('b', '0', 1, 'right'),
      answer('b', '1', 1, 'right'),
    ];
    expect(summary(...moved).alarm).toBe('quiet');
    expect(summary(...moved).labelEffect).toBeCloseTo(0.2, 12);
    expect(summary(answer('a', null, 1), answer('b', null, 1))).toMatchObject({ labelEffect: null, alarm: 'quiet' });
  });

  it('says that the label is ignored while there is entropy, and that the policy collapsed when there is none', () => {
    expect(summary(answer('a', '0', 0.5), answer('a', '1', 0.51)).alarm).toBe('label-ignored');
    expect(summary(answer('a', '0', 1), answer('a', '1', 1))).toMatchObject({ alarm: 'collapsed', entropy: 0 });
  });

  it('compares labels within items: items that differ are no effect of the label', () => {
    const found = summary(answer('a', '0', 0.1), answer('a', '1', 0.1), answer('b', '0', 0.9), answer('b', '1', 0.9));
    expect(found).toMatchObject({ labelEffect: 0, alarm: 'label-ignored', validMass: 0.5, step: 3 });
    expect(found.firstAnswer.wrong['0']).toBeCloseTo(0.5, 12);
  });
});
