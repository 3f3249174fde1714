import { expect, test } from 'vitest';
import { areaUnderRoc, bestCut, pearson } from '../../../src/judge/offline/metrics';

test('correlation is 1 for a rising line, and null where there is none', () => {
  expect(pearson([1, 2, 4], [3, 5, 9])).toBeCloseTo(1, 12);
  expect(pearson([1, 2, 3], [2, 1, 0])).toBeCloseTo(-1, 12);
  expect(pearson([1, 1], [2, 3])).toBeNull();
  expect(pearson([], [])).toBeNull();
});

test('the area under the curve counts pairs, ties half', () => {
  expect(areaUnderRoc([2, 3], [1, 2])).toBe(0.875);
  expect(areaUnderRoc([1], [])).toBeNull();
});

test('the best cut parts the sides, in the middle of the gap', () => {
  expect(bestCut([1, 2], [4, 5])).toEqual({ cut: 3, balancedAccuracy: 1 });
  expect(bestCut([1, 2, 6], [4, 5, 7]).cut).toBe(3);
  expect(() => bestCut([], [1])).toThrow(RangeError);
});
