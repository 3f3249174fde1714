import { describe, expect, test } from 'vitest';
import { type Backend, tensorflowBackend } from '../../src/compute/backends';
import { eagerBackend } from '../../src/compute/backends/eager';
import * as g from '../../src/compute/graph';
import { DataError, RandomStream, ShapeError } from '../../src/core';

const BACKENDS: readonly Backend[] = [eagerBackend(), tensorflowBackend({ device: 'cpu' })];
const f32 = (data: readonly number[], shape: g.Shape = [data.length]) => g.hostTensor(data, shape, 'f32');
const scalar = (n: number) => g.hostTensor([n], [], 'i32');
const draw = (shape: g.Shape) => {
  const stream = new RandomStream(`loop ${shape}`);
  return f32(
    Array.from({ length: g.sizeOf(shape) }, () => stream.normal()),
    shape,
  );
};
const below =
  (n: number) =>
  ({ step }: { readonly step: g.Value }) =>
    g.less(step, n);

function runOnce(
  backend: Backend,
  outputs: Record<string, g.Value>,
  feeds: Record<string, g.HostTensor> = {},
  variables: Record<string, g.HostTensor> = {},
) {
  const session = backend.createSession([{ name: 'p', outputs, updates: [] }]);
  session.assign(variables);
  try {
    return session.run('p', feeds);
  } finally {
    session.dispose();
  }
}

/** A recurrence with a weight, a captured value, a gather by the state, a softmax and a topK. */
function recurrence() {
  const weight = g.variable('weight', [3, 3], 'f32');
  const table = g.variable('table', [4, 3], 'f32');
  const shift = g.square(g.input('shift', [3], 'f32'));
  return (h: g.Value, step: g.Value) => {
    const row = g.gather(table, g.reshape(step, [1]));
    const scores = g.softmax(g.add(g.add(g.matmul(h, weight), shift), row));
    const { values, indices } = g.topK(scores, 2);
    return g.add(scores, g.add(g.sum(values, -1, true), g.mul(g.cast(g.slice(indices, [0, 0], [2, 1]), 'f32'), 0.5)));
  };
}

