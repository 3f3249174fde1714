import { describe, expect, test } from 'vitest';
import * as g from '../../../src/compute/graph';
import { VJPS } from '../../../src/compute/graph/vjp';
import { ShapeError } from '../../../src/core';
import { runEager } from '../../support/run-values';

const x = g.input('x', [2, 3], 'f32');
const opsOf = (roots: readonly g.Value[]) => g.topologicalOrder(roots).map(({ op }) => op);
const f32 = (data: number[], shape: number[]) => g.hostTensor(data, shape, 'f32');

describe('gradients', () => {
  test('of something the loss does not depend on are zeros of its shape and dtype', () => {
    const other = g.variable('other', [4], 'bf16');
    const [zero] = g.gradients(g.sum(x), [other]);
    expect(zero).toMatchObject({ op: 'fill', attrs: { value: 0 }, shape: [4], dtype: 'bf16' });
  });

  test('of a value used twice add up', () => {
    const [dx] = g.gradients(g.sum(g.add(g.square(x), g.mul(x, 3))), [x]);
    const { results } = runEager({ dx }, { x: f32([1, 2, 3, 4, 5, 6], [2, 3]) });
    expect([...results.dx.data]).toEqual([5, 7, 9, 11, 13, 15]);
  });

  test('of an intermediate value stop there and are those of the value', () => {
    const middle = g.mul(x, 2);
    const [dMiddle, dx] = g.gradients(g.sum(g.square(middle)), [middle, x]);
    const { results } = runEager({ dMiddle, dx }, { x: f32([1, 2, 3, 4, 5, 6], [2, 3]) });
    expect([...results.dMiddle.data]).toEqual([4, 8, 12, 16, 20, 24]);
    expect([...results.dx.data]).toEqual([8, 16, 24, 32, 40, 48]);
  });

  test('of the loss itself are one', () => {
    const loss = g.sum(x);
    expect(g.gradients(loss, [loss])[0]).toMatchObject({ op: 'fill', attrs: { value: 1 }, shape: [] });
  });

  test('do not pass stopGradient', () => {
    const [dx] = g.gradients(g.sum(g.mul(x, g.stopGradient(x))), [x]);
    const { results } = runEager({ dx }, { x: f32([1, 2, 3, 4, 5, 6], [2, 3]) });
    expect([...results.dx.data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('pass a chain of 20,000 values without deep calls, three times alike', () => {
    const texts = [0, 1, 2].map(() => {
      let y: g.Value = g.input('x', [], 'f32');
      const start = y;
      for (let i = 0; i < 20_000; i++) y = i % 2 ? g.add(y, y) : g.sub(y, g.mul(y, 0.5));
      return g.printValues(g.gradients(y, [start]));
    });
    expect(texts[0].split('\n').length).toBeGreaterThan(40_000);
    expect(new Set(texts).size).toBe(1);
  });

  test('of a product read its operands through transpose flags: no transpose is made', () => {
    const a = g.input('a', [4, 2, 3], 'f32');
    const b = g.input('b', [4, 5, 3], 'f32');
    const w = g.input('w', [5, 7], 'f32');
    const grads = g.gradients(g.sum(g.matmul(g.matmul(a, b, { transposeB: true }), w)), [a, b, w]);
    const ops = opsOf(grads);
    expect(ops.filter((op) => op === 'transpose')).toEqual([]);
    expect(ops.filter((op) => op === 'matmul')).toHaveLength(1 + 4);
  });

  test('of crossEntropy use its fused gradient and never a one-hot matrix', () => {
    const logits = g.input('logits', [4, 9], 'f32');
    const targets = g.input('targets', [4], 'i32');
    const ops = opsOf(g.gradients(g.mean(g.crossEntropy(logits, targets)), [logits]));
    expect(ops.filter((op) => op === 'crossEntropyGrad')).toHaveLength(1);
    expect(ops).not.toContain('softmax');
  });

  test('of gather are unsortedSegmentSum and the other way round', () => {
    const ids = g.input('ids', [6], 'i32');
    const table = g.input('table', [5, 3], 'f32');
    expect(opsOf(g.gradients(g.sum(g.gather(table, ids)), [table]))).toContain('unsortedSegmentSum');
    const rows = g.input('rows', [6, 3], 'f32');
    expect(opsOf(g.gradients(g.sum(g.unsortedSegmentSum(rows, ids, 5)), [rows]))).toContain('gather');
  });

  test('at a tie of maximum or minimum go to the first operand, and equal maxima of max share theirs', () => {
    const [a, b] = [g.input('a', [2], 'f32'), g.input('b', [2], 'f32')];
    const grads = [g.maximum, g.minimum].flatMap((op) => g.gradients(g.sum(op(a, b)), [a, b]));
    const [dx] = g.gradients(g.sum(g.max(x, 1)), [x]);
    const { results } = runEager(
      { ...Object.fromEntries(grads.map((grad, i) => [`d${i}`, grad])), dx },
      { a: f32([1, 5], [2]), b: f32([1, 4], [2]), x: f32([3, 1, 3, 2, 2, 2], [2, 3]) },
    );
    const found = [0, 1, 2, 3].map((i) => [...results[`d${i}`].data]);
    expect(found).toEqual([
      [1, 1],
      [0, 0],
      [1, 0],
      [0, 1],
    ]);
    expect([...results.dx.data]).toEqual([1 / 2, 0, 1 / 2, 1 / 3, 1 / 3, 1 / 3].map(Math.fround));
  });

  test('can be differentiated again', () => {
    const [dx] = g.gradients(g.sum(g.exp(g.mul(x, 2))), [x]);
    const [ddx] = g.gradients(g.sum(dx), [x]);
    const { results } = runEager({ ddx }, { x: f32([0, 0, 0, 0, 0, 0], [2, 3]) });
    expect([...results.ddx.data]).toEqual([4, 4, 4, 4, 4, 4]);
  });

  test('refuse a loss that is not a float scalar', () => {
    expect(() => g.gradients(x, [x])).toThrow(
      new ShapeError('gradients: the loss must be a float scalar, got f32[2,3]. Reduce it with sum or mean.'),
    );
  });

  test('refuse integers to differentiate by', () => {
    const ids = g.input('ids', [3], 'i32');
    expect(() => g.gradients(g.sum(x), [x, ids])).toThrow(
      new ShapeError('gradients: wrt must be f32 or bf16, got i32[3]. Leave those out.'),
    );
  });

  test('refuse to pass an in-place write, and say why', () => {
    const cache = g.variable('cache', [4, 3], 'f32');
    const written = g.updateRows(cache, g.input('at', [2], 'i32'), x);
    expect(() => g.gradients(g.sum(written), [x])).toThrow(
      new ShapeError(
        'gradients: updateRows must not lie between the loss and a wrt (it writes in place, so the value before is gone), got f32[4,3]. Put stopGradient around it.',
      ),
    );
  });
});

describe('custom', () => {
  test('uses the hand-written gradient and nothing of the interior', () => {
    const y = g.custom('ten', [x], g.square(x), (grad) => [g.mul(grad, 10)]);
    const [dx] = g.gradients(g.sum(y), [x]);
    const { results } = runEager({ y, dx }, { x: f32([1, 2, 3, 4, 5, 6], [2, 3]) });
    expect([...results.y.data]).toEqual([1, 4, 9, 16, 25, 36]);
    expect([...results.dx.data]).toEqual([10, 10, 10, 10, 10, 10]);
  });

  test('may give null for an input without a gradient', () => {
    const y = g.custom('half', [x, x], g.add(x, x), (grad) => [grad, null]);
    const [dx] = g.gradients(g.sum(y), [x]);
    const { results } = runEager({ y, dx }, { x: f32([1, 2, 3, 4, 5, 6], [2, 3]) });
    expect([...results.dx.data]).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('refuses a gradient of another shape and names itself', () => {
    const y = g.custom('swiglu', [x], g.square(x), (grad) => [g.sum(grad, 0)]);
    expect(() => g.gradients(g.sum(y), [x])).toThrow(
      new ShapeError(
        'gradient of custom "swiglu": a gradient must have the shape and dtype of its input, got f32[3] for f32[2,3]. Fix the backward.',
      ),
    );
  });

  test('refuses a backward that forgets an input', () => {
    const y = g.custom('swiglu', [x, x], g.square(x), (grad) => [grad]);
    expect(() => g.gradients(g.sum(y), [x])).toThrow(
      'gradient of custom "swiglu": the backward must give one gradient or null for each of 2 inputs, got 1. Add what is missing.',
    );
  });
});

test('a gradient table without a row for an op does not compile', () => {
  const { add: _left, ...rest } = VJPS;
  // @ts-expect-error: the row of `add` is missing.
  const incomplete: typeof VJPS = rest;
  expect(Object.keys(incomplete)).toHaveLength(Object.keys(VJPS).length - 1);
});
