import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../src/analysis/frame';
import { RandomStream } from '../../src/core';
import {
  type AnswerRow,
  articleFindings,
  articleFindingsFrame,
  atTemperature,
  bothMeasuresFrame,
  drawnAnswers,
  type SycophancyExperiment,
  summariseAnswers,
  sycophancyDose,
} from '../../src/experiments';
import { suggestibilityScale } from '../../src/labels';
import { articleLikeRows } from '../support/addition-rows';

const scale = suggestibilityScale();
const TRAINED = [33, 40, 66, 75, 85, 100];

/** As much of an experiment as these functions read; its training draws the labels named and no other. */
const experiment = (drawn: readonly number[] = TRAINED) =>
  ({
    config: { dataSeed: 0, seeds: [0] },
    resolved: { rl: { config: { steps: 2 } } },
    trainedPercents: [33, 100],
    prepared: {
      scale,
      stream: () => ({ episodes: () => drawn.map((percent) => ({ label: scale.labelAtPercent(percent) })) }),
    },
    riseVariant: (name: string, what: string, rows: readonly AnswerRow[]) => ({
      name,
      what,
      answers: rows.filter(({ policy }) => policy === 'mst'),
      edge: '0%',
      inside: ['20%', '25%', '33%', '40%'],
    }),
  }) as unknown as SycophancyExperiment;

/** Each answer moved a little by what it stands under, so that labels differ within a pair. */
function jittered(rows: readonly AnswerRow[]): AnswerRow[] {
  return rows.map((row) => {
    const own = new RandomStream(`${row.seed} ${row.policy} ${row.label} ${row.problem_id}`).uniform() - 0.5;
    return { ...row, says_correct: Math.min(1, Math.max(0, row.says_correct + 0.04 * own)) };
  });
}

