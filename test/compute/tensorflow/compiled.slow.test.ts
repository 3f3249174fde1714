import { describe, expect, test } from 'vitest';
import { TensorflowBackend, tensorflowBackend } from '../../../src/compute/backends';
import type { Addon } from '../../../src/compute/backends/tensorflow';
import * as g from '../../../src/compute/graph';
import { DataError } from '../../../src/core';
import { outputsOnly, relativeError } from '../../support/run-values';
import { drawFeedsAndWeights, smallDecoder } from '../../support/small-decoder';

const backend = tensorflowBackend({ device: 'cpu' });
const f32 = (values: number[]) => g.hostTensor(values, [values.length], 'f32');
const x = g.input('x', [2], 'f32');
const w = g.variable('w', [2], 'f32');
const grow: g.Program = {
  name: 'grow',
  outputs: { y: g.mul(x, w), x, w },
  updates: [{ variable: w, value: g.add(w, x) }],
};

/** A backend whose TensorFlow fails at every compiled program, as one without ptxas does; and how often it was asked. */
function withoutCompiler(): { backend: TensorflowBackend; tries: () => number } {
  let tries = 0;
  const addon: Addon = Object.create(backend.addon, {
    runSavedModel: {
      value: (...args: Parameters<Addon['runSavedModel']>) => {
        if (!args[3].includes('x0.')) return backend.addon.runSavedModel(...args);
        tries += 1;
        throw new Error(
          'Session fail to run with error: libdevice not found at ./libdevice.10.bc\n\t [[{{node call}}]]',
        );
      },
    },
  });
  return { backend: new TensorflowBackend(addon, 'on'), tries: () => tries };
}

describe('a program compiled by XLA', () => {
  test('trains as the plain graph does', () => {
    const { loss, weights } = smallDecoder();
    const step: g.Program = {
      name: 'step',
      outputs: { loss },
      updates: g.gradients(loss, weights).map((grad, i) => ({
        variable: weights[i],
        value: g.sub(weights[i], g.mul(grad, 0.05)),
      })),
    };
    const { feeds, variables } = drawFeedsAndWeights(weights);
    const train = (xla: 'off' | 'on') => {
      const session = backend.createSession([step], { xla });
      session.assign(variables);
      const losses = Array.from({ length: 5 }, () => session.run('step', feeds).loss.data[0]);
      const after = session.read(Object.keys(variables));
      const { compiled } = session;
      session.dispose();
      return { losses, after, compiled };
    };
    const [plain, compiled] = [train('off'), train('on')];
    expect(compiled.compiled[0].xla).toBe(true);
    expect(plain.compiled).toEqual([{ program: 'step', xla: false, reason: 'xla is off' }]);
    expect(plain.losses[4]).toBeLessThan(plain.losses[0]);
    // Largest difference observed: 1e-6.
    expect(relativeError(compiled.losses, plain.losses)).toBeLessThan(1e-5);
    for (const name of Object.keys(variables))
      expect(relativeError(compiled.after[name].data, plain.after[name].data)).toBeLessThan(1e-4);
  });

  test('updates a variable that another program writes in place without sharing its buffer', () => {
    const write = g.updateRows(w, g.input('at', [1], 'i32'), g.fill(9, [1]));
    const v = g.variable('v', [2], 'f32');
    const session = backend.createSession(
      [
        { name: 'write', outputs: { write }, updates: [] },
        { name: 'pass', outputs: {}, updates: [{ variable: w, value: v }] },
        { name: 'look', outputs: { v, w }, updates: [] },
      ],
      { xla: 'on' },
    );
    session.assign({ w: f32([0, 0]), v: f32([1, 2]) });
    session.run('pass', {});
    session.run('write', { at: g.hostTensor([0], [1], 'i32') });
    const { v: kept, w: written } = session.run('look', {});
    expect([[...kept.data], [...written.data]]).toEqual([
      [1, 2],
      [9, 2],
    ]);
    expect(session.compiled).toEqual([
      { program: 'write', xla: false, reason: 'it writes rows of "w" in place' },
      { program: 'pass', xla: true, reason: null },
      { program: 'look', xla: true, reason: null },
    ]);
    session.dispose();
  });
});

describe('a program that is not compiled', () => {
  test('runs as the plain graph when its compilation fails, says why, and has lost nothing', () => {
    const { backend: broken, tries } = withoutCompiler();
    const session = broken.createSession([grow]);
    session.assign({ w: f32([1, 2]) });
    expect(session.compiled).toEqual([{ program: 'grow', xla: false, reason: 'not run yet' }]);
    const runs = [1, 2].map(() => [...session.run('grow', { x: f32([10, 20]) }).y.data]);
    expect(runs).toEqual([
      [10, 40],
      [110, 440],
    ]);
    expect([...session.read(['w']).w.data]).toEqual([21, 42]);
    expect(session.compiled).toEqual([
      { program: 'grow', xla: false, reason: 'XLA could not compile it: libdevice not found at ./libdevice.10.bc' },
    ]);
    expect([tries(), session.runs]).toEqual([1, 2]);
    session.dispose();
  });

  test('throws the error of the plain graph when that fails too, and tries again at the next run', () => {
    const { backend: broken, tries } = withoutCompiler();
    const row = g.gather(w, g.input('at', [1], 'i32'));
    const session = broken.createSession([outputsOnly({ row })]);
    session.assign({ w: f32([1, 2]) });
    const run = (at: number) => session.run('test', { at: g.hostTensor([at], [1], 'i32') });
    expect(() => run(7)).toThrow(DataError);
    expect(session.compiled[0].reason).toBe('not run yet');
    expect([...run(1).row.data]).toEqual([2]);
    expect(tries()).toBe(2);
    session.dispose();
  });

  test.each([
    ['with auto on a CPU', 'auto', grow, 'xla is auto, and on a CPU the plain graph is taken'],
    [
      'with a loop',
      'on',
      outputsOnly({
        n: g.loop({ state: { x }, condition: ({ x }) => g.less(g.sum(x), 3), body: ({ x }) => ({ x: g.add(x, 1) }) })
          .iterations,
      }),
      'it holds a loop',
    ],
  ] as const)('says so %s', (_title, xla, program, reason) => {
    const session = backend.createSession([program], { xla });
    expect(session.compiled).toEqual([{ program: program.name, xla: false, reason }]);
    session.dispose();
  });
});
