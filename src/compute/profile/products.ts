import { topologicalOrder, type Value } from '../graph';

/** One matrix product of a program: [lead, m, k] · [lead, k, n]. */
export interface Product {
  readonly lead: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** How often it stands in the program. */
  readonly count: number;
}

/** Every matrix product that a program computes, padding and recomputation included. */
export function productsOf(roots: readonly Value[]): Product[] {
  const found = new Map<string, Product>();
  for (const value of topologicalOrder(roots)) {
    if (value.op !== 'matmul') continue;
    const { transposeA, transposeB } = (value as Value<'matmul'>).attrs;
    const [a, b] = value.inputs;
    const [rows, inner] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
    const lead = a.shape.slice(0, -2).reduce((product, size) => product * size, 1);
    // A right side of rank 2 is shared by all of the leading axes: one tall product.
    const shared = b.shape.length === 2;
    const sizes = {
      lead: shared ? 1 : lead,
      m: shared ? lead * rows : rows,
      k: inner,
      n: value.shape.at(-1)!,
    };
    const key = JSON.stringify([sizes, transposeA, transposeB]);
    const count = (found.get(key)?.count ?? 0) + 1;
    found.set(key, { ...sizes, transposeA, transposeB, count });
  }
  return [...found.values()];
}

export function productFlops(products: readonly Product[]): number {
  return products.reduce((sum, { lead, m, k, n, count }) => sum + 2 * count * lead * m * k * n, 0);
}
