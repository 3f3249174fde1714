import {
  abs,
  add,
  cast,
  constant,
  div,
  equal,
  gather,
  less,
  max,
  maximum,
  minimum,
  mul,
  sqrt,
  sub,
  type Value,
  where,
} from '../compute/graph';
import { dynamicMap } from '../model/weights';

/** Values that share one scale: their largest magnitude, kept in f32. */
export const BLOCK = 256;

/** Cells of the encoder's table. With this many no cell holds two borders between codes, on either map. */
const CELLS = 2048;

/** Values in 8 bits: codes u8 [n,256] into a dynamic map, and each block's largest magnitude, f32 [n,1]. */
export interface Encoded {
  readonly codes: Value;
  readonly absmax: Value;
}

/** Both directions between f32 [n,256] and 8 bits in a graph, on one map; its tables are made once. */
export interface DynamicCodec {
  /** What codes stand for, times `factor`: f32 [n,256]. */
  decode(encoded: Encoded, factor: number): Value;
  /**
   * x f32 [n,256] in 8 bits: the nearest code of x over its block's largest magnitude (within 1e-6 of halfway: either).
   * What is not zero is never encoded as zero: a first moment keeps its sign, and a second moment that vanished would let
   * its coordinate move by m/ε. Zero stays zero. `x` must be ≥ 0 where the map is unsigned.
   */
  encode(x: Value): Encoded;
}

/**
 * The encoder's table is indexed by the fourth root y of the magnitude, which spreads the map's seven decades so evenly that
 * a cell holds at most one border between codes. A gather costs as much as 15 arithmetic operations on a processor, so one
 * number says both which codes a cell holds and where its border lies: code = ⌊table[⌊y⌋] + (y - ⌊y⌋)⌋.
 */
export function dynamicCodec(signed: boolean): DynamicCodec {
  const map = constant(dynamicMap(signed), [256], 'f32');
  const table = constant(encoderTable(signed), [CELLS + 1], 'f32');
  return {
    decode: ({ codes, absmax }, factor) => mul(gather(map, cast(codes, 'i32')), mul(absmax, factor)),
    encode(x) {
      const magnitude = signed ? abs(x) : x;
      const absmax = max(magnitude, -1, true);
      // The least divisor keeps the quotient finite; moments that small vanish beside ε.
      const y = sqrt(sqrt(mul(magnitude, div(CELLS ** 4, maximum(absmax, 1e-24)))));
      const cell = minimum(cast(y, 'i32'), CELLS);
      const steps = cast(add(gather(table, cell), sub(y, cast(cell, 'f32'))), 'i32');
      // Zero lies in the first code's cell; subtracting the comparison costs less than a branch.
      const magnitudeCode = sub(steps, cast(equal(magnitude, 0), 'i32'));
      const codes = signed
        ? where(less(x, 0), sub(127, minimum(magnitudeCode, 127)), add(magnitudeCode, 127))
        : magnitudeCode;
      return { codes: cast(codes, 'u8'), absmax };
    },
  };
}

/**
 * By cell: the code at its lower end, plus 1 less the border's place in the cell (0 to 1) where it holds one. All below the
 * second border is the first code; the last cell holds 1 alone.
 */
export function encoderTable(signed: boolean): Float32Array {
  const values = dynamicMap(signed).filter((value) => value >= 0);
  const table = new Float32Array(CELLS + 1).fill(1);
  for (let code = 2; code < values.length; code++) {
    const y = CELLS * Math.sqrt(Math.sqrt((values[code - 1] + values[code]) / 2));
    const cell = Math.floor(y);
    table.fill(code, cell + 1);
    table[cell] += cell + 1 - y;
  }
  return table;
}
