import { describe, expect, it } from 'vitest';
import { tensorflowBackend } from '../../../src/compute/backends';
import {
  add,
  hostTensor,
  input,
  matmul,
  mul,
  type Program,
  sum,
  updateRows,
  variable,
} from '../../../src/compute/graph';

const backend = tensorflowBackend({ device: 'cpu' });
const f32 = (values: number[], shape: number[]) => hostTensor(values, shape, 'f32');

describe('TensorflowSession', () => {
  it('keeps variables over runs, shares them between programs, and applies updates after all reads', () => {
    const w = variable('w', [2], 'f32');
    const v = variable('v', [2], 'f32');
    const x = input('x', [2], 'f32');
    const step: Program = {
      name: 'step',
      outputs: { before: add(w, 0), product: mul(w, x) },
      updates: [
        { variable: w, value: add(w, x) },
        { variable: v, value: mul(w, 10) },
      ],
    };
    const peek: Program = { name: 'peek', outputs: { both: add(w, v) }, updates: [] };
    const session = backend.createSession([step, peek]);
    session.assign({ w: f32([1, 2], [2]), v: f32([0, 0], [2]) });
    const first = session.run('step', { x: f32([5, 7], [2]) });
    expect([...first.before.data]).toEqual([1, 2]);
    expect([...first.product.data]).toEqual([5, 14]);
    expect([...session.read(['w']).w.data]).toEqual([6, 9]);
    expect([...session.read(['v']).v.data]).toEqual([10, 20]);
    expect([...session.run('peek', {}).both.data]).toEqual([16, 29]);
    expect(session.backend).toBe('tensorflow');
    expect(session.runs).toBe(2);
    session.dispose();
  });

  it('writes rows in place', () => {
    const cache = variable('cache', [4, 3], 'f32');
    const written = updateRows(cache, input('at', [2], 'i32'), input('rows', [2, 3], 'f32'));
    const session = backend.createSession([{ name: 'write', outputs: { total: sum(written, [1]) }, updates: [] }]);
    session.assign({ cache: f32(new Array(12).fill(1), [4, 3]) });
    const { total } = session.run('write', {
      at: hostTensor([3, 1], [2], 'i32'),
      rows: f32([1, 2, 3, 4, 5, 6], [2, 3]),
    });
    expect([...total.data]).toEqual([3, 15, 3, 6]);
    expect([...session.read(['cache']).cache.data]).toEqual([1, 1, 1, 4, 5, 6, 1, 1, 1, 1, 2, 3]);
  });

  it('runs a bf16 product', () => {
    const a = input('a', [2, 3], 'bf16');
    const w = variable('w', [3, 2], 'bf16');
    const session = backend.createSession([{ name: 'p', outputs: { y: matmul(a, w) }, updates: [] }]);
    session.assign({ w: backend.upload(f32([1, 2, 3, 4, 5, 6], [3, 2]), 'bf16') });
    const { y } = session.run('p', { a: f32([1, 0, 0, 0, 1, 1], [2, 3]) });
    expect(y.dtype).toBe('bf16');
    expect([...y.data]).toEqual([...hostTensor([1, 2, 8, 10], [2, 2], 'bf16').data]);
  });
});