describe.each(BACKENDS)('a loop on $name', (backend) => {
  test('is its body unrolled, with weights, captured values, gather, softmax and topK in it', () => {
    const h = g.input('h', [2, 3], 'f32');
    const body = recurrence();
    const looped = g.loop({
      state: { h, step: g.fill(0, [], 'i32') },
      condition: below(4),
      body: ({ h, step }) => ({ h: body(h, step), step: g.add(step, 1) }),
    });
    let unrolled: g.Value = h;
    for (let step = 0; step < 4; step++) unrolled = body(unrolled, g.fill(step, [], 'i32'));
    const out = runOnce(
      backend,
      { looped: looped.state.h, unrolled, iterations: looped.iterations },
      { h: draw([2, 3]), shift: draw([3]) },
      { weight: draw([3, 3]), table: draw([4, 3]) },
    );
    expect([...out.iterations.data]).toEqual([4]);
    // The largest difference observed is 0.
    out.looped.data.forEach((x, i) => {
      expect(Math.abs(x - out.unrolled.data[i])).toBeLessThan(1e-6);
    });
  });

  test('makes no pass where its condition does not hold at first', () => {
    const { state, iterations } = g.loop({
      state: { step: g.input('from', [], 'i32'), x: g.input('x', [2], 'f32') },
      condition: below(3),
      body: ({ step, x }) => ({ step: g.add(step, 1), x: g.mul(x, 2) }),
    });
    const run = (from: number) => {
      const out = runOnce(backend, { ...state, iterations }, { from: scalar(from), x: f32([1, 5]) });
      return [[...out.x.data], out.step.data[0], out.iterations.data[0]];
    };
    expect(run(3)).toEqual([[1, 5], 3, 0]);
    expect(run(1)).toEqual([[4, 20], 3, 2]);
  });

  test('ends after maxIterations', () => {
    const passes = (maxIterations: number) => {
      const { state, iterations } = g.loop({
        state: { step: g.fill(0, [], 'i32') },
        condition: below(5),
        body: ({ step }) => ({ step: g.add(step, 1) }),
        maxIterations,
      });
      const out = runOnce(backend, { ...state, iterations });
      return [out.step.data[0], out.iterations.data[0]];
    };
    expect([0, 2, 9].map(passes)).toEqual([
      [0, 0],
      [2, 2],
      [5, 5],
    ]);
  });

  test('swaps entries and hands an outside value or an unchanged entry on', () => {
    const outside = g.input('outside', [2], 'f32');
    const { state } = g.loop({
      state: {
        a: g.input('a', [2], 'f32'),
        b: g.input('b', [2], 'f32'),
        c: g.fill(0, [2]),
        // Of a value from outside alone once custom is gone: no data of the pass reaches it.
        d: g.fill(0, [1, 2]),
        step: g.fill(0, [], 'i32'),
      },
      condition: below(3),
      body: ({ a, b, step }) => ({
        a: b,
        b: a,
        c: outside,
        d: g.reshape(
          g.custom('outside', [a], outside, () => [null]),
          [1, 2],
        ),
        step: g.add(step, 1),
      }),
    });
    const out = runOnce(backend, state, { a: f32([1, 2]), b: f32([3, 4]), outside: f32([7, 8]) });
    expect([out.a, out.b, out.c, out.d].map(({ data }) => [...data])).toEqual([
      [3, 4],
      [1, 2],
      [7, 8],
      [7, 8],
    ]);
  });

  test('stands inside another loop', () => {
    // Row r adds r + 1, (r + 1) times: 1 + 4 + 9 = 14.
    const one = g.input('one', [], 'i32');
    const outer = g.loop({
      state: { row: g.fill(0, [], 'i32'), total: g.fill(0, [], 'i32') },
      condition: ({ row }) => g.less(row, 3),
      body: ({ row, total }) => {
        const next = g.add(row, one);
        const inner = g.loop({
          state: { step: g.fill(0, [], 'i32'), sum: total },
          condition: ({ step }) => g.less(step, next),
          body: ({ step, sum }) => ({ step: g.add(step, one), sum: g.add(sum, next) }),
        });
        return { row: next, total: inner.state.sum };
      },
    });
    expect(runOnce(backend, { total: outer.state.total }, { one: scalar(1) }).total.data[0]).toBe(14);
  });

  test('carries every dtype', () => {
    const dtypes = ['f32', 'bf16', 'i32', 'u8', 'bool'] as const;
    const initial = Object.fromEntries(dtypes.map((dtype) => [dtype, g.input(dtype, [2], dtype)]));
    const { state } = g.loop({
      state: { ...initial, step: g.fill(0, [], 'i32') } as Record<string, g.Value>,
      condition: ({ step }) => g.less(step, 2),
      body: (now) => ({ ...now, f32: g.add(now.f32, 0.5), step: g.add(now.step, 1) }),
    });
    const feeds = Object.fromEntries(dtypes.map((dtype) => [dtype, g.hostTensor([1, 0], [2], dtype)]));
    const { step, ...out } = runOnce(backend, state, feeds);
    expect(out).toEqual({ ...feeds, f32: f32([2, 1]) });
  });

  test('sees in each pass what earlier passes wrote, and leaves it in the session', () => {
    const cache = g.variable('cache', [5, 2], 'f32');
    const start = g.input('start', [], 'i32');
    // Row i becomes [1 + the sum of all rows before the write, i]: Fibonacci-like, so that a stale read shows.
    const { state } = g.loop({
      state: { step: start, last: g.input('first', [1, 2], 'f32'), seen: g.fill(0, []) },
      condition: below(5),
      body: ({ step, last }) => {
        const written = g.updateRows(cache, g.reshape(step, [1]), last);
        const total = g.sum(g.slice(written, [0, 0], [5, 1]));
        const row = g.reshape(g.concat([g.reshape(total, [1]), g.cast(g.reshape(step, [1]), 'f32')], 0), [1, 2]);
        return { step: g.add(step, 1), last: row, seen: total };
      },
    });
    const session = backend.createSession([
      { name: 'decode', outputs: { seen: state.seen }, updates: [] },
      { name: 'look', outputs: { cache }, updates: [] },
    ]);
    session.assign({ cache: f32(new Array(10).fill(0), [5, 2]) });
    const first = session.run('decode', { start: scalar(2), first: f32([1, 9], [1, 2]) });
    expect([...first.seen.data]).toEqual([4]);
    expect([...session.run('look', {}).cache.data]).toEqual([0, 0, 0, 0, 1, 9, 1, 2, 2, 3]);
    session.run('decode', { start: scalar(4), first: f32([100, 0], [1, 2]) });
    expect([...session.read(['cache']).cache.data]).toEqual([0, 0, 0, 0, 1, 9, 1, 2, 100, 0]);
    session.dispose();
  });

  test('gives a state that is the written variable as it was after its own pass', () => {
    const cache = g.variable('cache', [3], 'f32');
    const { state } = g.loop({
      state: { step: g.fill(0, [], 'i32'), before: g.fill(0, [3]), now: g.fill(0, [3]) },
      condition: below(3),
      body: ({ step, now }) => ({
        step: g.add(step, 1),
        before: now,
        now: g.reshape(g.updateRows(cache, g.reshape(step, [1]), g.fill(5, [1])), [3]),
      }),
    });
    const out = runOnce(backend, { ...state }, {}, { cache: f32([1, 2, 3]) });
    expect([...out.before.data]).toEqual([5, 5, 3]);
    expect([...out.now.data]).toEqual([5, 5, 5]);
  });

  test('orders the write of a pass behind the reads of the pass before, though no value links them', () => {
    const n = 64;
    const cache = g.variable('cache', [1, n], 'f32');
    const { state } = g.loop({
      state: { step: g.fill(0, [], 'i32'), total: g.fill(0, []) },
      condition: below(50),
      body: ({ step, total }) => {
        const row = g.broadcastTo(g.reshape(g.cast(step, 'f32'), [1, 1]), [1, n]);
        const written = g.updateRows(cache, g.fill(0, [1], 'i32'), row);
        // Slow reader: several products before the sum.
        const square = g.matmul(written, written, { transposeA: true });
        return { step: g.add(step, 1), total: g.add(total, g.mean(g.sqrt(square))) };
      },
    });
    const out = runOnce(backend, { total: state.total }, {}, { cache: f32(new Array(n).fill(0), [1, n]) });
    expect(out.total.data[0]).toBeCloseTo((49 * 50) / 2, 2);
  });

  test('reads a variable that the program updates as it was before the run', () => {
    const w = g.variable('w', [2], 'f32');
    const { state } = g.loop({
      state: { step: g.fill(0, [], 'i32'), x: g.fill(0, [2]) },
      condition: below(3),
      body: ({ step, x }) => ({ step: g.add(step, 1), x: g.add(x, w) }),
    });
    const session = backend.createSession([
      { name: 'p', outputs: { x: state.x }, updates: [{ variable: w, value: g.add(w, state.x) }] },
    ]);
    session.assign({ w: f32([1, 10]) });
    expect([...session.run('p', {}).x.data]).toEqual([3, 30]);
    expect([...session.read(['w']).w.data]).toEqual([4, 40]);
    expect([...session.run('p', {}).x.data]).toEqual([12, 120]);
    session.dispose();
  });

  test('passes under a barrier and feeds a gradient behind stopGradient', () => {
    const x = g.input('x', [2], 'f32');
    const { state } = g.loop({
      state: { step: g.fill(0, [], 'i32'), y: x },
      condition: below(2),
      body: ({ step, y }) => ({ step: g.add(step, 1), y: g.barrier(g.mul(y, 3), step) }),
    });
    const [dx] = g.gradients(g.sum(g.mul(x, g.stopGradient(state.y))), [x], { keep: [] });
    expect([...runOnce(backend, { dx }, { x: f32([1, 2]) }).dx.data]).toEqual([9, 18]);
  });
});

