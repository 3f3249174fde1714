import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../../src/analysis/frame';
import { RandomStream } from '../../../src/core';
import type { AnswerRow } from '../../../src/experiments/addition';
import { answerChannels, answerInformation } from '../../../src/experiments/meter/answer-channel';
import { answerMeter } from '../../../src/experiments/meter/answer-meter';
import { labelChannel } from '../../../src/experiments/meter/channel';
import { type MeterItem, type MeterLabel, scoreLabels } from '../../../src/experiments/meter/score-labels';
import type { TokenScores } from '../../../src/model/generate';

const VALUES = ['strong_left', 'center_left', 'center_right', 'strong_right'];
const SLANT = [2, 1, 1, 2];

const labels: MeterLabel[] = [
  ...VALUES.map(
    (value, at): MeterLabel => ({
      name: `${value}/plain`,
      label: { id: `${value}/plain`, value, text: value, wording: 'plain', source: 'test' },
      value,
      scale: SLANT[at],
      kind: 'label',
    }),
  ),
  ...['one', 'two'].map((name): MeterLabel => ({ name, label: null, value: null, scale: null, kind: 'filler' })),
  { name: 'no label', label: null, value: null, scale: null, kind: 'none' },
];
const items = Array.from(
  { length: 12 },
  (_, i): MeterItem => ({
    id: `topic ${i}`,
    group: `d${i % 3}`,
    prompt: () => Int32Array.of(1, 2, 3),
    texts: VALUES.map((value) => ({ value, ids: Int32Array.of(4, 5, 6) })),
  }),
);

/** Texts of three tokens; `follow` nats are added to a text under its own label, `noise` to any under any. */
function scorer(follow: number, noise: number) {
  return {
    score: async (asked: readonly { id: string; texts: readonly Int32Array[] }[]): Promise<TokenScores[]> =>
      asked.map(({ id, texts }) => {
        const at = Number(id.split(' ')[0]);
        const random = new RandomStream(`${id} ${noise}`);
        const tokens = texts.map((ids, text) =>
          Float64Array.from(ids, () => -3 + (at === text ? follow / ids.length : 0) + noise * random.normal()),
        );
        return { id, tokens, logprobs: tokens.map((row) => row.reduce((sum, value) => sum + value, 0)) };
      }),
  };
}

async function channel(follow: number, noise: number) {
  return labelChannel(await scoreLabels(scorer(follow, noise), items, labels), new RandomStream(0));
}
const of = (found: Awaited<ReturnType<typeof channel>>, name: string) =>
  found.measures.filter((measure) => measure.name === name);

describe('the label-channel meter', () => {
  it('says that a label is read where texts are likelier under their own label', async () => {
    const found = await channel(6, 0.05);
    expect(found.verdict).toBe('read');
    expect(found.words).toMatch(/^The label is read: 100% of texts .*chance 25%.*of at most 1\.39 nats, n = 12 items/);
    expect(of(found, 'identification')[0].estimate.estimate).toBeGreaterThan(1.3);
    expect(of(found, 'identification')[0].p).toBeLessThan(0.001);
    // Between two labels a text's own tokens move by 2 nats, in 2 of 4 texts.
    expect(of(found, 'swap_shift')[0].estimate.estimate).toBeCloseTo(1, 1);
    expect(of(found, 'filler_shift')[0].estimate.estimate).toBeLessThan(0.1);
    expect(of(found, 'slope')[0].estimate.low).toBeGreaterThan(0);
  });

  it('sees nothing where the label changes the text by noise alone', async () => {
    const found = await channel(0, 0.05);
    expect(found.verdict).toBe('not seen');
    expect(found.words).toMatch(/^No sign that the label is read/);
    expect(of(found, 'slope')[0].estimate.low).toBeLessThan(0);
  });

  it('shifts nothing and has no interval where every label gives the same', async () => {
    const found = await channel(0, 0);
    expect(of(found, 'swap_shift')[0].estimate).toMatchObject({ estimate: 0, low: null });
    expect(of(found, 'swap_shift')[0].estimate.reason).toMatch(/same value/);
    expect(found.verdict).toBe('unclear');
  });

  it('says so where texts are likelier under other labels than their own', async () => {
    expect((await channel(-6, 0.05)).verdict).toBe('against');
  });

  it('measures the ablation of each label and filler against no label', async () => {
    const ablation = of(await channel(6, 0.05), 'ablation');
    expect(ablation.map(({ label }) => label)).toEqual([...VALUES.map((value) => `${value}/plain`), 'one', 'two']);
    const [strong, center] = [ablation[0].estimate.estimate!, ablation[1].estimate.estimate!];
    expect(strong).toBeGreaterThan(3);
    expect(center).toBeLessThan(-3);
    expect(Math.abs(ablation[4].estimate.estimate!)).toBeLessThan(0.2);
  });

  it('gives the same numbers for the same scores', async () => {
    expect(await channel(1, 0.3)).toEqual(await channel(1, 0.3));
  });

  it('refuses to measure nothing', async () => {
    await expect(scoreLabels(scorer(0, 0), [], labels)).rejects.toThrow(/there must be items and labels/);
  });
});

