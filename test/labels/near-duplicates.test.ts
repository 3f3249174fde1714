import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { customLabel, loadLabelSet, nearDuplicates, suggestibilityScale, textDistance } from '../../src/labels';

const { labels } = loadLabelSet('news');
const named = (text: string) => nearDuplicates(text, labels).map(({ label, exact }) => [label.id, exact]);

describe('near-duplicate labels', () => {
  test('are found past case, punctuation, spacing and a few letters, nearest first', () => {
    expect(named('UNBIASED: takes no side and uses no loaded words')).toEqual([['unbiased/editor', true]]);
    expect(named('unbiased:  takes no side and uses no loaded WORDS')).toEqual([['unbiased/editor', true]]);
    expect(named('Unbiased - takes no side, and uses no loaded word')).toEqual([['unbiased/editor', false]]);
    expect(named('balances every quotation with one from the other camp')).toEqual([]);
  });

  test('are told from opposites, which differ in one word', () => {
    expect(named('attacks business and conservatives').map(([id]) => id)).not.toContain('strong_right/editor');
    const other = customLabel('a', 'honest');
    expect(nearDuplicates('dishonest', [other])).toEqual([]);
  });

  test('no two numbers of a scale are near-duplicates, for the digits and the sign are the label', () => {
    const scale = suggestibilityScale({ encoding: 'percent-three-digits' });
    for (const { text } of scale.sweep())
      expect(nearDuplicates(text, scale.sweep()).map(({ label }) => label.text)).toEqual([text]);
    expect(nearDuplicates('bias -2', [customLabel('a', 'bias +2')])).toEqual([]);
  });

  test('no label of the embedded set is a near-duplicate of one of another value', () => {
    for (const label of labels) {
      const others = labels.filter(({ value }) => value !== label.value);
      expect(nearDuplicates(label.text, others, 0.05)).toEqual([]);
    }
  });
});

test('the distance of two texts is symmetric, 0 to 1, 0 to itself, and 1 to nothing', () => {
  const text = fc.string({ maxLength: 20, unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const distance = textDistance(a, b);
      expect(distance).toBe(textDistance(b, a));
      expect(distance).toBeGreaterThanOrEqual(0);
      expect(distance).toBeLessThanOrEqual(1);
      expect(textDistance(a, a)).toBe(0);
    }),
    { seed: 1, numRuns: 300 },
  );
  expect(textDistance('abcd', '')).toBe(1);
  expect(textDistance('kitten', 'sitting')).toBeCloseTo(3 / 7, 12);
});
