import { ConfigError } from '../../core';

export interface IsotonicFit {
  /** One fitted value a point, in the order given. */
  readonly fitted: readonly number[];
  /** Runs of points that share a fitted value: first and last place, value and weight. */
  readonly blocks: readonly {
    readonly from: number;
    readonly to: number;
    readonly value: number;
    readonly weight: number;
  }[];
  /** √(Σw(v − fitted)²/Σw): 0 exactly where the values already rise (or fall). */
  readonly distance: number;
}

/**
 * The rising (or falling) values closest to those given in weighted squares, by pooling neighbours that stand in the
 * wrong order (PAVA). Points come in the order of the dose. Linear time.
 * Throws ConfigError for values that are not finite, or weights that are not as many positive numbers.
 * Source: Barlow, Bartholomew, Bremner and Brunk 1972, chapter 1; de Leeuw, Hornik and Mair 2009, J. Stat. Software 32.
 */
export function isotonicFit(
  values: readonly number[],
  { weights, direction }: { readonly weights?: readonly number[]; readonly direction: 'rising' | 'falling' },
): IsotonicFit {
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new ConfigError(`isotonicFit: values must be finite, got ${bad}.`);
  if (
    weights &&
    (weights.length !== values.length || !weights.every((weight) => weight > 0 && Number.isFinite(weight)))
  )
    throw new ConfigError(
      `isotonicFit: weights must be ${values.length} positive numbers, got ${weights.length} (${weights.join(', ')}).`,
    );
  const sign = direction === 'rising' ? 1 : -1;
  const blocks: { from: number; to: number; value: number; weight: number }[] = [];
  for (const [at, value] of values.entries()) {
    let block = { from: at, to: at, value, weight: weights?.[at] ?? 1 };
    for (let last = blocks.at(-1); last && sign * (last.value - block.value) > 0; last = blocks.at(-1)) {
      const weight = last.weight + block.weight;
      const mean = last.value + (block.weight / weight) * (block.value - last.value);
      block = { from: last.from, to: at, value: mean, weight };
      blocks.pop();
    }
    blocks.push(block);
  }
  const fitted = blocks.flatMap(({ from, to, value }) => Array.from({ length: to - from + 1 }, () => value));
  const total = blocks.reduce((sum, { weight }) => sum + weight, 0);
  const squares = values.reduce((sum, value, at) => sum + (weights?.[at] ?? 1) * (value - fitted[at]) ** 2, 0);
  return { fitted, blocks, distance: values.length === 0 ? 0 : Math.sqrt(squares / total) };
}
