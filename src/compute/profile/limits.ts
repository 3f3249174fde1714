import type { LongCall } from '../../core';
import type { Backend } from '../backends';
import { add, hostTensor, matmul, slice, variable } from '../graph';
import { fastestRun } from './stopwatch';

/** What a machine does at best, as measured by this backend. */
export interface MachineLimits {
  /** 10⁹ operations a second of a product of two 2048 × 2048 matrices; a multiply and an add are two. */
  readonly gflopPerSecond: number;
  /** 10⁹ bytes a second, read and written, of adding two arrays of 64 MiB: too large for a CPU's caches. */
  readonly gbPerSecond: number;
}

const SIDE = 2048;
const LONG = 16 * 1024 * 1024;

/** Measures both in a second or two, in the dtype that products are to be computed in; memory is timed in f32. Throws AbortedError between two runs. */
export async function machineLimits(
  backend: Backend,
  dtype: 'f32' | 'bf16' = 'f32',
  { signal }: Pick<LongCall, 'signal'> = {},
): Promise<MachineLimits> {
  const square = variable('square', [SIDE, SIDE], dtype);
  const [long, other] = [variable('long', [LONG], 'f32'), variable('other', [LONG], 'f32')];
  const session = backend.createSession([
    { name: 'product', outputs: { y: slice(matmul(square, square), [0, 0], [1, 1]) }, updates: [] },
    { name: 'stream', outputs: { y: slice(add(long, other), [0], [1]) }, updates: [] },
  ]);
  try {
    session.assign({
      square: hostTensor(new Float32Array(SIDE * SIDE).fill(0.5), [SIDE, SIDE], dtype),
      long: hostTensor(new Float32Array(LONG).fill(0.5), [LONG], 'f32'),
      other: hostTensor(new Float32Array(LONG).fill(0.25), [LONG], 'f32'),
    });
    return {
      gflopPerSecond: (2 * SIDE ** 3) / ((await fastestRun(session, 'product', { signal })) * 1e6),
      gbPerSecond: (3 * 4 * LONG) / ((await fastestRun(session, 'stream', { signal })) * 1e6),
    };
  } finally {
    session.dispose();
  }
}
