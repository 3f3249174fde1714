import { describe, expect, test } from 'vitest';
import * as g from '../../../src/compute/graph';
import { outputsOnly, runEager } from '../../support/run-values';
import { drawFeedsAndWeights, LAYERS, smallDecoder } from '../../support/small-decoder';

/** Forward values that a gradient graph reads, other than through copies: what has to be stored. */
function storedFor(loss: g.Value, grads: readonly g.Value[]): g.Value[] {
  const forward = new Set(g.topologicalOrder([loss]));
  const read = g
    .topologicalOrder(grads)
    .filter((value) => !forward.has(value))
    .flatMap(({ inputs }) => inputs);
  return [...new Set(read)].filter((value) => forward.has(value) && value.inputs.length > 0);
}

const { loss, weights, kept } = smallDecoder();
const plain = g.gradients(loss, weights);
const thrifty = g.gradients(loss, weights, { keep: kept });
const { feeds, variables } = drawFeedsAndWeights(weights);
const run = (grads: readonly g.Value[]) => {
  const outputs = Object.fromEntries(grads.map((grad, i) => [`d${i}`, grad]));
  return runEager(outputs, feeds, variables);
};

describe('gradients with keep', () => {
  test('are bit for bit those without', () => {
    const [a, b] = [run(plain).results, run(thrifty).results];
    expect(Object.keys(a)).toHaveLength(3 + 5 * LAYERS - 1);
    expect(Object.values(a).every(({ data }) => data.some((x) => x !== 0))).toBe(true);
    for (const name of Object.keys(a)) expect(b[name].data).toEqual(a[name].data);
  });

  test('read no forward value that is not kept', () => {
    expect(storedFor(loss, thrifty).filter((value) => !kept.includes(value))).toEqual([]);
    expect(storedFor(loss, plain).filter((value) => !kept.includes(value)).length).toBeGreaterThan(20);
  });

  test('compute each dropped forward value at most once again', () => {
    const forward = g.topologicalOrder([loss]);
    const count = (values: readonly g.Value[], op: g.OpName) => values.filter((value) => value.op === op).length;
    const both = g.topologicalOrder([loss, ...thrifty]);
    for (const op of ['softmax', 'gather'] as const) {
      const again = count(both, op) - count(forward, op);
      expect(again).toBeLessThanOrEqual(count(forward, op));
    }
    expect(count(both, 'softmax')).toBe(2 * LAYERS);
  });

  test('copy once what a recomputed value reaches by two ways', () => {
    const x = g.input('x', [2, 3], 'f32');
    const once = g.exp(x);
    const [dx] = g.gradients(g.sum(g.square(g.mul(once, g.tanh(once)))), [x], { keep: [] });
    const ops = g.topologicalOrder([dx]).map(({ op }) => op);
    expect(ops.filter((op) => op === 'exp' || op === 'tanh')).toEqual(['exp', 'tanh']);
  });

  test('run a recomputation not before the gradient that needs it', () => {
    const forward = new Set(g.topologicalOrder([loss]));
    const barriers = g.topologicalOrder(thrifty).filter(({ op }) => op === 'barrier');
    expect(barriers.length).toBeGreaterThanOrEqual(LAYERS);
    for (const { inputs } of barriers) {
      expect(kept).toContain(inputs[0]);
      expect(forward.has(inputs[1])).toBe(false);
    }
  });

  test('of nothing kept start again from the inputs and weights', () => {
    const grads = g.gradients(loss, weights, { keep: [] });
    expect(storedFor(loss, grads)).toEqual([]);
    const [a, b] = [run(plain).results, run(grads).results];
    for (const name of Object.keys(a)) expect(b[name].data).toEqual(a[name].data);
  });

  test('show their copies behind a barrier in print', () => {
    const x = g.input('x', [2, 3], 'f32');
    const w = g.variable('w', [3, 3], 'f32');
    const h = g.tanh(g.matmul(x, w));
    const y = g.sum(g.exp(g.mul(h, h)));
    const [dw] = g.gradients(y, [w], { keep: [h] });
    expect(g.printProgram(outputsOnly({ dw }, 'recompute'))).toMatchInlineSnapshot(`
      "program recompute
        %0 f32[2,3] = input name="x"
        %1 f32[] = fill value=1
        %2 f32[1,1] = reshape %1
        %3 f32[2,3] = broadcastTo %2
        %4 f32[3,3] = variable name="w"
        %5 f32[2,3] = matmul %0 %4
        %6 f32[2,3] = tanh %5
        %7 f32[2,3] = barrier %6 %1
        %8 f32[2,3] = mul %7 %6
        %9 f32[2,3] = exp %8
        %10 f32[2,3] = mul %3 %9
        %11 f32[2,3] = mul %10 %6
        %12 f32[2,3] = mul %10 %6
        %13 f32[2,3] = add %11 %12
        %14 f32[] = fill value=1
        %15 f32[2,3] = square %6
        %16 f32[2,3] = sub %14 %15
        %17 f32[2,3] = mul %13 %16
        %18 f32[3,3] = matmul %0 %17 transposeA
        output dw = %18
      "
    `);
  });

  test('never copy an in-place write', () => {
    const cache = g.variable('cache', [4, 3], 'f32');
    const w = g.variable('w', [3], 'f32');
    const at = g.input('at', [1], 'i32');
    const written = g.stopGradient(g.updateRows(cache, at, g.input('row', [1, 3], 'f32')));
    const [dw] = g.gradients(g.sum(g.square(g.mul(written, w))), [w], { keep: [] });
    const writes = g.topologicalOrder([dw]).filter(({ op }) => op === 'updateRows');
    expect(writes).toHaveLength(1);
  });
});
