import { describe, expect, it } from 'vitest';
import { auditTask, checkTask, type ForcedAnswerTask } from '../../../src/experiments';

interface Coin {
  readonly wins: number;
}
const coin = (wins: number): Coin => ({ wins });
const bet: ForcedAnswerTask<Coin> = {
  id: 'bet',
  answers: ['Yes', 'No'],
  train: [coin(20), coin(80)],
  heldOut: [coin(25), coin(50), coin(75)],
  nameOf: ({ wins }) => `wins ${wins}`,
  question: ({ wins }) => `Wins ${wins}%. Bet?`,
  labelText: (level) => `Penalty: ${Math.round(100 * level)}%`,
  trainRange: [0.1, 0.6],
  reward: (answer, { wins }, penalty) => (answer === 1 ? 0 : wins / 100 - penalty),
};

describe('the audit of a forced-answer task', () => {
  it('counts the items whose first answer pays more, ties by half, and marks levels of training', () => {
    const [low, tie, high] = auditTask(bet, [0.2, 0.5, 0.9]);
    expect([low.firstIsBest, tie.firstIsBest, high.firstIsBest]).toEqual([1, 0.5, 0]);
    expect([low.trained, tie.trained, high.trained]).toEqual([true, true, false]);
  });

  it('says what reading an item is worth beside the better constant answer', () => {
    const [tie] = auditTask(bet, [0.5]);
    expect(tie.best).toBeCloseTo(0.25 / 3, 12);
    expect(tie.bestConstant).toBeCloseTo(0, 12);
  });
});

describe('a task with faults', () => {
  it.each([
    ['the same answer twice', { answers: ['Yes', 'Yes'] as const }, /answers must differ/],
    ['an item in both splits', { heldOut: [coin(20)] }, /wins 20 more than once/],
    ['a range upside down', { trainRange: [0.6, 0.1] as const }, /from low to high/],
    ['a reward that is no number', { reward: () => Number.NaN }, /finite numbers, got another for wins 20/],
    ['no held-out items', { heldOut: [] }, /held-out items, got none/],
  ])('is refused: %s', (_, change, message) => {
    expect(() => checkTask({ ...bet, ...change })).toThrow(message);
  });

  it('is refused with all its problems in one message', () => {
    expect(() => checkTask({ ...bet, heldOut: [], trainRange: [1, 0] })).toThrow(/held-out.*low to high/);
  });
});