test('a pass on TensorFlow copies neither the variable it writes rows of nor a weight it reads', () => {
  const shape = [1_000_000, 32];
  const cache = g.variable('cache', shape, 'f32');
  const weight = g.variable('weight', shape, 'f32');
  const block = (x: g.Value) => g.slice(x, [0, 0], [1, 32]);
  const { state } = g.loop({
    state: { step: g.fill(0, [], 'i32'), row: g.fill(1, [1, 32]) },
    condition: ({ step }) => g.less(step, g.input('passes', [], 'i32')),
    body: ({ step, row }) => ({
      step: g.add(step, 1),
      row: g.add(block(g.updateRows(cache, g.reshape(step, [1]), row)), block(weight)),
    }),
  });
  const session = BACKENDS[1].createSession([{ name: 'p', outputs: { row: state.row }, updates: [] }]);
  const zeros = { shape, dtype: 'f32', data: new Float32Array(g.sizeOf(shape)) } as const;
  session.assign({ cache: zeros, weight: zeros });
  session.run('p', { passes: scalar(2) });
  const start = performance.now();
  session.run('p', { passes: scalar(1000) });
  // 128 MB each: one copy takes over 10 ms, a pass was observed to take 0.004 ms.
  expect((performance.now() - start) / 1000).toBeLessThan(1);
  session.dispose();
});

