import { describe, expect, it } from 'vitest';
import { eagerBackend, tensorflowBackend } from '../../src/compute/backends';
import { hasPackedKernel } from '../../src/compute/backends/tensorflow/packed-kernel';
import { add, type DType, type HostTensor, input, matmul, type Program, variable } from '../../src/compute/graph';
import { ConfigError, RandomStream, ShapeError } from '../../src/core';
import { relativeError } from '../support/run-values';

const [M, K, N] = [3, 20, 33];
const random = new RandomStream(3);
const host = (shape: readonly number[], dtype: DType = 'f32'): HostTensor => ({
  shape,
  dtype,
  data: Float32Array.from({ length: shape[0] * shape[1] }, () => random.normal()),
});
const a = input('a', [M, K], 'f32');
const product = (name: string, transposeB: boolean, constantB: boolean): Program => {
  const b = variable(transposeB ? 'bT' : 'b', transposeB ? [N, K] : [K, N], 'f32');
  return { name, outputs: { y: matmul(a, b, { transposeB, constantB }) }, updates: [] };
};
const set: Program = {
  name: 'set',
  outputs: {},
  updates: [{ variable: variable('b', [K, N], 'f32'), value: add(variable('b', [K, N], 'f32'), 1) }],
};

describe('a product with a constant operand', () => {
  const backend = tensorflowBackend();

  it.each([true, false])('is the plain product, also at the second run, b transposed: %s', (transposeB) => {
    const values = { [transposeB ? 'bT' : 'b']: host(transposeB ? [N, K] : [K, N]) };
    for (const on of [backend, eagerBackend()]) {
      const session = on.createSession([product('plain', transposeB, false), product('packed', transposeB, true)]);
      session.assign(values);
      for (let run = 0; run < 3; run++) {
        const feeds = { a: host([M, K]) };
        const [plain, packed] = ['plain', 'packed'].map((name) => session.run(name, feeds).y.data);
        // Largest error observed: 2e-7.
        expect(relativeError(packed, plain)).toBeLessThan(2e-6);
      }
      session.dispose();
    }
  });

  it('runs on the packing kernel where the processor has it', () => {
    if (!hasPackedKernel(backend.addon)) return;
    const session = backend.createSession([product('packed', false, true)]);
    // Bias, and nothing else of the plain form, stands in the graph: one more node than the plain product has.
    const plain = backend.createSession([product('plain', false, false)]);
    expect(session.nodeCount).toBe(plain.nodeCount + 1);
    session.dispose();
    plain.dispose();
  });

  it('may be set until it has been read, by assignment and by programs, and not after', () => {
    for (const on of [backend, eagerBackend()]) {
      const session = on.createSession([product('packed', false, true), set]);
      session.assign({ b: host([K, N]) });
      session.run('set', {});
      session.assign({ b: host([K, N]) });
      session.run('packed', { a: host([M, K]) });
      expect(() => session.assign({ b: host([K, N]) })).toThrow(ConfigError);
      expect(() => session.assign({ b: host([K, N]) })).toThrow(/assign must leave constant operands.*\(b\)/s);
      expect(() => session.run('set', {})).toThrow(/run of program "set" must leave constant operands/);
      session.dispose();
    }
  });

  it('must be a variable of rank 2', () => {
    expect(() => matmul(a, input('b', [K, N], 'f32'), { constantB: true })).toThrow(ShapeError);
    const batched = input('a3', [2, M, K], 'f32');
    expect(() => matmul(batched, variable('b', [K, N], 'f32'), { constantB: true })).toThrow(/constantB/);
  });
});
