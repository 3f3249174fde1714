import { expect, test } from 'vitest';
import { tensorflowBackend } from '../../../src/compute/backends';
import * as g from '../../../src/compute/graph';
import { OP_CASES } from '../../support/op-cases';
import { drawInputs, onlyReachable, outputsOnly, relativeError, toNd } from '../../support/run-values';

const backend = tensorflowBackend({ device: 'cpu' });

const ramp = (shape: g.Shape) =>
  g.constant(
    Array.from({ length: g.sizeOf(shape) }, (_, i) => (i % 7) - 2.5),
    shape,
  );

/** Every case of the op table that XLA is given, and the gradients of its weighted sum, in one program. */
function everyCase(float: 'f32' | 'bf16') {
  const outputs: Record<string, g.Value> = {};
  const feeds: Record<string, g.HostTensor> = {};
  for (const [op, cases] of Object.entries(OP_CASES)) {
    if (op.startsWith('loop') || (float === 'bf16' && op.startsWith('crossEntropy'))) continue;
    cases.forEach((opCase, i) => {
      const drawn = drawInputs(opCase.inputs, `${op} ${i}`, float);
      const values = drawn.values.map((value, k) => g.input(`${op}.${i}.${k}`, value.shape, value.dtype));
      values.forEach((_, k) => {
        feeds[`${op}.${i}.${k}`] = drawn.feeds[`x${k}`];
      });
      const y = opCase.build(...values);
      outputs[`${op}.${i}`] = y;
      const floats = values.filter(({ dtype }) => g.isFloat(dtype));
      if (g.isFloat(y.dtype) && floats.length > 0)
        g.gradients(g.sum(g.mul(g.cast(y, 'f32'), ramp(y.shape))), floats).forEach((grad, k) => {
          outputs[`${op}.${i} grad ${k}`] = grad;
        });
    });
  }
  const program = outputsOnly(outputs);
  const needed = g.programSignature(program).inputs.map(({ name }) => name);
  return { program, feeds: onlyReachable(feeds, needed) };
}

test.each([
  // Largest differences observed: 6e-7 and 0.008.
  { float: 'f32', tolerance: 5e-6 },
  { float: 'bf16', tolerance: 0.02 },
] as const)(
  'a program compiled by XLA agrees with the plain graph on every op and gradient in $float',
  ({ float, tolerance }) => {
    const { program, feeds } = everyCase(float);
    const [plain, compiled] = (['off', 'on'] as const).map((xla) => backend.createSession([program], { xla }));
    const [expected, got] = [plain.run('test', feeds), compiled.run('test', feeds)];
    expect(compiled.compiled).toEqual([{ program: 'test', xla: true, reason: null }]);
    expect(Object.keys(got).length).toBeGreaterThan(100);
    const wrong = Object.keys(expected).filter(
      (name) => !(relativeError(toNd(got[name]).data, toNd(expected[name]).data) < tolerance),
    );
    expect(wrong).toEqual([]);
    plain.dispose();
    compiled.dispose();
  },
);
