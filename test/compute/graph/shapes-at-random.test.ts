import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as g from '../../../src/compute/graph';
import { broadcastShape, get, make, type Nd, product, reduce, zip } from '../../support/nd';
import { drawInputs, relativeError, runEager, toNd } from '../../support/run-values';

const RUNS = { seed: 7, numRuns: 60 };
const dim = fc.integer({ min: 1, max: 4 });
const shape = fc.array(dim, { maxLength: 4 });
const normal = (u: number) => (u - 0.5) * 4;
const f32 = (of: readonly number[]) => ({ shape: of, dtype: 'f32' as const, draw: normal });

/** Two shapes that broadcast: each a suffix of a common one with some axes set to 1. */
const broadcastable = fc
  .tuple(shape, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), fc.nat(4), fc.nat(4))
  .map(([common, ones, dropA, dropB]) => {
    const one = (offset: number, drop: number) =>
      common.map((n, i) => (ones[i + offset] ? 1 : n)).slice(Math.min(drop, common.length));
    return [one(0, dropA), one(4, dropB)] as const;
  });

function near(got: g.HostTensor, expected: Nd): void {
  expect(got.shape).toEqual(expected.shape);
  // Largest error observed: 4.9e-8.
  expect(relativeError(toNd(got).data, expected.data)).toBeLessThan(1e-6);
}

describe('for shapes drawn at random', () => {
  test('a broadcast product and its gradients sum over just the axes that were stretched', () => {
    fc.assert(
      fc.property(broadcastable, ([shapeA, shapeB]) => {
        const { values, feeds, arrays } = drawInputs([f32(shapeA), f32(shapeB)], `${shapeA}/${shapeB}`);
        const [a, b] = values;
        const y = g.mul(a, b);
        const [da, db] = g.gradients(g.sum(y), [a, b]);
        const { results } = runEager({ y, da, db }, feeds);
        const full = broadcastShape(shapeA, shapeB);
        near(
          results.y,
          zip((p, q) => p * q, ...arrays),
        );
        near(
          results.da,
          sumBack(
            make(full, (index) => arrays[1].data[flatIn(arrays[1], index)]),
            shapeA,
          ),
        );
        near(
          results.db,
          sumBack(
            make(full, (index) => arrays[0].data[flatIn(arrays[0], index)]),
            shapeB,
          ),
        );
      }),
      RUNS,
    );
  });

  test('sum, mean and max over any axes are those of the groups', () => {
    const drawn = fc.tuple(shape, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.boolean());
    fc.assert(
      fc.property(drawn, ([of, chosen, keepDims]) => {
        const axes = [...of.keys()].filter((axis) => chosen[axis]);
        const { values, feeds, arrays } = drawInputs([f32(of)], `${of}`);
        const [x] = values;
        const outputs = {
          sum: g.sum(x, axes, keepDims),
          mean: g.mean(x, axes, keepDims),
          max: g.max(x, axes, keepDims),
        };
        const { results } = runEager(outputs, feeds);
        const total = (group: number[]) => group.reduce((sum, v) => sum + v, 0);
        const absolute = Math.max(1, ...arrays[0].data.map(Math.abs));
        const sums = reduce(arrays[0], axes, keepDims, total);
        results.sum.data.forEach((v, i) => {
          expect(Math.abs(v - sums.data[i])).toBeLessThan(1e-5 * absolute);
        });
        near(
          results.max,
          reduce(arrays[0], axes, keepDims, (group) => Math.max(...group)),
        );
        expect(results.mean.shape).toEqual(sums.shape);
      }),
      RUNS,
    );
  });

  test('transposing by a permutation and then by its gradient gives the value back', () => {
    const drawn = shape.chain((of) =>
      fc.tuple(fc.constant(of), fc.shuffledSubarray([...of.keys()], { minLength: of.length })),
    );
    fc.assert(
      fc.property(drawn, ([of, perm]) => {
        const { values, feeds, arrays } = drawInputs([f32(of)], `${of}`);
        const [x] = values;
        const y = g.transpose(x, perm);
        const [dx] = g.gradients(g.sum(g.mul(y, g.stopGradient(y))), [x]);
        const { results } = runEager({ y, dx }, feeds);
        near(results.dx, arrays[0]);
        const moved = perm.map((axis) => of[axis]);
        near(
          results.y,
          make(moved, (index) =>
            get(
              arrays[0],
              of.map((_, axis) => index[perm.indexOf(axis)]),
            ),
          ),
        );
      }),
      RUNS,
    );
  });

  test('a matrix product is that of its rows and columns, under both transposes', () => {
    const drawn = fc.tuple(fc.array(dim, { maxLength: 2 }), dim, dim, dim, fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(drawn, ([lead, m, k, n, transposeA, transposeB]) => {
        const a = f32([...lead, ...(transposeA ? [k, m] : [m, k])]);
        const b = f32([...lead, ...(transposeB ? [n, k] : [k, n])]);
        const { values, feeds, arrays } = drawInputs([a, b], `${a.shape}/${b.shape}`);
        const { results } = runEager({ y: g.matmul(values[0], values[1], { transposeA, transposeB }) }, feeds);
        const expected = product(arrays[0], arrays[1], transposeA, transposeB);
        expect(results.y.shape).toEqual(expected.shape);
        results.y.data.forEach((v, i) => {
          expect(Math.abs(v - expected.data[i])).toBeLessThan(1e-5);
        });
      }),
      RUNS,
    );
  });
});

function flatIn(x: Nd, index: readonly number[]): number {
  const own = index.slice(index.length - x.shape.length).map((i, axis) => (x.shape[axis] === 1 ? 0 : i));
  return x.shape.reduce((sofar, n, axis) => sofar * n + own[axis], 0);
}

/** Sums the axes along which an array of `shape` was stretched. */
function sumBack(x: Nd, of: readonly number[]): Nd {
  const added = x.shape.length - of.length;
  const axes = [...x.shape.keys()].filter((axis) => axis < added || of[axis - added] === 1);
  const summed = reduce(x, axes, false, (group) => group.reduce((sum, v) => sum + v, 0));
  return { shape: of, data: summed.data };
}
