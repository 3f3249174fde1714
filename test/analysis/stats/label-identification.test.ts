import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelIdentification } from '../../../src/analysis/stats';
import { RandomStream } from '../../../src/core';

const options = () => ({ random: new RandomStream(0), resamples: 400, permutations: 199 });
const items = (n: number, of: (i: number) => number[][]) =>
  Array.from({ length: n }, (_, i) => ({ id: `item ${i}`, logprobs: of(i) }));
const noise = (seed: number) => {
  const random = new RandomStream(seed);
  return (_: number) => [0, 1, 2].map(() => [0, 1, 2].map(() => -40 + 3 * random.normal()));
};

describe('label identification', () => {
  it('is log K and always right where each text is certain under its label and impossible under others', () => {
    const found = labelIdentification(
      items(10, () => [0, 1, 2].map((label) => [0, 1, 2].map((text) => (label === text ? -10 : -900)))),
      options(),
    );
    expect(found.nats.estimate).toBeCloseTo(Math.log(3), 12);
    expect(found.accuracy.estimate).toBe(1);
    expect(found.mostNats).toBeCloseTo(Math.log(3), 12);
    expect(found.p).toBe(1 / 200);
  });

  it('is 0, right by chance never, and p is 1 where labels change nothing', () => {
    const found = labelIdentification(
      items(10, (i) => [0, 1].map(() => [-10 - i, -20])),
      options(),
    );
    expect(found.nats.estimate).toBeCloseTo(0, 12);
    expect(found.accuracy.estimate).toBe(0);
    expect(found.p).toBe(1);
  });

  it('agrees with the formula worked by hand for one item of two labels', () => {
    const [a, b, c, d] = [0.5, 0.25, 0.125, 0.5].map(Math.log);
    const found = labelIdentification(
      [
        {
          id: 'one',
          logprobs: [
            [a, c],
            [b, d],
          ],
        },
      ],
      options(),
    );
    const byHand = (a - Math.log((0.5 + 0.25) / 2) + (d - Math.log((0.125 + 0.5) / 2))) / 2;
    expect(found.nats.estimate).toBeCloseTo(byHand, 12);
    expect(found.nats.low).toBeNull();
  });

  it('never exceeds log K, and does not change with what is added to a text under all labels', () => {
    const matrix = fc.array(fc.array(fc.double({ min: -200, max: 0, noNaN: true }), { minLength: 3, maxLength: 3 }), {
      minLength: 3,
      maxLength: 3,
    });
    fc.assert(
      fc.property(
        matrix,
        fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 3, maxLength: 3 }),
        (m, add) => {
          const few = { ...options(), permutations: 1 };
          const plain = labelIdentification([{ id: 'x', logprobs: m }], few).nats.estimate!;
          const moved = m.map((row) => row.map((value, text) => value + add[text]));
          expect(plain).toBeLessThanOrEqual(Math.log(3) + 1e-12);
          expect(labelIdentification([{ id: 'x', logprobs: moved }], few).nats.estimate!).toBeCloseTo(plain, 8);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('holds its level: under no effect p is below .05 in about 5% of 400 data sets', () => {
    let rejected = 0;
    for (let run = 0; run < 400; run++) {
      const found = labelIdentification(items(8, noise(run)), {
        random: new RandomStream(run),
        resamples: 100,
        permutations: 99,
      });
      if (found.p! <= 0.05) rejected++;
    }
    // 20 expected, binomial standard deviation 4.4.
    expect(rejected).toBeGreaterThan(6);
    expect(rejected).toBeLessThan(34);
  });

  it('names the item that was not scored under every label', () => {
    expect(() => labelIdentification([{ id: 'torn', logprobs: [[-1, -2], [-1]] }], options())).toThrow(
      /K labels by K texts.*item torn/,
    );
  });
});