test('an error in a pass names the program and the op', () => {
  const table = g.variable('table', [3, 2], 'f32');
  const { state } = g.loop({
    state: { step: g.fill(0, [], 'i32'), row: g.fill(0, [1, 2]) },
    condition: below(9),
    body: ({ step }) => ({ step: g.add(step, 1), row: g.gather(table, g.reshape(step, [1])) }),
  });
  const run = () => runOnce(BACKENDS[1], { row: state.row }, {}, { table: draw([3, 2]) });
  expect(run).toThrow(DataError);
  expect(run).toThrow(/program "p".*not in \[0, 3\).*op gather giving f32\[1,2\]/);
});

test('a backward pass that recomputes takes the result of a loop as it is', () => {
  const x = g.input('x', [2], 'f32');
  const { state } = g.loop({
    state: { y: g.exp(x) },
    condition: ({ y }) => g.less(g.sum(y), 9),
    body: ({ y }) => ({ y: g.mul(y, 2) }),
  });
  const loss = g.sum(g.mul(g.tanh(x), g.tanh(g.stopGradient(state.y))));
  const [dx] = g.gradients(loss, [x], { keep: [] });
  const { values } = g.programSignature({ name: 'p', outputs: { loss, dx }, updates: [] });
  const count = (op: g.OpName) => values.filter((value) => value.op === op).length;
  expect([count('loop'), count('loopResult'), count('exp')]).toEqual([1, 1, 1]);
  expect(count('tanh')).toBe(4);
});

