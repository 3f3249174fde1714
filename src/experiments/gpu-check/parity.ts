/** One comparison with stored PyTorch numbers. */
export interface ParityRow {
  readonly what: string;
  /** Largest |ours - theirs| over the largest |theirs|; null where it did not run. */
  readonly error: number | null;
  readonly tolerance: number;
  readonly ok: boolean;
  /** Why it did not run. */
  readonly why: string | null;
}

/** Largest relative error that passes, by the arithmetic of the products. */
export interface Tolerances {
  readonly f32: number;
  readonly bf16: number;
  /** Of a whole model: logits, loss and adapter gradients in f32. */
  readonly model: number;
}

/**
 * f32: a few units in the last place, sums in another order. With TF32 a GPU rounds the operands of f32 products to 10 bits
 * (2^-11 each). bf16 rounds the result to 8 bits (2^-9), and a tie falls either way.
 */
export function tolerancesOf(tf32: boolean): Tolerances {
  return tf32 ? { f32: 3e-3, bf16: 1e-2, model: 2e-2 } : { f32: 5e-6, bf16: 1e-2, model: 5e-5 };
}

/** The largest |a - b| over the largest |b| (at least 1e-3); infinite where a length differs or a value is not finite. */
export function largestError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let largest = 1e-3;
  for (let i = 0; i < b.length; i++) {
    if (!Number.isFinite(a[i])) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(a[i] - b[i]));
    largest = Math.max(largest, Math.abs(b[i]));
  }
  return difference / largest;
}
