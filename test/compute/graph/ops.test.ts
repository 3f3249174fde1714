import { describe, expect, test } from 'vitest';
import { KERNELS } from '../../../src/compute/backends/eager/kernels';
import {
  cast,
  gradients,
  input,
  mul,
  type OpName,
  programSignature,
  roundToBf16,
  sum,
} from '../../../src/compute/graph';
import { SHAPE_RULES } from '../../../src/compute/graph/shape-rules';
import { VJPS } from '../../../src/compute/graph/vjp';
import { RandomStream } from '../../../src/core';
import type { Nd } from '../../support/nd';
import { OP_CASES, OPS_TESTED_ELSEWHERE, type OpCase } from '../../support/op-cases';
import { drawInputs, onlyReachable, outputsOnly, relativeError, runEager, toNd } from '../../support/run-values';

const SEEDS = 12;
const STEP = 1e-5;
const OPS = Object.keys(OP_CASES) as OpName[];
const CASES = OPS.flatMap((op) => OP_CASES[op].map((opCase) => ({ op, opCase, title: `${op}: ${opCase.name}` })));
const hasGradient = (op: OpName) => typeof VJPS[op] === 'function';
const isDifferentiated = ({ op, opCase }: { op: OpName; opCase: OpCase }) =>
  hasGradient(op) && opCase.inputs.some(({ dtype }) => dtype === 'f32') && isFloatOutput(opCase);
const isFloatOutput = (opCase: OpCase) => {
  const { dtype } = opCase.build(...drawInputs(opCase.inputs, 'dtype').values);
  return dtype === 'f32' || dtype === 'bf16';
};

/** Runs a case's value and, where asked, the gradients of its weighted sum. */
function runCase(opCase: OpCase, seed: string, options: { gradients?: boolean; float?: 'f32' | 'bf16' } = {}) {
  const { values, feeds, arrays } = drawInputs(opCase.inputs, seed, options.float);
  const y = opCase.build(...values);
  const stream = new RandomStream(`${seed}/weights`);
  const size = y.shape.reduce((product, n) => product * n, 1);
  const weights = Float32Array.from({ length: size }, () => stream.uniform() - 0.5);
  const floats = values.flatMap((value, i) => (value.dtype === options.float || value.dtype === 'f32' ? [i] : []));
  const outputs: Record<string, ReturnType<typeof cast>> = { y };
  if (options.gradients) {
    const loss = sum(mul(cast(y, 'f32'), input('weights', y.shape, 'f32')));
    const found = gradients(
      loss,
      floats.map((i) => values[i]),
    );
    floats.forEach((i, k) => {
      outputs[`d${i}`] = found[k];
    });
  }
  const needed = programSignature(outputsOnly(outputs)).inputs.map(({ name }) => name);
  const all = { ...feeds, weights: { shape: y.shape, dtype: 'f32' as const, data: weights } };
  const { results } = runEager(outputs, onlyReachable(all, needed));
  return { results, arrays, floats, weights };
}

/** Central differences of Σ weights · reference, in doubles, for one input. */
function centralDifferences(opCase: OpCase, arrays: readonly Nd[], which: number, weights: Float32Array): number[] {
  const loss = (place: number, step: number) => {
    const moved = arrays.map((x, i) =>
      i === which ? { ...x, data: x.data.map((v, j) => (j === place ? v + step : v)) } : x,
    );
    return opCase.reference(...moved).data.reduce((total, y, i) => total + y * weights[i], 0);
  };
  return arrays[which].data.map((_, place) => (loss(place, STEP) - loss(place, -STEP)) / (2 * STEP));
}

describe('the op table', () => {
  test('has a shape rule, a gradient row, a kernel and test cases for the same ops', () => {
    const ops = [...OPS].sort();
    expect(Object.keys(SHAPE_RULES).sort()).toEqual(ops);
    expect(Object.keys(VJPS).sort()).toEqual(ops);
    const ofSession = ['input', 'variable', 'updateRows', 'loop', 'loopEntry', 'loopResult'];
    expect([...Object.keys(KERNELS), ...ofSession].sort()).toEqual(ops);
  });

  test('has a forward case for every op, or names the test that holds it', () => {
    const bare = OPS.filter((op) => OP_CASES[op].length === 0 && !OPS_TESTED_ELSEWHERE[op]);
    expect(bare).toEqual([]);
  });

  test('has a differentiated case for every op with a gradient', () => {
    const covered = new Set(CASES.filter(isDifferentiated).map(({ op }) => op));
    expect(OPS.filter((op) => hasGradient(op) && !covered.has(op))).toEqual([]);
    expect(covered.size).toBeGreaterThanOrEqual(30);
  });

  test('gives a reason for every op without a gradient', () => {
    const reasons = OPS.filter((op) => !hasGradient(op)).map((op) => Object.values(VJPS[op]).join());
    expect(reasons.every((reason) => reason.length > 10)).toBe(true);
  });
});

describe('forward, against plain double arithmetic', () => {
  // Largest error observed: 2.2e-7.
  test.each(CASES)('$title', ({ opCase }) => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { results, arrays } = runCase(opCase, `${seed}`);
      const expected = opCase.reference(...arrays);
      expect(results.y.shape).toEqual(expected.shape);
      expect(relativeError(toNd(results.y).data, expected.data)).toBeLessThan(1e-6);
    }
  });
});

describe('gradient, against central differences in doubles', () => {
  // Largest error observed: 3.9e-7.
  test.each(CASES.filter(isDifferentiated))('$title', ({ opCase }) => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { results, arrays, floats, weights } = runCase(opCase, `${seed}`, { gradients: true });
      for (const i of floats) {
        const expected = centralDifferences(opCase, arrays, i, weights);
        expect(relativeError(toNd(results[`d${i}`]).data, expected)).toBeLessThan(opCase.gradientTolerance ?? 2e-6);
      }
    }
  });
});

const BF16_CASES = CASES.filter(
  ({ op, opCase }) => isDifferentiated({ op, opCase }) && !['crossEntropy', 'crossEntropyGrad', 'cast'].includes(op),
);

describe('bf16', () => {
  test.each(BF16_CASES)(
    '$title: the value is the rounded f32 one, the gradient is bf16 and near the f32 one',
    ({ opCase }) => {
      const { results, arrays, floats, weights } = runCase(opCase, 'bf16', { gradients: true, float: 'bf16' });
      const expected = opCase.reference(...arrays);
      expect(results.y.dtype).toBe('bf16');
      // Half a unit in the last place of 8 bits is 1/256 of the value; a composed op may round at the boundary the other way.
      toNd(results.y).data.forEach((y, i) => {
        expect(Math.abs(y - roundToBf16(expected.data[i]))).toBeLessThanOrEqual(
          Math.abs(expected.data[i]) / 127 + 1e-6,
        );
      });
      for (const i of floats) {
        expect(results[`d${i}`].dtype).toBe('bf16');
        const slopes = centralDifferences(opCase, arrays, i, weights);
        // Largest error observed: 0.018.
        expect(relativeError(toNd(results[`d${i}`]).data, slopes)).toBeLessThan(0.03);
      }
    },
  );
});
