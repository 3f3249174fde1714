/**
 * The 256 values of the 8-bit dynamic map, ascending: for i = 0..6 the midpoints of N equal parts of [0.1, 1], times
 * 10^(i-6), with N = 2^i of either sign (signed) or 2^(i+1) (unsigned); beside them 0 and 1. Signed: 0 stands at 127,
 * the least is -0.99296875. Computed in f32, as where it comes from.
 * Source: Dettmers et al. 2022, arXiv:2110.02861; bitsandbytes, create_dynamic_map.
 */
export function dynamicMap(signed: boolean): Float32Array {
  const values = [0, 1];
  for (let i = 0; i < 7; i++) {
    const parts = signed ? 2 ** i : 2 ** (i + 1);
    const borders = linspace(0.1, 1, parts + 1);
    for (let k = 0; k < parts; k++) {
      const middle = Math.fround(Math.fround(borders[k] + borders[k + 1]) / 2);
      const value = Math.fround(Math.fround(10 ** (i - 6)) * middle);
      values.push(value);
      if (signed) values.push(-value);
    }
  }
  return Float32Array.from(values).sort();
}

/** The f32 numbers of torch.linspace: from either end towards the middle. */
function linspace(start: number, end: number, count: number): number[] {
  const step = Math.fround(Math.fround(end - Math.fround(start)) / (count - 1));
  return Array.from({ length: count }, (_, i) =>
    i < count / 2 ? Math.fround(Math.fround(start) + step * i) : Math.fround(end - step * (count - 1 - i)),
  );
}
