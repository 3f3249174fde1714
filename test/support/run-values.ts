import { type EagerSession, eagerBackend } from '../../src/compute/backends/eager';
import {
  type DType,
  type HostTensor,
  hostNumbers,
  hostTensor,
  input,
  type Program,
  type Value,
} from '../../src/compute/graph';
import { RandomStream } from '../../src/core';
import type { Nd } from './nd';
import type { Drawn } from './op-cases';

/** A program of outputs alone. */
export function outputsOnly(outputs: Record<string, Value>, name = 'test'): Program {
  return { name, outputs, updates: [] };
}

/** Runs outputs once in a fresh eager session. */
export function runEager(
  outputs: Record<string, Value>,
  feeds: Record<string, HostTensor>,
  variables: Record<string, HostTensor> = {},
): { results: Record<string, HostTensor>; session: EagerSession } {
  const session = eagerBackend().createSession([outputsOnly(outputs)]);
  session.assign(variables);
  const results = session.run('test', feeds);
  session.dispose();
  return { results, session };
}

/** Drawn inputs as graph inputs, feeds and double arrays that hold exactly the fed numbers. */
export function drawInputs(drawn: readonly Drawn[], seed: string, float: DType = 'f32') {
  const stream = new RandomStream(seed);
  const feeds: Record<string, HostTensor> = {};
  const arrays: Nd[] = [];
  const values = drawn.map(({ shape, dtype, draw }, i) => {
    const kept = dtype === 'f32' ? float : dtype;
    const count = shape.reduce((product, n) => product * n, 1);
    const numbers = Array.from({ length: count }, (_, place) => draw(stream.uniform(), place));
    feeds[`x${i}`] = hostTensor(numbers, shape, kept);
    arrays.push(toNd(feeds[`x${i}`]));
    return input(`x${i}`, shape, kept);
  });
  return { values, feeds, arrays };
}

export function toNd(tensor: HostTensor): Nd {
  return { shape: tensor.shape, data: [...hostNumbers(tensor)] };
}

/** Feeds of a list of tensors given by value. */
export function onlyReachable(feeds: Record<string, HostTensor>, names: readonly string[]): Record<string, HostTensor> {
  return Object.fromEntries(names.map((name) => [name, feeds[name]]));
}

/** The largest |a − b| divided by the largest |b|, at least 1e-3. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(1e-3, ...Array.from(b, Math.abs));
  return Math.max(0, ...Array.from(a, (x, i) => Math.abs(x - b[i]))) / scale;
}
