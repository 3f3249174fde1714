import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensorflowBackend } from '../../../src/compute/backends';
import {
  add,
  cast,
  gradients,
  type HostTensor,
  matmul,
  mul,
  type Program,
  square,
  sum,
  type Value,
  variable,
} from '../../../src/compute/graph';
import { RandomStream } from '../../../src/core';
import { extendedProjection, foldedProjection, lowRankInput, project } from '../../../src/model/families/projection';

const SCALE = 1.5;
const drawn = (shape: readonly number[], random: RandomStream, size = 1): HostTensor => ({
  shape,
  dtype: 'f32',
  data: Float32Array.from({ length: shape.reduce((n, axis) => n * axis, 1) }, () => size * random.normal()),
});

/** Two adapted projections of one input, by the form under test and by plain ops. */
function twoForms(sizes: { N: number; Din: number; outs: readonly number[]; ranks: readonly number[] }) {
  const { N, Din, outs, ranks } = sizes;
  const x = variable('x', [N, Din], 'f32');
  const ws = outs.map((out, i) => variable(`w${i}`, [out, Din], 'f32'));
  const pairs = outs.map((out, i) => ({
    a: variable(`a${i}`, [ranks[i], Din], 'f32'),
    b: variable(`b${i}`, [out, ranks[i]], 'f32'),
  }));
  const shared = lowRankInput(x, pairs, SCALE);
  const forms: Record<string, (i: number) => Value> = {
    extended: (i) => extendedProjection(shared, i, ws[i], pairs[i]),
    folded: (i) => foldedProjection(x, ws[i], pairs[i], SCALE),
    plain: (i) => add(project(x, ws[i]), mul(project(project(x, pairs[i].a), pairs[i].b), SCALE)),
  };
  const leaves = [x, ...pairs.flatMap(({ a, b }) => [a, b])];
  const programs = Object.entries(forms).map(([name, form]): Program => {
    const ys = outs.map((_, i) => form(i));
    const loss = ys.map((y): Value => sum(square(y))).reduce((total, part) => add(total, part));
    const grads = gradients(loss, leaves);
    const outputs = Object.fromEntries([...ys, ...grads].map((value, i) => [`v${i}`, value]));
    return { name, outputs, updates: [] };
  });
  return { programs, variables: [...leaves, ...ws] as Value<'variable'>[] };
}

/** Largest difference over the larger of 1 and the largest number. */
function apart(a: HostTensor['data'], b: HostTensor['data']): number {
  const expected = Array.from<number>(b);
  const size = Math.max(1, ...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(a[i] - value))) / size;
}

describe('a projection with an adapter', () => {
  it('extended, folded and in plain ops has the same outputs and gradients', () => {
    const backend = tensorflowBackend();
    const arbitrary = fc.record({
      N: fc.integer({ min: 1, max: 5 }),
      Din: fc.integer({ min: 1, max: 6 }),
      outs: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 4 })),
      ranks: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(arbitrary, ({ seed, ...sizes }) => {
        const { programs, variables } = twoForms(sizes);
        const random = new RandomStream(seed);
        const session = backend.createSession(programs);
        session.assign(Object.fromEntries(variables.map((v) => [v.attrs.name, drawn(v.shape, random)])));
        const [extended, folded, plain] = ['extended', 'folded', 'plain'].map((name) => session.run(name, {}));
        session.dispose();
        for (const key of Object.keys(plain)) {
          // Against the size of the terms: a single number may cancel. Largest error observed over 400 draws: 3e-6.
          expect(apart(extended[key].data, plain[key].data)).toBeLessThan(3e-5);
          expect(apart(folded[key].data, plain[key].data)).toBeLessThan(3e-5);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('in bf16 keeps an update far below the spacing of the weights, which folding loses', () => {
    const [N, Din, out, R] = [64, 48, 40, 4];
    const random = new RandomStream(7);
    const values = {
      x: drawn([N, Din], random),
      w: drawn([out, Din], random),
      a: drawn([R, Din], random, 0.1),
      b: drawn([out, R], random, 2e-3),
    };
    const [x, w, a, b] = Object.entries(values).map(([name, { shape }]) => cast(variable(name, shape, 'f32'), 'bf16'));
    const exact = (of: Value) => cast(of, 'f32');
    const update = mul(project(project(exact(x), exact(a)), exact(b)), SCALE);
    const base = project(exact(x), exact(w));
    const along = (y: Value): Value => sum(mul(add(exact(y), mul(base, -1)), update));
    const outputs = {
      extended: along(extendedProjection(lowRankInput(x, [{ a, b }], SCALE), 0, w, { a, b })),
      folded: along(matmul(x, add(w, matmul(mul(b, SCALE), a)), { transposeB: true })),
      whole: sum(square(update)),
    };
    const session = tensorflowBackend().createSession([{ name: 'p', outputs, updates: [] }]);
    session.assign(values);
    const { extended, folded, whole } = session.run('p', {});
    session.dispose();
    // The share of the update that arrives, observed: 0.95 against 0.31.
    expect(Math.abs(extended.data[0] / whole.data[0] - 1)).toBeLessThan(0.1);
    expect(folded.data[0] / whole.data[0]).toBeLessThan(0.6);
  });
});
