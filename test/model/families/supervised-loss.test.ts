import { describe, expect, it } from 'vitest';
import { eagerBackend, tensorflowBackend } from '../../../src/compute/backends';
import {
  add,
  crossEntropy,
  gather,
  gradients,
  type HostTensor,
  input,
  matmul,
  mul,
  type Program,
  programSignature,
  reshape,
  sum,
  variable,
} from '../../../src/compute/graph';
import { RandomStream } from '../../../src/core';
import { supervisedLoss } from '../../../src/model/families';
import type { ModelConfig } from '../../../src/model/weights';
import { relativeError } from '../../support/run-values';

const [B, T, D, V, N] = [2, 9, 5, 31, 16];
const HEAD = 'model.embed_tokens.weight';
const config = { vocabSize: V, hiddenSize: D, tieEmbeddings: true } as ModelConfig;

const hidden = variable('hidden', [B, T, D], 'f32');
const head = variable(HEAD, [V, D], 'f32');
const supervised = {
  rows: input('rows', [N], 'i32'),
  targets: input('targets', [N], 'i32'),
  weights: input('weights', [N], 'f32'),
};
const program = (name: string, chunkValues: number, training: boolean): Program => {
  const { lossSum } = supervisedLoss(config, () => head, hidden, supervised, 'f32', training, chunkValues);
  // The sum is used twice, as it would be behind a regulariser: the gradient must follow.
  const loss = add(mul(lossSum, 0.25), mul(lossSum, 0.5));
  return { name, outputs: { loss, ...(training ? { dHidden: gradients(loss, [hidden])[0] } : {}) }, updates: [] };
};
const whole: Program = (() => {
  const rows = gather(reshape(hidden, [B * T, D]), supervised.rows);
  const losses = crossEntropy(matmul(rows, head, { transposeB: true }), supervised.targets);
  const loss = mul(sum(mul(losses, supervised.weights)), 0.75);
  return { name: 'whole', outputs: { loss, dHidden: gradients(loss, [hidden])[0] }, updates: [] };
})();

describe('the loss at supervised places', () => {
  const random = new RandomStream(11);
  const floats = (shape: readonly number[]): HostTensor => ({
    shape,
    dtype: 'f32',
    data: Float32Array.from({ length: shape.reduce((n, axis) => n * axis, 1) }, () => random.normal()),
  });
  const variables = { hidden: floats([B, T, D]), [HEAD]: floats([V, D]) };
  const feeds: Record<string, HostTensor> = {
    rows: { shape: [N], dtype: 'i32', data: Int32Array.from({ length: N }, (_, i) => (i * 7) % (B * T)) },
    targets: { shape: [N], dtype: 'i32', data: Int32Array.from({ length: N }, () => Math.floor(V * random.uniform())) },
    weights: { shape: [N], dtype: 'f32', data: Float32Array.from({ length: N }, (_, i) => (i < 13 ? 1 : 0)) },
  };

  it.each([tensorflowBackend, eagerBackend])(
    'does not depend on the chunks, nor does its gradient, on %o',
    (backend) => {
      // 16 rows fit a chunk, then all N, and an eval program of each.
      const programs = [program('one', 1 << 20, true), program('many', 1, true), program('eval', 1, false), whole];
      const session = backend().createSession(programs);
      session.assign(variables);
      const results = programs.map(({ name }) => session.run(name, feeds));
      const reference = results[3];
      for (const result of results.slice(0, 3))
        expect(relativeError(result.loss.data, reference.loss.data)).toBeLessThan(1e-6);
      for (const result of results.slice(0, 2))
        expect(relativeError(result.dHidden.data, reference.dHidden.data)).toBeLessThan(2e-6);
      session.dispose();
    },
  );

  it('makes no tensor of all rows by the whole vocabulary', () => {
    const rows = 64;
    const wide = {
      rows: input('rows', [rows], 'i32'),
      targets: input('targets', [rows], 'i32'),
      weights: input('weights', [rows], 'f32'),
    };
    const { lossSum } = supervisedLoss(config, () => head, hidden, wide, 'f32', true, 16 * V);
    const { values } = programSignature({
      name: 'p',
      outputs: { loss: lossSum, d: gradients(lossSum, [hidden])[0] },
      updates: [],
    });
    const widest = Math.max(...values.filter(({ shape }) => shape.at(-1) === V).map(({ shape }) => shape[0]));
    expect(widest).toBe(16);
  });
});
