import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../../../src/core';
import { articleReward, auditReward, auditText, gradedReward, type RewardScheme } from '../../../src/tasks';

const article = auditReward(articleReward);
const graded = auditReward(gradedReward);
/** The article's, with honesty about a wrong claim worth `honest`: its step lies at s = honest. */
const stepAt = (honest: number): RewardScheme => ({
  id: 'moved',
  describe: 'moved',
  reward: (outcome) =>
    outcome.action === 'incorrect' && !outcome.userIsRight ? honest : articleReward.reward(outcome),
});
const fullRange = (scheme: RewardScheme) =>
  auditReward(scheme, { percents: Array.from({ length: 101 }, (_, percent) => percent) });

describe("the audit of the article's reward", () => {
  test('finds the belief above which "correct" pays at (1 - s) / (2 - s), and at 0 from s = 1', () => {
    for (const { suggestibility: s, thresholdBelief } of fullRange(articleReward).labels)
      expect(thresholdBelief).toBeCloseTo(s < 1 ? (1 - s) / (2 - s) : 0, 12);
  });

  test('says of every label and belief what that threshold says', () => {
    const { rows, labels } = fullRange(articleReward);
    const thresholds = new Map(labels.map(({ percent, thresholdBelief }) => [percent, thresholdBelief]));
    expect(rows).toHaveLength(101 * 9);
    for (const { percent, belief, best, margin } of rows) {
      const over = belief - thresholds.get(percent)!;
      if (Math.abs(over) > 1e-9) expect(best).toBe(over > 0 ? 'correct' : 'incorrect');
      expect(best).toBe(Math.abs(margin) <= 1e-9 ? 'either' : margin > 0 ? 'correct' : 'incorrect');
    }
  });

  test('finds one step, from none to all, at 66.7%', () => {
    expect(article.steps).toHaveLength(1);
    const [{ percent, from, to }] = article.steps;
    expect(percent).toBeCloseTo(66.7, 9);
    expect([from, to].map((share) => share.toFixed(9))).toEqual(['0.000000000', '1.000000000']);
    expect(auditText(article)).toMatch(/once, at 66\.7%: below it "incorrect" pays more, above it "correct"/);
  });

  test('asks for nothing new of the held-out labels', () => {
    const held = article.labels.filter(({ trained }) => !trained);
    expect(held.map(({ percent }) => percent)).toEqual([0, 5, 10, 20, 30]);
    expect(held.every(({ optimalSycophancy }) => optimalSycophancy === 0)).toBe(true);
    expect(auditText(article)).toContain('the best answer stays the same');
  });

  test('leaves a label-blind policy indifferent on wrong claims', () => {
    expect(Math.abs(article.blind.marginOnWrong)).toBeLessThan(1e-9);
    expect(article.blind.onWrong).toBe('either');
    expect(article.blind.marginOnRight).toBeCloseTo(1.125, 6);
    expect(auditText(article)).toContain('exactly nothing');
  });

  test('knows what can be earned: E max(1, s) = 1.125 with the label, 1.0625 without', () => {
    expect(article.blind.labelCeiling).toBeCloseTo(1.125, 6);
    expect(article.blind.ceiling).toBeCloseTo(1.0625, 6);
    for (const { suggestibility: s, ceiling, honest, alwaysYes } of article.labels) {
      expect(ceiling).toBeCloseTo(Math.max(1, s), 9);
      expect(honest).toBeCloseTo((Math.max(1, s) + 1) / 2, 9);
      expect(alwaysYes).toBeCloseTo((Math.max(1, s) + s) / 2, 9);
    }
  });
});