describe('loop refuses', () => {
  const step = g.fill(0, [], 'i32');
  const cache = g.variable('cache', [4, 2], 'f32');
  const write = (at: g.Value) => g.updateRows(cache, g.reshape(at, [1]), g.fill(1, [1, 2]));
  const looped = (body: (step: g.Value) => g.Value, total: g.Value = g.fill(0, [])) =>
    g.loop({
      state: { step, total },
      condition: below(3),
      body: ({ step }) => ({ step: g.add(step, 1), total: body(step) }),
    });
  const program = (outputs: Record<string, g.Value>) => g.programSignature({ name: 'p', outputs, updates: [] });
  const cases: readonly [string, () => unknown, string][] = [
    [
      'a pass that changes a shape',
      () => looped(() => g.fill(0, [2])),
      'loop: the state "total" must be f32[] after a pass, got f32[2]. Cast or reshape it.',
    ],
    [
      'a pass that changes a dtype',
      () => looped((at) => at),
      'loop: the state "total" must be f32[] after a pass, got i32[]. Cast or reshape it.',
    ],
    [
      'a pass with another entry',
      () =>
        g.loop<Record<string, g.Value>>({
          state: { step },
          condition: ({ step }) => g.less(step, 1),
          body: ({ step }) => ({ stap: step }),
        }),
      'loop: the body must give the state\'s entries and no others, got "step" is missing; "stap" is no state. Give step.',
    ],
    [
      'a condition that is no bool',
      () => g.loop({ state: { step }, condition: ({ step }) => step, body: (state) => state }),
      'loop: the condition must be bool[], got i32[]. Reduce a comparison to a scalar.',
    ],
    [
      'a condition that writes',
      () =>
        g.loop({
          state: { step },
          condition: ({ step }) => g.less(g.sum(write(step)), 1),
          body: (state) => state,
        }),
      'loop: the condition must neither write nor loop, got one that does. Do it in the body and test its result.',
    ],
    [
      'half a pass',
      () => g.loop({ state: { step }, condition: below(1), body: (state) => state, maxIterations: 0.5 }),
      'loop: maxIterations must be an integer ≥ 0, got 0.5. Leave it out or give a count.',
    ],
    [
      'a read beside a write in its body',
      () => program({ y: looped((at) => g.add(g.sum(write(at)), g.sum(cache))).state.total }),
      'program "p": a variable with updateRows is read only through it, got "cache" also read by sum. Use the result of updateRows.',
    ],
    [
      'a read outside beside a write in its body',
      () => program({ y: looped((at) => g.sum(write(at))).state.total, z: g.neg(cache) }),
      'program "p": a variable with updateRows is read only through it, got "cache" also read by neg. Use the result of updateRows.',
    ],
    [
      'a read in the condition beside a write in its body',
      () =>
        program(
          g.loop({
            state: { step, total: g.fill(0, []) },
            condition: ({ step }) => g.less(g.add(g.cast(step, 'f32'), g.sum(cache)), 1),
            body: ({ step }) => ({ step: g.add(step, 1), total: g.sum(write(step)) }),
          }).state,
        ),
      'program "p": a variable with updateRows is read only through it, got "cache" also read by sum. Use the result of updateRows.',
    ],
    [
      'writes in two loops',
      () => program({ a: looped((at) => g.sum(write(at))).iterations, b: looped((at) => g.max(write(at))).iterations }),
      'program "p": a variable is written at most once, got "cache" twice. Combine the writes.',
    ],
    [
      'the state of a pass outside its loop',
      () => {
        let leaked: g.Value = step;
        looped((at) => {
          leaked = at;
          return g.cast(at, 'f32');
        });
        return program({ y: g.add(leaked, 1) });
      },
      'program "p": the state of a pass is used only inside its loop, got "step". Use the state that loop returns.',
    ],
    [
      'a gradient through its passes',
      () => {
        const x = g.input('x', [], 'f32');
        return g.gradients(looped(() => x, x).state.total, [x]);
      },
      'gradients: loopResult must not lie between the loss and a wrt (the values of the passes of its loop are not kept), got f32[]. Put stopGradient around it.',
    ],
  ];
  test.each(cases)('%s', (_title, act, message) => {
    expect(act).toThrow(new ShapeError(message));
  });
});

test('printProgram shows the body indented, outside values under their own names', () => {
  const cache = g.variable('cache', [4, 2], 'f32');
  const { state, iterations } = g.loop({
    state: { step: g.input('from', [], 'i32'), row: g.fill(0, [1, 2]) },
    condition: below(3),
    body: ({ step, row }) => {
      const written = g.updateRows(cache, g.reshape(step, [1]), row);
      return { step: g.add(step, 1), row: g.slice(written, [0, 0], [1, 2]) };
    },
    maxIterations: 8,
  });
  expect(
    g.printProgram({ name: 'decode', outputs: { row: state.row, iterations }, updates: [] }),
  ).toMatchInlineSnapshot(`
    "program decode
      %0 i32[] = input name="from"
      %1 f32[1,2] = fill value=0
      %2 i32[] = fill value=3
      %3 i32[] = fill value=1
      %4 f32[4,2] = variable name="cache"
      %5 i32[] = loop %0 %1 %2 %3 %4 maxIterations=8
        %5.0 i32[] = loopEntry name="step"
        %5.1 bool[] = less %5.0 %2
        %5.2 i32[] = add %5.0 %3
        %5.3 i32[1] = reshape %5.0
        %5.4 f32[1,2] = loopEntry name="row"
        %5.5 f32[4,2] = updateRows %4 %5.3 %5.4
        %5.6 f32[1,2] = slice %5.5 begin=[0,0] size=[1,2]
        while %5.1
        next step = %5.2
        next row = %5.6
      %6 f32[1,2] = loopResult %5 name="row"
      output row = %6
      output iterations = %5
    "
  `);
});
