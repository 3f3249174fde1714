import type { Shape } from '../../compute/graph';
import { DataError, FileFormatError } from '../../core';
import { dynamicMap } from './dynamic-map';

/** Values that share one scale, and scales that share one in turn. */
export const NF4_BLOCK = 64;
export const NF4_NESTED_BLOCK = 256;

/**
 * What the sixteen codes stand for, times the block's largest magnitude: quantiles of the normal distribution.
 * Source: Dettmers et al. 2023, arXiv:2305.14314, appendix E; the f32 numbers of bitsandbytes.
 */
export const NF4_VALUES = Float32Array.of(
  -1,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1,
);

/** A tensor in NF4 with double quantisation, about 4.127 bits a value. */
export interface Nf4Tensor {
  readonly shape: Shape;
  /** Two codes a byte, the even element in the upper half, row-major over the whole tensor: [⌈n/2⌉]. */
  readonly codes: Uint8Array;
  /** Each block's largest magnitude less `offset`, as a code of the signed dynamic map: [⌈n/64⌉]. */
  readonly absmax: Uint8Array;
  /** The scale of 256 of those: [⌈blocks/256⌉]. */
  readonly nestedAbsmax: Float32Array;
  readonly offset: number;
}

/**
 * Quantises f32 values to NF4 blocks of 64 with double quantisation. A value takes the nearest code, the lower one at
 * halfway; blocks run over the flattened tensor and may cross rows; a last block may be short.
 * The codes are those of bitsandbytes bit for bit. The scales' 8-bit codes are the nearest ones, which its CPU kernel misses
 * by one or two in a few thousand. Throws DataError naming the tensor if a value is not finite.
 */
export function quantiseNf4(data: Float32Array, shape: Shape, name = 'the tensor'): Nf4Tensor {
  const blocks = Math.ceil(data.length / NF4_BLOCK);
  const codes = new Uint8Array(Math.ceil(data.length / 2));
  const largest = new Float32Array(blocks);
  const firstCodes = lowestCodes();
  for (let block = 0; block < blocks; block++) {
    const start = block * NF4_BLOCK;
    const end = Math.min(start + NF4_BLOCK, data.length);
    let absmax = 0;
    for (let i = start; i < end; i++) {
      const magnitude = data[i] < 0 ? -data[i] : data[i];
      if (magnitude > absmax) absmax = magnitude;
      else if (Number.isNaN(magnitude)) throw notFinite(name, shape, i, data[i]);
    }
    if (absmax === Number.POSITIVE_INFINITY) throw notFinite(name, shape, start, absmax);
    largest[block] = absmax;
    // A reciprocal of a subnormal number would be infinite.
    const inverse = absmax > 0 ? Math.fround(1 / Math.max(absmax, 1e-38)) : 0;
    for (let i = start; i < end; i++) {
      const x = Math.fround(data[i] * inverse);
      let code = firstCodes[((x + 1) * HALF_CELLS) | 0];
      if (x > BORDERS[code]) code++;
      codes[i >> 1] |= i & 1 ? code : code << 4;
    }
  }
  // The unused half of an odd tensor's last byte holds 0, as zero is coded there.
  if (data.length % 2 === 1) codes[codes.length - 1] |= 7;
  return { shape, codes, ...nestScales(largest) };
}

/** The values of an NF4 tensor, f32, row-major; bitsandbytes' own bit for bit. */
export function dequantiseNf4({ shape, codes, absmax, nestedAbsmax, offset }: Nf4Tensor): Float32Array {
  const out = new Float32Array(shape.reduce((product, axis) => product * axis, 1));
  const map = dynamicMap(true);
  for (let block = 0; block < absmax.length; block++) {
    const scale = Math.fround(
      Math.fround(map[absmax[block]] * nestedAbsmax[Math.floor(block / NF4_NESTED_BLOCK)]) + offset,
    );
    const end = Math.min((block + 1) * NF4_BLOCK, out.length);
    for (let i = block * NF4_BLOCK; i < end; i++)
      out[i] = NF4_VALUES[i % 2 === 0 ? codes[i >> 1] >> 4 : codes[i >> 1] & 15] * scale;
  }
  return out;
}

/** Throws FileFormatError unless codes and scales have the lengths that the shape asks for. */
export function checkNf4(tensor: Nf4Tensor, where: string): void {
  const size = tensor.shape.reduce((product, axis) => product * axis, 1);
  const blocks = Math.ceil(size / NF4_BLOCK);
  const expected = { codes: Math.ceil(size / 2), absmax: blocks, nestedAbsmax: Math.ceil(blocks / NF4_NESTED_BLOCK) };
  const wrong = Object.entries(expected).filter(
    ([part, length]) => tensor[part as keyof typeof expected].length !== length,
  );
  if (wrong.length > 0 || !Number.isFinite(tensor.offset))
    throw new FileFormatError(
      `${where}: an NF4 tensor of shape [${tensor.shape}] must have ${Object.entries(expected)
        .map(([part, length]) => `${length} ${part}`)
        .join(
          ', ',
        )} and a finite offset, got ${tensor.codes.length}, ${tensor.absmax.length}, ${tensor.nestedAbsmax.length} and ${tensor.offset}. The file is damaged; fetch it again.`,
    );
}

function notFinite(name: string, shape: Shape, place: number, value: number): DataError {
  return new DataError(
    `quantiseNf4: weights must be finite, got ${value} in ${name} [${shape}] at or behind place ${place}. The file is damaged; fetch it again.`,
  );
}

/** Halfway between neighbouring codes; the last is never passed. */
const BORDERS = Float64Array.from({ length: 16 }, (_, i) =>
  i < 15 ? (NF4_VALUES[i] + NF4_VALUES[i + 1]) / 2 : Number.POSITIVE_INFINITY,
);
/** Cells between 0 and 1: so many that no cell holds two borders. */
const HALF_CELLS = 1024;

/** The lowest code that a value in each cell of [-1, 1] can have. */
function lowestCodes(): Uint8Array {
  // A value may round up to the cell above its own.
  return Uint8Array.from({ length: 2 * HALF_CELLS + 2 }, (_, cell) =>
    BORDERS.findIndex((border) => border >= (cell - 0.001) / HALF_CELLS - 1),
  );
}

/** Double quantisation: scales less their mean, in blocks of 256, each to the nearest code of the signed map. */
function nestScales(largest: Float32Array): Pick<Nf4Tensor, 'absmax' | 'nestedAbsmax' | 'offset'> {
  const map = dynamicMap(true);
  const borders = Float64Array.from({ length: 255 }, (_, i) => (map[i] + map[i + 1]) / 2);
  const offset = Math.fround(largest.reduce((sum, scale) => sum + scale, 0) / Math.max(1, largest.length));
  const absmax = new Uint8Array(largest.length);
  const nestedAbsmax = new Float32Array(Math.ceil(largest.length / NF4_NESTED_BLOCK));
  for (let nested = 0; nested < nestedAbsmax.length; nested++) {
    const start = nested * NF4_NESTED_BLOCK;
    const rest = largest.subarray(start, start + NF4_NESTED_BLOCK).map((scale) => scale - offset);
    const most = rest.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
    nestedAbsmax[nested] = most;
    rest.forEach((value, i) => {
      absmax[start + i] = bordersBelow(borders, most > 0 ? value / most : 0);
    });
  }
  return { absmax, nestedAbsmax, offset };
}

function bordersBelow(borders: Float64Array, x: number): number {
  let [low, high] = [0, borders.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x > borders[middle]) low = middle + 1;
    else high = middle;
  }
  return low;
}
