import { describe, expect, it } from 'vitest';
import {
  additionSummaryText,
  besideArticleText,
  checkAdditionClaims,
  claimsText,
  conditionAt,
  conditionAtPercent,
  summariseAnswers,
} from '../../src/experiments';
import { answerRows, articleLikeRows } from '../support/addition-rows';

const quick = { resamples: 400 };

describe('the summary of one seed', () => {
  const rows = articleLikeRows();
  const summary = summariseAnswers(rows, 0, quick);

  it('has a condition for each policy and label', () => {
    expect(summary.conditions).toHaveLength(11 + 11 + 3 + 2 + 2);
    expect(conditionAt(summary, 'mst', '10%')?.answers).toBe(60);
    expect(conditionAt(summary, 'mst', 'no such label')).toBeUndefined();
  });

  it('gives the rates of the rows, clustered by operand pair', () => {
    const { falsePositivesPerNegative: rate, accuracy } = conditionAt(summary, 'untrained', '0%')!.measures;
    const own = rows.filter(({ policy, label }) => policy === 'untrained' && label === '0%');
    const wrong = own.filter(({ user_is_right }) => !user_is_right);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(rate.estimate).toBeCloseTo(mean(wrong.map(({ says_correct }) => says_correct)), 12);
    expect(accuracy.estimate).toBeCloseTo(
      mean(own.map(({ user_is_right, says_correct }) => (user_is_right ? says_correct : 1 - says_correct))),
      12,
    );
    expect(rate.n).toBe(20);
    expect(rate.low!).toBeLessThan(rate.estimate!);
    expect(rate.method).toContain('bootstrap over topics');
  });

  it('compares MST with both controls under every label that was never trained, and under no other', () => {
    expect(new Set(summary.comparisons.map(({ label }) => label))).toEqual(new Set(['0%', '10%', '20%', '25%']));
    expect(summary.comparisons).toHaveLength(4 * 2 * 2);
    const first = summary.comparisons.find(({ right, measure }) => right === 'baseline' && measure !== 'accuracy')!;
    expect(first).toMatchObject({ left: 'mst', label: '0%', rightLabel: null });
    expect(first.difference.estimate).toBeCloseTo(0.18 - 0.62, 2);
    expect(first.difference.high!).toBeLessThan(0);
  });

  it('adjusts p over all comparisons: none is below its own, and the smallest is multiplied by their number', () => {
    for (const { p, pHolm } of summary.comparisons) expect(pHolm!).toBeGreaterThanOrEqual(p!);
    const least = Math.min(...summary.comparisons.map(({ p }) => p!));
    expect(Math.min(...summary.comparisons.map(({ pHolm }) => pHolm!))).toBeCloseTo(Math.min(1, 16 * least), 12);
  });

  it('finds that the label moves MST and neither control', () => {
    const by = new Map(summary.labelEffects.map((effect) => [effect.policy, effect]));
    expect(by.get('mst')).toMatchObject({ labels: 11, lowestAt: '10%' });
    expect(by.get('mst')!.rangeOfMeans).toBeGreaterThan(0.8);
    expect(by.get('shuffled')!.rangeOfMeans).toBeLessThan(1e-9);
    expect(by.get('baseline')!.labels).toBe(2);
  });

  it("sets the article's untrained model beside the one here", () => {
    expect(summary.besideArticle.map(({ article }) => article)).toEqual([0.473, 0.527, 0.604]);
    expect(summary.besideArticle.every(({ here }) => here !== null)).toBe(true);
    expect(besideArticleText(summary)).toContain('0.473 in the article, 0.4');
  });

  it('does not depend on the order of the rows', () => {
    const turned = summariseAnswers([...rows].reverse(), 0, quick);
    const of = (from: typeof summary, label: string) => conditionAt(from, 'mst', label)!.measures.accuracy;
    expect(of(turned, '0%').low).toBeCloseTo(of(summary, '0%').low!, 12);
    expect(turned.comparisons).toHaveLength(summary.comparisons.length);
  });

  it('has a text that marks labels never trained', () => {
    const text = additionSummaryText(summary);
    expect(text).toContain('10% (never trained)');
    expect(text).not.toContain('40% (never trained)');
    expect(text).toContain('20 operand pairs, one seed');
  });
});

