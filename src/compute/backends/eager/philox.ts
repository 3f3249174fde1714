/**
 * Uniform f32 numbers on [0, 1) from two 32-bit seeds: Philox 4x32-10 with the seed scrambling of TensorFlow's
 * StatelessRandomUniform, number for number (held to TensorFlow's own output in the tests).
 * Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
 */
export function statelessUniform(seed: ArrayLike<number>, count: number): Float32Array {
  const scrambleKey = [0x3ec8f720, 0x02461e29];
  const mix = philox([seed[0] >>> 0, signWord(seed[0]), seed[1] >>> 0, signWord(seed[1])], scrambleKey);
  const key = [mix[0], mix[1]];
  const bits = new Uint32Array(count);
  for (let group = 0; group * 4 < count; group++) {
    // A tensor of 2^34 elements would be needed to carry past the first counter word.
    const words = philox([group, 0, mix[2], mix[3]], key);
    for (let i = 0; i < 4 && group * 4 + i < count; i++) bits[group * 4 + i] = 0x3f800000 | (words[i] & 0x7fffff);
  }
  return new Float32Array(bits.buffer).map((oneToTwo) => oneToTwo - 1);
}

function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(0xd2511f53, c0);
    const high1 = mulHigh(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0) >>> 0;
    const low1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper 32 bits of a 64-bit product, from 16-bit halves so that every partial sum is exact. */
function mulHigh(a: number, b: number): number {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 65536);
  const cross = aLow * bHigh + (middle % 65536);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0;
}

/** The upper word of a 32-bit integer widened to 64 bits with its sign. */
function signWord(x: number): number {
  return x < 0 ? 0xffffffff : 0;
}