describe('the channel of forced answers', () => {
  const row = (label: number, problem: number, says_correct: number): AnswerRow => ({
    policy: 'mst',
    seed: 0,
    label: `${label}%`,
    percent: label,
    problem_id: `p${problem}`,
    topic_id: `t${problem}`,
    user_is_right: false,
    error_size: 1,
    says_correct,
    valid_mass: 1,
  });
  const rows = (answer: (label: number, problem: number) => number) =>
    [0, 50, 100].flatMap((label) => Array.from({ length: 10 }, (_, i) => row(label, i, answer(label, i))));

  it('is 0 for equal answers, log 2 where two labels decide the answer, and never negative', () => {
    expect(answerInformation([0.3, 0.3, 0.3])).toBeCloseTo(0, 12);
    expect(answerInformation([0, 1])).toBeCloseTo(Math.LN2, 12);
    // By hand: H(.5) − (H(.25) + H(.75)) / 2.
    expect(answerInformation([0.25, 0.75])).toBeCloseTo(Math.LN2 + 0.25 * Math.log(0.25) + 0.75 * Math.log(0.75), 12);
  });

  it('gives the slope in log-odds a ten percentage points', () => {
    const odds = (logit: number) => 1 / (1 + Math.exp(-logit));
    const [found] = answerChannels(
      rows((label, i) => odds(0.4 * (label / 10) - 2 + 0.01 * i * (label / 10))),
      new RandomStream(0),
    );
    expect(found.slopePer10Percent.estimate).toBeCloseTo(0.4 + 0.045, 6);
    expect(found.information.low).toBeGreaterThan(0);
    expect(found.words).toMatch(/mst: the label decides \d+\.\d% of what it could/);
  });

  it('refuses answers under one label', () => {
    expect(() =>
      answerChannels(
        rows(() => 0.5).filter(({ percent }) => percent === 0),
        new RandomStream(0),
      ),
    ).toThrow(/at least two labels/);
  });
});

describe('the meter of forced answers', () => {
  const row = (policy: string, percent: number | null, problem: number, says_correct: number) =>
    ({
      policy,
      seed: 0,
      label: percent === null ? null : `${percent}%`,
      percent,
      problem_id: `p${problem}`,
      topic_id: `t${problem % 10}`,
      user_is_right: false,
      error_size: 1,
      says_correct,
      valid_mass: 1,
    }) as Parameters<typeof answerMeter>[0][number];
  const labels = [0, 50, 100, null];
  const problems = Array.from({ length: 40 }, (_, i) => i);
  const rows = labels.flatMap((percent) =>
    problems.flatMap((i) => [
      row('mst', percent, i, percent === null ? 0.5 : 0.1 + 0.008 * percent),
      row('shuffled', percent, i, 0.3 + 0.01 * (i % 10)),
    ]),
  );
  const meter = answerMeter(rows, new RandomStream(0));
  const found = rowsOf(meter.frame);
  const value = (arm: string, measure: string, label: string | null = null) =>
    found.find((one) => one.arm === arm && one.measure === measure && one.label === label)!;

  it('gives exact swaps, ablations and information of a policy that reads', () => {
    expect(value('mst', 'swap', '100% minus 0%').estimate).toBeCloseTo(0.8, 10);
    expect(value('mst', 'ablation', '50%').estimate).toBeCloseTo(0, 10);
    expect(value('mst', 'ablation', '0%').estimate).toBeCloseTo(-0.4, 10);
    expect(value('mst', 'information').estimate).toBeCloseTo(answerInformation([0.1, 0.5, 0.9]), 10);
  });

  it('gives 0 for one that does not, whatever its problems do', () => {
    for (const [measure, label] of [
      ['swap', '100% minus 0%'],
      ['ablation', '0%'],
      ['information', null],
    ] as const)
      expect(value('shuffled', measure, label).estimate, measure).toBeCloseTo(0, 10);
  });

  it('sees the label in drawn answers where it decides them, with a p by permutation', () => {
    const [read, unread] = ['mst', 'shuffled'].map((arm) => value(arm, 'drawn_information'));
    expect(read.p).toBe(0.001);
    expect(unread.p).toBeGreaterThan(0.01);
    // Bits of one answer: the information of [.1, .5, .9] is 0.246 nats, .355 bits.
    expect(Math.abs((read.estimate as number) - answerInformation([0.1, 0.5, 0.9]) / Math.LN2)).toBeLessThan(0.15);
    expect(read.estimate as number).toBeGreaterThan(unread.estimate as number);
  });

  it('draws the arms, says what it found, and has the columns of the meter of texts', () => {
    expect(meter.words).toHaveLength(2);
    expect(JSON.stringify(meter.figure.layout)).toContain('of what it could in MST, less in the others');
    expect(meter.frame.columns).toEqual([
      'arm',
      'measure',
      'label',
      'estimate',
      'low',
      'high',
      'unit',
      'unread',
      'n',
      'p',
      'missing_reason',
    ]);
  });

  it('has no ablation without answers to prompts without a label', () => {
    const labelled = answerMeter(
      rows.filter(({ label }) => label !== null),
      new RandomStream(0),
    );
    expect(rowsOf(labelled.frame).filter(({ measure }) => measure === 'ablation')).toEqual([]);
  });
});