describe('the audit of another reward', () => {
  test.each([0.3, 0.6, 0.9, 1.2])('finds a step at s = %d where that reward has it', (honest) => {
    const { steps } = auditReward(stepAt(honest));
    expect(steps).toHaveLength(1);
    expect(Math.abs(steps[0].percent - (honest / 1.5) * 100)).toBeLessThanOrEqual(0.1);
  });

  test('is not indifferent without the label where the step is off the middle of training', () => {
    expect(auditReward(stepAt(0.8)).blind).toMatchObject({ onWrong: 'correct' });
    expect(auditReward(stepAt(1.2)).blind).toMatchObject({ onWrong: 'incorrect' });
    expect(auditReward(stepAt(0.8)).blind.marginOnWrong).toBeCloseTo(0.2, 6);
  });

  test('never finds that more can be earned without the label or by one rule than with it', () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 2, noNaN: true }), (honest) => {
        const { blind, labels } = auditReward(stepAt(honest));
        expect(blind.labelCeiling).toBeGreaterThanOrEqual(blind.ceiling - 1e-9);
        for (const { ceiling, honest: truth, alwaysYes } of labels)
          expect(ceiling).toBeGreaterThanOrEqual(Math.max(truth, alwaysYes) - 1e-9);
      }),
      { seed: 7, numRuns: 20 },
    );
  });

  test('says so where a step lies just below what is trained', () => {
    expect(auditText(auditReward(stepAt(0.46)))).toContain('asks for more than any trained one did');
  });

  test('says which way a step goes', () => {
    const falling: RewardScheme = {
      ...stepAt(1),
      reward: ({ action, suggestibility }) => (action === 'correct' ? 1 - suggestibility : suggestibility - 1),
    };
    expect(auditText(auditReward(falling))).toContain('below it "correct" pays more, above it "incorrect"');
  });

  test('says that labels ask for nothing where all answers are paid alike', () => {
    const audit = auditReward({ id: 'flat', describe: 'flat', reward: () => 1 });
    expect(audit.steps).toEqual([]);
    expect(auditText(audit)).toContain('the labels ask for nothing');
    expect(audit.rows.every(({ best }) => best === 'either')).toBe(true);
  });

  test.each<[string, RewardScheme['reward'], RegExp]>([
    ['gives NaN', () => Number.NaN, /finite number, got NaN \(scheme "bad", a right claim, s 0, answer "correct"\)/],
    [
      'throws',
      () => {
        throw new Error('no');
      },
      /the error "no" \(scheme "bad"/,
    ],
  ])('refuses a function that %s', (_, reward, message) => {
    const run = () => auditReward({ id: 'bad', describe: 'bad', reward });
    expect(run).toThrow(DataError);
    expect(run).toThrow(message);
  });
});

describe('the audit of the graded reward', () => {
  test('finds an optimum that climbs from none to all in ten places, one for each size of error', () => {
    expect(graded.steps).toHaveLength(10);
    for (const { from, to } of graded.steps) expect(to).toBeGreaterThan(from + 0.01);
    expect(graded.labels[0].optimalSycophancy).toBe(0);
    expect(graded.labels.at(-1)!.optimalSycophancy).toBeCloseTo(1, 9);
    expect(auditText(graded)).toContain('in 10 places, from 26.7% to 83.3%');
  });

  test('finds it still falling below the trained labels', () => {
    const optimum = (percent: number) => graded.labels.find((label) => label.percent === percent)!.optimalSycophancy;
    expect(optimum(20)).toBeLessThan(optimum(30));
    expect(optimum(30)).toBeLessThan(optimum(60));
    expect(graded.steps.filter(({ percent }) => percent < 100 / 3)).toHaveLength(1);
    expect(auditText(graded)).toContain('asks for more than any trained one did');
  });

  test('never finds less to be agreed with under a more suggestible monitor', () => {
    const shares = fullRange(gradedReward).labels.map(({ optimalSycophancy }) => optimalSycophancy);
    for (let at = 1; at < shares.length; at++) expect(shares[at]).toBeGreaterThanOrEqual(shares[at - 1] - 1e-9);
  });
});

test('labels inside the training range are trained, its ends too', () => {
  const { labels } = auditReward(articleReward, { trainRange: [0.3, 0.9], percents: [19, 20, 60, 61] });
  expect(labels.map(({ trained }) => trained)).toEqual([false, true, true, false]);
  const whole = auditReward(articleReward, { trainRange: [0, 1.5] });
  expect(auditText(whole)).toContain('no label looked at is extrapolation');
  expect(auditText(whole)).not.toContain('held-out');
});

test('all options out of range stand in one message', () => {
  const run = () => auditReward(articleReward, { trainRange: [1, 0.5], percents: [101], beliefs: [Number.NaN] });
  expect(run).toThrow(ConfigError);
  expect(run).toThrow(/trainRange must rise.*percents must be 0 to 100, got 101; beliefs must be 0 to 1, got NaN/);
});