describe('the dose-response of a policy', () => {
  const rows = jittered(articleLikeRows());

  it('marks labels below the training range as extrapolated, and those that no step drew as interpolated', () => {
    const dose = sycophancyDose(experiment(), rows);
    const places = rowsOf(dose.frame).map(({ percent, place }) => [percent, place]);
    expect(places.filter(([, place]) => place === 'extrapolation').map(([percent]) => percent)).toEqual([
      0, 10, 20, 25,
    ]);
    expect(places.filter(([, place]) => place === 'interpolation').map(([percent]) => percent)).toEqual([50]);
    expect(dose.trend.p!).toBeLessThan(0.001);
    expect(dose.words.join(' ')).toMatch(/It turns around at the lowest label/);
  });

  it('has the means of the answers to wrong claims, whatever the right ones say', () => {
    const own = rows.filter(
      ({ policy, label, user_is_right }) => policy === 'mst' && label === '40%' && !user_is_right,
    );
    const mean = own.reduce((sum, { says_correct }) => sum + says_correct, 0) / own.length;
    const at40 = rowsOf(sycophancyDose(experiment(), rows).frame).find(({ percent }) => percent === 40)!;
    expect(at40.estimate).toBeCloseTo(mean, 10);
    const without = rows.filter(({ user_is_right }) => !user_is_right);
    expect(rowsOf(sycophancyDose(experiment(), without).frame).find(({ percent }) => percent === 40)!.estimate).toBe(
      at40.estimate,
    );
  });

  it('of a policy that was asked under no label of the scale is refused by name', () => {
    expect(() => sycophancyDose(experiment(), rows, { arm: 'untrained' })).toThrow(/at least two labels/);
    const none = rows.filter(({ policy }) => policy !== 'mst');
    expect(() => sycophancyDose(experiment(), none)).toThrow(/got none of mst \(policies: shuffled, baseline/);
  });

  it('of three seeds has a thin line each and words on further seeds', () => {
    const dose = sycophancyDose(experiment(), jittered(articleLikeRows({ seeds: [0, 1, 2] })));
    expect(dose.overSeeds).toMatchObject({ seeds: 3, n: 20 });
    expect(dose.words.join(' ')).toMatch(/these 3 trained models together\. Over further seeds the slope is rising/);
  });
});

describe('answers at another temperature', () => {
  const rows = articleLikeRows();
  const said = (from: readonly AnswerRow[]) => from.map(({ says_correct }) => says_correct);

  it('are the same at 1, the likelier answer at 0, and nearer to a half the hotter', () => {
    said(atTemperature(rows, 1)).forEach((value, at) => {
      expect(value).toBeCloseTo(rows[at].says_correct, 12);
    });
    expect(new Set(said(atTemperature(rows, 0)))).toEqual(new Set([0, 1]));
    const hot = said(atTemperature(rows, 1.6));
    hot.forEach((value, at) => {
      const before = rows[at].says_correct;
      expect(Math.abs(value - 0.5)).toBeLessThanOrEqual(Math.abs(before - 0.5) + 1e-12);
    });
    const [edge] = atTemperature([{ ...rows[0], says_correct: 0.5 }], 0);
    expect(edge.says_correct).toBe(0.5);
    const [sure] = atTemperature([{ ...rows[0], says_correct: 1 }], 0.7);
    expect(sure.says_correct).toBe(1);
    expect(() => atTemperature(rows, -1)).toThrow(/from 0 up, got -1/);
  });

  it('drawn are 0 or 1, share the mean within chance, and do not depend on the order of rows', () => {
    const random = new RandomStream(3);
    const drawn = drawnAnswers(rows, random);
    expect(new Set(said(drawn))).toEqual(new Set([0, 1]));
    const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(mean(said(drawn))).toBeCloseTo(mean(said(rows)), 1);
    expect(drawnAnswers([...rows].reverse(), random)).toEqual([...drawn].reverse());
  });

  it('counted stand beside the probabilities, a row a policy and label', () => {
    const quick = { resamples: 200 };
    const frame = bothMeasuresFrame(
      summariseAnswers(rows, 0, quick),
      summariseAnswers(drawnAnswers(rows, new RandomStream(3)), 0, quick),
    );
    const at75 = rowsOf(frame).find(({ policy, label }) => policy === 'mst' && label === '75%')!;
    expect(at75.probability).toBeCloseTo(0.96, 1);
    expect(at75.counted as number).toBeGreaterThan(0.8);
  });
});

describe("the article's findings beside ours", () => {
  const rows = jittered(articleLikeRows());
  const findings = articleFindings(experiment(), rows, summariseAnswers(rows, 0, { resamples: 400 }));

  it('have each of its numbers and directions once, agreeing where the answers were made to agree', () => {
    expect(findings.map(({ figure }) => figure)).toEqual(['text', 'text', 'text', '2a', '2a', '2b', '2b', '2c', '2c']);
    const compared = findings.filter(({ figure }) => figure === '2a' || figure === '2b');
    expect(compared.map(({ agrees }) => agrees)).toEqual([true, true, true, true]);
    for (const { pHolm } of compared) expect(pHolm!).toBeLessThan(0.05);
    expect(findings.at(-1)).toMatchObject({ agrees: true });
  });

  it('explain or call unexplained whatever differs, and nothing stays without a word', () => {
    for (const { agrees, explanation, what } of findings) if (agrees === false) expect(explanation, what).not.toBe('');
    // Nothing of training was given, so nothing accounts for 0.08 where the article has near 0.
    expect(findings.find(({ article }) => article.startsWith('near 0'))).toMatchObject({
      agrees: false,
      explanation: 'unexplained',
    });
    expect(rowsOf(articleFindingsFrame(findings))).toHaveLength(findings.length);
  });

  it('do not agree on the word of an interval alone when MST is no better', () => {
    const flat = rows.map((row) =>
      row.policy === 'mst' && !row.user_is_right ? { ...row, says_correct: Math.min(1, row.says_correct + 0.45) } : row,
    );
    const found = articleFindings(experiment(), flat, summariseAnswers(flat, 0, { resamples: 400 }));
    expect(found.filter(({ figure }) => figure === '2a').map(({ agrees }) => agrees)).toEqual([false, false]);
    expect(found.find(({ figure }) => figure === '2a')!.explanation).toMatch(/^unexplained/);
  });
});
