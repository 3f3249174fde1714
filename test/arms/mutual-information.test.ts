import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entropyNats, expectedMutualInformationNats, mutualInformationNats } from '../../src/arms';
import { RandomStream } from '../../src/core';

const { cases } = JSON.parse(readFileSync(join(__dirname, '../golden/mutual-information.json'), 'utf8')) as {
  cases: { left: string[]; right: string[]; entropyLeft: number; shared: number; expected: number }[];
};
const lists = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('x', 'y', 'z')), { minLength: 2, maxLength: 60 })
  .map((pairs) => ({ left: pairs.map(([a]) => a), right: pairs.map(([, b]) => b) }));

describe('what two lists of names tell of each other', () => {
  it.each(cases.map((entry, at) => [at, entry] as const))("is scikit-learn's, in nats (case %d)", (_, entry) => {
    expect(entropyNats(entry.left)).toBeCloseTo(entry.entropyLeft, 12);
    expect(mutualInformationNats(entry.left, entry.right)).toBeCloseTo(entry.shared, 12);
    expect(expectedMutualInformationNats(entry.left, entry.right)).toBeCloseTo(entry.expected, 10);
  });

  it('is the same from both sides, at most either entropy, and all of it of a list and itself', () => {
    fc.assert(
      fc.property(lists, ({ left, right }) => {
        const shared = mutualInformationNats(left, right);
        expect(shared).toBeCloseTo(mutualInformationNats(right, left), 12);
        expect(shared).toBeLessThanOrEqual(Math.min(entropyNats(left), entropyNats(right)) + 1e-12);
        expect(mutualInformationNats(left, left)).toBeCloseTo(entropyNats(left), 12);
        expect(expectedMutualInformationNats(left, right)).toBeCloseTo(expectedMutualInformationNats(right, left), 12);
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it('is on average over random orders what is expected by chance', () => {
    const { left, right, expected } = cases[2];
    const random = new RandomStream(5);
    const drawn = Array.from({ length: 2000 }, () => mutualInformationNats(random.shuffled(left), right));
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    const deviation = Math.sqrt(drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (drawn.length - 1));
    expect(Math.abs(mean - expected)).toBeLessThan((4 * deviation) / Math.sqrt(drawn.length));
  });
});