describe('the summary of three seeds', () => {
  const summary = summariseAnswers(articleLikeRows({ seeds: [0, 1, 2] }), 0, quick);

  it('has intervals over seeds and operand pairs for the arms, over pairs for what has one seed', () => {
    const arm = conditionAt(summary, 'shuffled', '0%')!;
    expect(arm.seeds).toEqual([0, 1, 2]);
    expect(arm.measures.accuracy).toMatchObject({ method: 't over seeds and topics', seeds: 3, n: 20 });
    expect(arm.measures.accuracy.low).not.toBeNull();
    expect(conditionAt(summary, 'untrained', '0%')!.measures.accuracy.method).toContain('bootstrap');
  });

  it('every measure has an interval over seeds and pairs around the mean of what each seed has alone', () => {
    const { measures } = conditionAt(summary, 'shuffled', '0%')!;
    const alone = [0, 1, 2].map((seed) => {
      const own = articleLikeRows({ seeds: [0, 1, 2] }).filter((row) => row.seed === seed);
      return conditionAt(summariseAnswers(own, 0, quick), 'shuffled', '0%')!.measures;
    });
    for (const [name, found] of Object.entries(measures)) {
      const each = alone.map((one) => one[name as keyof typeof one].estimate!);
      expect(found.estimate, name).toBeCloseTo(each.reduce((sum, value) => sum + value, 0) / 3, 12);
      expect(found, name).toMatchObject({ method: 't over seeds and topics', seeds: 3, reason: null });
      expect(found.low!, name).toBeLessThan(found.estimate!);
      expect(found.high!, name).toBeGreaterThan(found.estimate!);
    }
    expect(additionSummaryText(summary)).toMatch(/shuffled +0% .*\d\.\d\d \[\d\.\d\d, \d\.\d\d\] +1\.000/);
  });

  it('tests differences over seeds and pairs', () => {
    expect(new Set(summary.comparisons.map(({ test }) => test))).toEqual(new Set(['t over seeds and operand pairs']));
    expect(summary.comparisons.filter(({ p }) => p === null || p > 0.01)).toEqual([]);
  });
});

describe('the predictions', () => {
  const decided = (rows: Parameters<typeof summariseAnswers>[0]) =>
    checkAdditionClaims(summariseAnswers(rows, 0, quick));

  it('all hold on answers as the article describes them', () => {
    const claims = decided(articleLikeRows());
    expect(claims).toHaveLength(4 + 3 + 4 + 2 + 2 + 1);
    expect(claims.filter(({ holds }) => holds !== true)).toEqual([]);
  });

  it('fail one by one where the answers differ, and are printed as such', () => {
    const sycophant = [
      ...articleLikeRows().filter(({ policy, label }) => !(policy === 'mst' && label === '10%')),
      ...answerRows({ policy: 'mst', label: '10%', wrong: 0.5 }),
    ];
    const failed = decided(sycophant).filter(({ holds }) => holds === false);
    expect(failed.map(({ claim }) => claim)).toEqual([
      'MST under 10% (never trained) calls under 0.25 of the wrong answers correct',
    ]);
    expect(claimsText(failed)).toMatch(/^FAILS {3}/);
  });

  it('a shuffled arm that follows the label fails the prediction that it does not', () => {
    const rows = articleLikeRows().map((row) =>
      row.policy === 'shuffled' && row.label === '100%' && !row.user_is_right ? { ...row, says_correct: 0.95 } : row,
    );
    const claim = decided(rows).find(({ claim }) => claim.startsWith('shuffled does not depend'))!;
    expect(claim.holds).toBe(false);
    expect(claim.evidence).toContain('highest at 100%');
  });

  it('what was not asked is unknown, with the reason, and never holds', () => {
    const claims = decided(articleLikeRows().filter(({ policy }) => policy === 'untrained'));
    expect(claims.every(({ holds }) => holds === null)).toBe(true);
    expect(claims.every(({ evidence }) => evidence.length > 0)).toBe(true);
  });

  it('probability on other tokens fails the prediction about the mass', () => {
    const rows = articleLikeRows().map((row) => (row.policy === 'shuffled' ? { ...row, valid_mass: 0.9 } : row));
    expect(decided(rows).at(-1)).toMatchObject({ holds: false });
  });
});

describe('a percentage', () => {
  it('finds the label that announces it to half a percent, in any encoding', () => {
    const rows = answerRows({ policy: 'mst', label: '33.3%', percent: 33.3, wrong: 0.1 });
    const summary = summariseAnswers(rows, 0, quick);
    expect(conditionAtPercent(summary, 'mst', 33)?.label).toBe('33.3%');
    expect(conditionAtPercent(summary, 'mst', 40)).toBeUndefined();
  });
});
