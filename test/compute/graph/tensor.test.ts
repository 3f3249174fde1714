import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bf16BitsToF32,
  convertHost,
  f32ToBf16Bits,
  fromBf16Array,
  hostNumbers,
  hostTensor,
  roundToBf16,
  toBf16Array,
} from '../../../src/compute/graph';

describe('bf16', () => {
  test('every one of the 65,536 bit patterns survives widening and rounding', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const back = f32ToBf16Bits(bf16BitsToF32(bits));
      const isSignallingNan = (bits & 0x7f80) === 0x7f80 && (bits & 0x7f) !== 0 && (bits & 0x40) === 0;
      expect(back).toBe(isSignallingNan ? bits | 0x40 : bits);
    }
  });

  test('a tie goes to the even mantissa, above and below, for both signs', () => {
    // bf16 has 8 significant bits: 256 and 258 are neighbours, 257 lies half way.
    expect([257, 259, -257, -259].map(roundToBf16)).toEqual([256, 260, -256, -260]);
  });

  test('just beside a tie the nearer neighbour wins', () => {
    expect([256.99, 257.01, 258.99, 259.01].map(roundToBf16)).toEqual([256, 258, 258, 260]);
  });

  test('NaN stays NaN even when only low mantissa bits are set, and its sign is kept', () => {
    const lowNan = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001).buffer);
    expect([...toBf16Array(lowNan)]).toEqual([0x7fc0, 0xffc0]);
    expect(roundToBf16(Number.NaN)).toBeNaN();
  });

  test('infinities stay, the largest f32 rounds to infinity, zeros keep their sign', () => {
    expect([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3.4028234663852886e38].map(roundToBf16)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    expect(Object.is(roundToBf16(-0), -0)).toBe(true);
  });

  test('no bf16 lies nearer to a number than its rounding', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 100), max: 2 ** 100 }), (x) => {
        const bits = f32ToBf16Bits(x);
        const error = Math.abs(bf16BitsToF32(bits) - x);
        const neighbours = [bits - 1, bits + 1].filter((n) => n >= 0 && n < 65536).map(bf16BitsToF32);
        return neighbours.every((y) => !Number.isFinite(y) || Math.abs(y - x) >= error);
      }),
      { seed: 1, numRuns: 5000 },
    );
  });

  test('array and single conversions agree, also on a view that starts inside a buffer', () => {
    const values = Float32Array.from({ length: 9 }, (_, i) => (i - 4) * 1.2345678).subarray(2);
    const bits = toBf16Array(values);
    expect([...bits]).toEqual([...values].map(f32ToBf16Bits));
    expect([...fromBf16Array(bits)]).toEqual([...bits].map(bf16BitsToF32));
  });
});

describe('hostTensor', () => {
  test('converts numbers to the dtype: bf16 rounds, bool becomes 0 or 1', () => {
    expect([...hostNumbers(hostTensor([257, 1.5], [2], 'bf16'))]).toEqual([256, 1.5]);
    expect([...hostTensor([0, 3, -1], [3], 'bool').data]).toEqual([0, 1, 1]);
  });

  test('takes an array of the right storage as it is', () => {
    const data = Float32Array.of(1, 2);
    expect(hostTensor(data, [2], 'f32').data).toBe(data);
  });

  test('says how many numbers a shape holds when the count is wrong', () => {
    expect(() => hostTensor([1, 2, 3], [2, 2], 'f32')).toThrow(
      'hostTensor: f32[2,2] holds 4 numbers, got 3. Pass the data of that shape, row-major.',
    );
  });

  test('converts between dtypes and back', () => {
    const f32 = hostTensor([1, 2.5, -3], [3], 'f32');
    expect(convertHost(f32, 'f32')).toBe(f32);
    expect([...convertHost(convertHost(f32, 'bf16'), 'f32').data]).toEqual([1, 2.5, -3]);
  });
});
