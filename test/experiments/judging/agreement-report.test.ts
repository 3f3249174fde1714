import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../../src/analysis/frame';
import { ConfigError, RandomStream } from '../../../src/core';
import {
  AGREEMENT_COLUMNS,
  agreementFigure,
  agreementFrame,
  agreementReport,
  agreementText,
  armsWithJudgeError,
  confusionFigure,
  type HumanLabel,
  humansTogether,
  JUDGE_ERROR_COLUMNS,
  judgeErrorFrame,
  judgeErrorText,
  judgeNoiseReport,
  judgeNoiseText,
  MISSING_COLUMNS,
  missingFrame,
  missingText,
  missingVerdictSensitivity,
  textIdOf,
} from '../../../src/experiments/judging';
import type { SampleRow } from '../../../src/experiments/news';
import type { Judgement, Verdict } from '../../../src/judge';

const random = new RandomStream('agreement report');
const verdictOf = (magnitude: number): Verdict => (magnitude < 3 ? 'PASS' : magnitude < 6 ? 'PARTIAL' : 'FAIL');
const judgement = (judge: string, magnitude: number | null): Judgement => ({
  judge,
  magnitude0to10: magnitude,
  direction: null,
  profiles: null,
  verdict: magnitude === null ? null : verdictOf(magnitude),
  indicators: [],
  flags: [],
  reasoning: null,
  reason: magnitude === null ? 'refused' : null,
  rawReply: null,
});
const clipped = (value: number) => Math.min(10, Math.max(0, Math.round(value)));
const texts = Array.from({ length: 40 }, (_, at) => ({
  text: `text ${at}`,
  topicId: `t${at % 20}`,
  truth: (at * 7) % 11,
}));
const judged = (name: string, bias: number, noise: number) => {
  const stream = random.fork(name);
  return texts.map(({ truth }) => judgement(name, clipped(truth + bias + noise * stream.normal())));
};
const human = (rater: string, count: number, noise = 0.7): HumanLabel[] => {
  const stream = random.fork(rater);
  return texts.slice(0, count).map(({ text, truth }) => {
    const magnitude = clipped(truth + noise * stream.normal());
    return { textId: textIdOf(text), rater, magnitude0to10: magnitude, verdict: verdictOf(magnitude) };
  });
};
const sonnet = judged('sonnet', 1, 1).map((one, at) => (at === 3 ? judgement('sonnet', null) : one));
const input = {
  texts,
  judgements: { sonnet, haiku: judged('haiku', 0, 2) },
  human: [...human('ann', 30), ...human('bob', 24), { ...human('ann', 1)[0], textId: 'ffffffffffffffff' }],
  offline: judged('offline', 2, 4),
};
const few = { resamples: 300 };
const report = agreementReport(input, 1, few);
const row = (left: string, right: string | null) =>
  report.rows.find((one) => one.left === left && one.right === right)!;

describe('agreement report', () => {
  it('has each pair once: people, people with judges, judges, judges with the offline judge', () => {
    expect(report.rows.map(({ kind, left, right }) => `${kind}: ${left}, ${right}`)).toEqual([
      'human-human: ann, bob',
      ...['sonnet', 'haiku', 'offline'].flatMap((judge) =>
        ['2 people', 'ann', 'bob'].map((one) => `human-${judge === 'offline' ? 'offline' : 'judge'}: ${one}, ${judge}`),
      ),
      'judge-judge: sonnet, haiku',
      'judge-offline: sonnet, offline',
      'judge-offline: haiku, offline',
    ]);
    expect([report.texts, report.labelled, report.labelsOfOtherTexts]).toEqual([40, 30, 1]);
  });
  it('a pair uses the texts that both rated; a missing verdict is left out and counted', () => {
    expect(row('ann', 'bob').verdicts).toBe(24);
    expect(row('ann', 'sonnet').verdicts).toBe(29);
    expect(row('ann', 'sonnet').confusion).toMatchObject({ onlyLeft: 1, onlyRight: 10, neither: 0 });
  });
  it('a judge that is nearer to people agrees better, by each measure', () => {
    for (const of of ['kappa', 'alphaVerdict', 'spearman'] as const)
      expect(row('2 people', 'sonnet')[of]!.estimate!).toBeGreaterThan(row('2 people', 'offline')[of]!.estimate!);
    expect(row('ann', 'sonnet').difference!.mean.high!).toBeLessThan(0);
  });
  it('intervals are over topics where texts share them, over texts where not', () => {
    expect(row('ann', 'sonnet').kappa!.method).toBe('expanded BCa bootstrap over clusters of items');
    const alone = agreementReport({ ...input, texts: texts.map(({ text }) => ({ text })) }, 1, few);
    expect(alone.rows[0].kappa!.method).toBe('expanded BCa bootstrap over items');
  });
  it('the same seed gives the same report', () => expect(agreementReport(input, 1, few)).toEqual(report));
  it('three judges or people have a row together', () => {
    const more = agreementReport({ ...input, judgements: { ...input.judgements, opus: judged('opus', 0, 1) } }, 1, few);
    const all = more.rows.find(({ kind }) => kind === 'all judges')!;
    expect([all.left, all.right, all.kappa]).toEqual(['sonnet, haiku, opus', null, null]);
    expect(all.alphaVerdict.items).toBe(40);
  });
  it('people together: mean magnitude, middle verdict, the worse of two', () => {
    const rater = (name: string, verdicts: (Verdict | null)[], magnitudes: (number | null)[]) =>
      ({ name, kind: 'human', verdicts, magnitudes }) as const;
    const got = humansTogether(
      [
        rater('a', ['PASS', 'PASS', null, null], [1, 2, null, null]),
        rater('b', ['FAIL', 'PARTIAL', null, 'FAIL'], [9, 4, null, 8]),
      ],
      4,
    );
    expect(got.verdicts).toEqual(['FAIL', 'PARTIAL', null, 'FAIL']);
    expect(got.magnitudes).toEqual([5, 3, null, 8]);
  });
  it('a judge that lacks a judgement is an error, and so is one rater alone', () => {
    expect(() => agreementReport({ ...input, judgements: { sonnet: sonnet.slice(1) } }, 1)).toThrow(
      /40 texts.*got 39 of sonnet/,
    );
    expect(() => agreementReport({ texts, judgements: { sonnet } }, 1)).toThrow(ConfigError);
  });
});

