/** A dense array of doubles with index-by-index access: the independent arithmetic that op tests are held to. */
export interface Nd {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export type Index = readonly number[];

/** All indices of a shape in row-major order. */
export function indicesOf(shape: readonly number[]): Index[] {
  return shape.reduce<number[][]>(
    (prefixes, n) => prefixes.flatMap((prefix) => Array.from({ length: n }, (_, i) => [...prefix, i])),
    [[]],
  );
}

/** The array of a shape with `at(index)` in each place. */
export function make(shape: readonly number[], at: (index: Index) => number): Nd {
  return { shape, data: indicesOf(shape).map(at) };
}

/** The element at an index of the full rank. */
export function get(x: Nd, index: Index): number {
  const flat = x.shape.reduce((sofar, n, axis) => sofar * n + index[axis], 0);
  return x.data[flat];
}

/** The element that numpy broadcasting puts at an index of a larger array. */
export function getBroadcast(x: Nd, index: Index): number {
  const own = index.slice(index.length - x.shape.length);
  return get(
    x,
    own.map((i, axis) => (x.shape[axis] === 1 ? 0 : i)),
  );
}

export function broadcastShape(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) =>
    Math.max(...shapes.map((shape) => shape[i - rank + shape.length] ?? 1)),
  );
}

/** f applied to broadcast operands. */
export function zip(f: (...numbers: number[]) => number, ...xs: Nd[]): Nd {
  return make(broadcastShape(...xs.map((x) => x.shape)), (index) => f(...xs.map((x) => getBroadcast(x, index))));
}

/** f over the elements that share an index outside `axes`. */
export function reduce(x: Nd, axes: readonly number[], keepDims: boolean, f: (group: number[]) => number): Nd {
  const kept = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const groups = new Map<string, number[]>();
  for (const index of indicesOf(x.shape)) {
    const key = index.map((i, axis) => (axes.includes(axis) ? 0 : i)).join();
    groups.set(key, [...(groups.get(key) ?? []), get(x, index)]);
  }
  const data = indicesOf(kept).map((index) => f(groups.get(index.join())!));
  return { shape: keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis)), data };
}

/** f over each last-axis row. */
export function rows(x: Nd, f: (row: number[]) => number[]): Nd {
  const n = x.shape[x.shape.length - 1];
  const count = x.data.length / n;
  const out = Array.from({ length: count }, (_, r) => f(x.data.slice(r * n, (r + 1) * n)));
  return { shape: [...x.shape.slice(0, -1), out[0].length], data: out.flat() };
}

/** The matrix product over the last two axes, leading axes equal or b of rank 2. */
export function product(a: Nd, b: Nd, transposeA: boolean, transposeB: boolean): Nd {
  const swap = (x: Nd, swapped: boolean): Nd => {
    if (!swapped) return x;
    const shape = [...x.shape.slice(0, -2), x.shape.at(-1)!, x.shape.at(-2)!];
    return make(shape, (index) => get(x, [...index.slice(0, -2), index.at(-1)!, index.at(-2)!]));
  };
  const [left, right] = [swap(a, transposeA), swap(b, transposeB)];
  const inner = left.shape.at(-1)!;
  return make([...left.shape.slice(0, -1), right.shape.at(-1)!], (index) => {
    const batch = right.shape.length === 2 ? [] : index.slice(0, -2);
    let total = 0;
    for (let k = 0; k < inner; k++)
      total += get(left, [...index.slice(0, -1), k]) * get(right, [...batch, k, index.at(-1)!]);
    return total;
  });
}

export function softmaxRow(row: number[]): number[] {
  const top = Math.max(...row);
  const powers = row.map((x) => Math.exp(x - top));
  const total = powers.reduce((sum, x) => sum + x, 0);
  return powers.map((x) => x / total);
}
