import { describe, expect, test } from 'vitest';
import { tensorflowBackend } from '../../src/compute/backends';
import { eagerBackend } from '../../src/compute/backends/eager';
import {
  cast,
  gradients,
  type HostTensor,
  input,
  isFloat,
  mul,
  type OpName,
  type Program,
  programSignature,
  sizeOf,
  sum,
  type Value,
} from '../../src/compute/graph';
import { RandomStream } from '../../src/core';
import { OP_CASES, type OpCase } from '../support/op-cases';
import { drawInputs, onlyReachable, outputsOnly, relativeError, toNd } from '../support/run-values';

const tensorflow = tensorflowBackend({ device: 'cpu' });
const eager = eagerBackend();
const FLOATS = ['f32', 'bf16'] as const;
const CASES = (Object.keys(OP_CASES) as OpName[]).flatMap((op) =>
  OP_CASES[op].map((opCase) => ({ op, opCase, title: `${op}: ${opCase.name}` })),
);

/** A case's value and the gradients of its weighted sum by every float input, as a program with its feeds. */
function programOf(opCase: OpCase, float: 'f32' | 'bf16'): { program: Program; feeds: Record<string, HostTensor> } {
  const { values, feeds } = drawInputs(opCase.inputs, 'parity', float);
  const y = opCase.build(...values);
  const outputs: Record<string, Value> = { y };
  const floats = values.filter(({ dtype }) => isFloat(dtype));
  if (isFloat(y.dtype) && floats.length > 0) {
    const loss = sum(mul(cast(y, 'f32'), input('weights', y.shape, 'f32')));
    gradients(loss, floats).forEach((grad, i) => {
      outputs[`d${i}`] = grad;
    });
  }
  const stream = new RandomStream('parity/weights');
  const data = Float32Array.from({ length: sizeOf(y.shape) }, () => stream.uniform() - 0.5);
  const program = outputsOnly(outputs);
  const names = programSignature(program).inputs.map(({ name }) => name);
  return { program, feeds: onlyReachable({ ...feeds, weights: { shape: y.shape, dtype: 'f32', data } }, names) };
}

function bothResults(program: Program, feeds: Record<string, HostTensor>) {
  const [viaEager, viaGraph] = [eager, tensorflow].map((backend) => backend.createSession([program]));
  const results = { eager: viaEager.run('test', feeds), graph: viaGraph.run('test', feeds) };
  const ran = { eager: [viaEager.backend, viaEager.runs], graph: [viaGraph.backend, viaGraph.runs] };
  viaEager.dispose();
  viaGraph.dispose();
  return { results, ran };
}

describe.each(FLOATS)('eager and TensorFlow agree on each op and its gradients in %s', (float) => {
  // crossEntropy is f32 only.
  const cases = CASES.filter(({ op }) => float === 'f32' || !op.startsWith('crossEntropy'));
  const tolerance = float === 'f32' ? 2e-6 : 0.02;
  test.each(cases)('$title', ({ opCase }) => {
    const { program, feeds } = programOf(opCase, float);
    const { results, ran } = bothResults(program, feeds);
    expect(ran).toEqual({ eager: ['eager', 1], graph: ['tensorflow', 1] });
    for (const name of Object.keys(program.outputs)) {
      const [a, b] = [results.eager[name], results.graph[name]];
      expect([a.dtype, a.shape]).toEqual([b.dtype, b.shape]);
      expect(relativeError(toNd(b).data, toNd(a).data)).toBeLessThan(tolerance);
    }
  });
});