describe('the report shown', () => {
  it('the frame has the documented columns and a row a pair', () => {
    const frame = agreementFrame(report);
    expect(frame.columns).toEqual(Object.keys(AGREEMENT_COLUMNS));
    const first = rowsOf(frame)[0];
    expect(first).toMatchObject({
      kind: 'human-human',
      left: 'ann',
      right: 'bob',
      verdicts: 24,
      interval_over: 'topics',
    });
    expect(first.kappa).toBe(row('ann', 'bob').kappa!.estimate);
  });
  it('the text names n, kappa with its interval, and the table of people and judge', () => {
    const text = agreementText(report);
    expect(text).toMatch(/^40 texts, 30 of them labelled by people\. 1 label is of another text/);
    expect(text).toMatch(/human-judge: ann and sonnet\n {2}verdicts \(n = 29\): weighted kappa 0\.\d\d \[0?\.?\d/);
    expect(text).toMatch(/ann \\ sonnet +PASS +PARTIAL +FAIL +all/);
  });
  it('figures: the title is the finding, the caption says n and how intervals are made', () => {
    const table = confusionFigure(report, { left: 'ann', right: 'sonnet' });
    const words = (figure: typeof table) =>
      (figure.layout.annotations ?? []).map(({ text }) => String(text).replaceAll('<br>', ' ')).join('\n');
    expect(words(table)).toMatch(/ann and sonnet give the same verdict to \d+ of 29 texts/);
    expect(words(table)).toMatch(/n = 29 texts each · intervals: 95% Wilson score/);
    expect(words(table)).toMatch(/left out: 1 rated by ann alone, 10 by sonnet alone, 0 by neither/);
    const pairs = agreementFigure(report);
    expect(words(pairs)).toMatch(/Closest to people: sonnet agrees with .* at weighted kappa 0\.\d\d \[/);
    expect(words(pairs)).toMatch(/topics each · intervals: 95% expanded BCa bootstrap over clusters of items/);
    for (const figure of [table, pairs]) expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
  });
  it('a pair that is not there is an error', () => {
    expect(() => confusionFigure(report, { left: 'ann', right: 'eve' })).toThrow(ConfigError);
  });
});

const rows = (['mst', 'baseline'] as const).flatMap((arm): SampleRow[] => {
  const stream = random.fork(arm);
  return Array.from({ length: 36 }, (_, topic): SampleRow => {
    const truth = (arm === 'mst' ? 2 : 4.5) + 1.2 * Math.sin(topic) + stream.normal();
    const magnitude = Math.min(10, Math.max(0, truth + (arm === 'mst' ? 2 : 0) + 0.3 * stream.normal()));
    return {
      arm,
      label_value: arm === 'mst' ? 'unbiased' : null,
      label_id: arm === 'mst' ? 'unbiased/plain' : null,
      topic_id: `t${topic}`,
      domain: 'd',
      temperature: 0.7,
      text: `${arm} ${topic} ${Math.min(10, Math.max(0, truth))}`,
      tokens: 10,
      truncated: false,
      judge: 'sonnet',
      magnitude_0_to_10: magnitude,
      direction: null,
      verdict: verdictOf(magnitude),
      flags: '',
      reasoning: null,
      missing_reason: null,
    };
  });
});
const labels = rows
  .filter((_, at) => at % 3 === 0)
  .map(({ text }): HumanLabel => {
    const magnitude = Number(text.split(' ')[2]);
    return { textId: textIdOf(text), rater: 'ann', magnitude0to10: magnitude, verdict: verdictOf(magnitude) };
  });
const pairs = [['mst/unbiased/plain', 'baseline/none']] as const;

describe('arms with judge error', () => {
  const got = armsWithJudgeError({ rows, human: labels, pairs }, { seed: 1 });
  it('a judge that is hard on one arm hides the effect; labels bring it back', () => {
    const difference = got.arms.find(({ minus }) => minus !== null)!;
    expect(difference.judgeOnly.low!).toBeGreaterThan(-1.6);
    expect(difference.corrected.estimate!).toBeLessThan(-1.8);
    expect(difference.judgeError.low!).toBeGreaterThan(1.5);
    expect(got.labelled).toBe(24);
  });
  it('conditions and differences, with the names of the news summary', () => {
    expect(got.arms.map(({ name, minus }) => [name, minus])).toEqual([
      ['mst/unbiased/plain', null],
      ['baseline/none', null],
      ['mst/unbiased/plain', 'baseline/none'],
    ]);
    const frame = judgeErrorFrame(got);
    expect(frame.columns).toEqual(Object.keys(JUDGE_ERROR_COLUMNS));
    expect(rowsOf(frame)[2]).toMatchObject({ labelled_topics: 12, topics: 36, fallback: null });
    expect(judgeErrorText(got)).toMatch(
      /mst\/unbiased\/plain − baseline\/none at T 0.7: judge alone .* corrected .* times as wide/,
    );
  });
  it('without labels the judge alone stands, and the text says so', () => {
    const bare = armsWithJudgeError({ rows, human: [], pairs }, { seed: 1 });
    expect(bare.arms[0].reported).toEqual(bare.arms[0].judgeOnly);
    expect(judgeErrorText(bare)).toMatch(/not corrected: no text with a human label/);
  });
  it('the share that passes stays within 0 and 1', () => {
    for (const { corrected, minus } of armsWithJudgeError({ rows, human: labels, measure: 'pass' }, { seed: 1 }).arms)
      if (minus === null && corrected.low !== null) {
        expect(corrected.low).toBeGreaterThanOrEqual(0);
        expect(corrected.high).toBeLessThanOrEqual(1);
      }
  });
});

describe('missing verdicts of the arms', () => {
  const gone = rows.map((one, at) =>
    one.arm === 'mst' && at % 2 === 0
      ? { ...one, magnitude_0_to_10: null, verdict: null, missing_reason: 'refused' }
      : {
          ...one,
          magnitude_0_to_10: Math.max(0, one.magnitude_0_to_10! - (one.arm === 'mst' ? 1.5 : 0)),
        },
  );
  const [found] = missingVerdictSensitivity({ rows: gone, pairs }, 1);
  it('counts them, gives bounds, and says in words from where on the conclusion turns', () => {
    expect(found.missing).toEqual({ left: 18, right: 0 });
    expect(found.sentence).toMatch(
      /^mst\/unbiased\/plain is below baseline\/none: it turns if the 18 missing verdicts of mst\/unbiased\/plain average above \d\.\d\d/,
    );
    expect(found.least.estimate!).toBeLessThan(found.observed.estimate!);
    const frame = missingFrame([found]);
    expect(frame.columns).toEqual(Object.keys(MISSING_COLUMNS));
    expect(rowsOf(frame)[0]).toMatchObject({ missing_left: 18, holds: false });
    expect(missingText([found])).toBe(`At T 0.7: ${found.sentence}`);
  });
  it('a condition that no row has is an error', () => {
    expect(() => missingVerdictSensitivity({ rows, pairs: [['mst/none', 'baseline/none']] }, 1)).toThrow(
      /got mst\/none/,
    );
  });
});

describe('noise of a judge that was asked several times', () => {
  const stream = random.fork('noise');
  const repeated = texts.map(({ truth }) => ({
    samples: [0, 1, 2].map(() => judgement('sonnet', 2 + truth / 2 + stream.normal() / 2)),
  }));
  const noise = judgeNoiseReport({ texts, judgements: repeated }, 1);
  it('counts topics, texts and judgements, and finds the noise that was put in', () => {
    expect([noise.topics, noise.texts, noise.judgements]).toEqual([20, 40, 120]);
    expect(noise.spread.judgements!).toBeCloseTo(0.5, 1);
    expect(judgeNoiseText(noise)).toMatch(
      /^120 judgements of 40 texts of 20 topics\.\n.*judged again: .*\n.*\nThe judge's noise is \d+% /,
    );
  });
  it('equal texts of a topic are one; a judgement too few is an error', () => {
    const twice = { texts: [...texts, ...texts], judgements: [...repeated, ...repeated] };
    expect(judgeNoiseReport(twice, 1)).toEqual(noise);
    expect(() => judgeNoiseReport({ texts, judgements: repeated.slice(1) }, 1)).toThrow(/40 texts.*got 39/);
  });
});
