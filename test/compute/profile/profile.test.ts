import { beforeAll, describe, expect, it } from 'vitest';
import { eagerBackend, tensorflowBackend } from '../../../src/compute/backends';
import {
  add,
  crossEntropy,
  gradients,
  input,
  less,
  loop,
  matmul,
  mean,
  type Program,
  slice,
  sum,
  tanh,
  variable,
} from '../../../src/compute/graph';
import {
  machineLimits,
  type ProgramProfile,
  productFlops,
  productsOf,
  profileProgram,
} from '../../../src/compute/profile';
import { AbortedError, ConfigError, type Progress } from '../../../src/core';

describe('the products of a program', () => {
  it('of a program are two for each multiply-add of its products, batched, shared and transposed', () => {
    const a = input('a', [3, 4, 5], 'f32');
    const shared = matmul(a, input('b', [7, 5], 'f32'), { transposeB: true });
    const batched = matmul(a, input('c', [3, 4, 6], 'f32'), { transposeA: true });
    const products = productsOf([shared, batched]);
    expect(products).toEqual([
      { lead: 1, m: 12, k: 5, n: 7, transposeA: false, transposeB: true, count: 1 },
      { lead: 3, m: 5, k: 4, n: 6, transposeA: true, transposeB: false, count: 1 },
    ]);
    expect(productFlops(products)).toBe(2 * (12 * 5 * 7 + 3 * 5 * 4 * 6));
  });
});

describe('what a machine does at best', () => {
  it('is measured: a rate of products and one of memory', async () => {
    const { gflopPerSecond, gbPerSecond } = await machineLimits(await tensorflowBackend({ device: 'cpu' }));
    // A pocket calculator is slower than the first, no machine reaches the second.
    expect(gflopPerSecond).toBeGreaterThan(0.1);
    expect(gflopPerSecond).toBeLessThan(1e7);
    expect(gbPerSecond).toBeGreaterThan(0.1);
    expect(gbPerSecond).toBeLessThan(1e5);
  });
});

/** Two layers with a loss over classes, trained. */
function smallStep(): Program {
  const x = input('x', [8, 16], 'f32');
  const [w, v] = [variable('w', [16, 16], 'f32'), variable('v', [16, 5], 'f32')];
  const loss = mean(crossEntropy(matmul(tanh(matmul(tanh(matmul(x, w)), w)), v), input('targets', [8], 'i32')));
  const [dw] = gradients(loss, [w]);
  return { name: 'small step', outputs: { loss }, updates: [{ variable: w, value: add(w, dw) }] };
}

describe('the profile of a program', () => {
  const seen: Progress[] = [];
  let profile: ProgramProfile;
  beforeAll(async () => {
    profile = await profileProgram(await tensorflowBackend({ device: 'cpu' }), smallStep(), {
      onProgress: (progress) => seen.push(progress),
    });
  });
  const of = (op: string) => profile.ops.filter((one) => one.op === op);

  it('counts each operation by its shapes', () => {
    expect(of('tanh').map(({ what, count }) => [what, count])).toEqual([['tanh f32[8,16]', 2]]);
    const forward = of('matmul').find(({ what }) => what === 'matmul f32[8,16] f32[16,16]');
    expect(forward).toMatchObject({ count: 2, kind: 'weight products', flops: 2 * 8 * 16 * 16 });
  });

  it('has all operations of the products, as counted from the program', () => {
    const { outputs, updates } = smallStep();
    const roots = [...Object.values(outputs), ...updates.map(({ value }) => value)];
    expect(profile.ops.reduce((total, { flops, count }) => total + flops * count, 0)).toBe(
      productFlops(productsOf(roots)),
    );
  });

  it('counts operands once read and the result once written', () => {
    expect(of('tanh')[0].bytes).toBe(2 * 4 * 8 * 16);
    expect(of('crossEntropy')[0].bytes).toBe(4 * 8 * 5 + 4 * 8 + 4 * 8);
  });

  it('times what comes out of one kernel once, and lists no values that are there already', () => {
    expect(of('crossEntropy')).toHaveLength(1);
    for (const op of ['crossEntropyGrad', 'input', 'variable', 'constant', 'fill', 'reshape'])
      expect(of(op), op).toEqual([]);
  });

  it('has times, the dearest first, and says how far it is', () => {
    expect(profile.whole).toBeGreaterThan(0);
    expect(profile.call).toBeGreaterThan(0);
    const costs = profile.ops.map(({ count, milliseconds }) => count * milliseconds);
    expect(costs).toEqual([...costs].sort((a, b) => b - a));
    expect(costs.every((cost) => Number.isFinite(cost) && cost >= 0)).toBe(true);
    expect(seen.at(-1)).toMatchObject({ done: profile.ops.length + 1, total: profile.ops.length + 1 });
  });

  it('tells a product of many times the work from a small one', async () => {
    const product = (n: number) => matmul(variable(`a${n}`, [n, n], 'f32'), variable(`b${n}`, [n, n], 'f32'));
    const both = { name: 'two products', outputs: { small: sum(product(32)), large: sum(product(768)) }, updates: [] };
    const { ops } = await profileProgram(await tensorflowBackend({ device: 'cpu' }), both);
    // 14,000 times the multiply-adds, and 576 times the memory.
    expect(ops[0].what).toBe('matmul f32[768,768] f32[768,768]');
  });

  it('takes slices of one size for one operation, wherever they begin', async () => {
    const v = variable('v', [10], 'f32');
    const parts = {
      name: 'parts',
      outputs: { a: slice(v, [0], [4]), b: slice(v, [5], [4]), c: slice(v, [0], [3]) },
      updates: [],
    };
    const { ops } = await profileProgram(await tensorflowBackend({ device: 'cpu' }), parts);
    expect(ops.map(({ what, count }) => `${what}: ${count}`).sort()).toEqual([
      'slice f32[10] to f32[3]: 1',
      'slice f32[10] to f32[4]: 2',
    ]);
    expect(ops.map(({ bytes }) => bytes).sort((a, b) => a - b)).toEqual([2 * 4 * 3, 2 * 4 * 4]);
  });

  it('works on any backend', async () => {
    const { ops } = await profileProgram(eagerBackend(), smallStep());
    expect(ops.map(({ what }) => what).sort()).toEqual(profile.ops.map(({ what }) => what).sort());
  });

  it('names what is not timed alone', async () => {
    const { state } = loop({
      state: { x: variable('x', [4], 'f32') },
      condition: ({ x }) => less(sum(x), 100),
      body: ({ x }) => ({ x: add(x, 1) }),
    });
    const { ops, untimed } = await profileProgram(await tensorflowBackend({ device: 'cpu' }), {
      name: 'with a loop',
      outputs: { y: tanh(state.x) },
      updates: [],
    });
    expect(ops.map(({ op }) => op)).toEqual(['tanh']);
    expect(untimed).toEqual({ loop: 1, loopResult: 1 });
  });

  it('of a program without an operation, or stopped, is an error that says so', async () => {
    const idle = { name: 'idle', outputs: { x: input('x', [2], 'f32') }, updates: [] };
    const backend = await tensorflowBackend({ device: 'cpu' });
    await expect(profileProgram(backend, idle)).rejects.toThrow(ConfigError);
    await expect(profileProgram(backend, idle)).rejects.toThrow(/program "idle" must compute something/);
    await expect(profileProgram(backend, smallStep(), { signal: AbortSignal.abort() })).rejects.toThrow(AbortedError);
  });
});
