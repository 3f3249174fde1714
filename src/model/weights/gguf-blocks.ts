import { bfloatToFloat, halfToFloat } from './float-formats';

/**
 * One storage type of GGUF. A block of `blockBytes` bytes holds `blockSize` values.
 * `decode` fills `out` from the bytes of whole blocks; `halves` is the table of f16 values.
 */
export interface BlockType {
  readonly name: string;
  readonly blockSize: number;
  readonly blockBytes: number;
  decode(bytes: Uint8Array, out: Float32Array, halves: Float32Array): void;
}

/** f16 at a byte offset. */
const half = (bytes: Uint8Array, at: number, halves: Float32Array): number => halves[bytes[at] | (bytes[at + 1] << 8)];

/** value = d·(q − 8); low nibbles are values 0 to 15 of the block, high nibbles 16 to 31. */
function decodeQ4_0(bytes: Uint8Array, out: Float32Array, halves: Float32Array): void {
  for (let block = 0, at = 0; at < bytes.length; block += 32, at += 18) {
    const d = half(bytes, at, halves);
    for (let i = 0; i < 16; i++) {
      const packed = bytes[at + 2 + i];
      out[block + i] = d * ((packed & 15) - 8);
      out[block + 16 + i] = d * ((packed >> 4) - 8);
    }
  }
}

/** value = d·q + m; nibbles as in Q4_0. */
function decodeQ4_1(bytes: Uint8Array, out: Float32Array, halves: Float32Array): void {
  for (let block = 0, at = 0; at < bytes.length; block += 32, at += 20) {
    const d = half(bytes, at, halves);
    const m = half(bytes, at + 2, halves);
    for (let i = 0; i < 16; i++) {
      const packed = bytes[at + 4 + i];
      out[block + i] = d * (packed & 15) + m;
      out[block + 16 + i] = d * (packed >> 4) + m;
    }
  }
}

/** As Q4_0, d·(q − 16), with a fifth bit: bits 0 to 15 of the word `qh` are for the low nibbles, 16 to 31 for the high. */
function decodeQ5_0(bytes: Uint8Array, out: Float32Array, halves: Float32Array): void {
  for (let block = 0, at = 0; at < bytes.length; block += 32, at += 22) {
    const d = half(bytes, at, halves);
    for (let i = 0; i < 16; i++) {
      const { low, high } = fiveBits(bytes, at + 2, i);
      out[block + i] = d * (low - 16);
      out[block + 16 + i] = d * (high - 16);
    }
  }
}

/** value = d·q + m; q as in Q5_0. */
function decodeQ5_1(bytes: Uint8Array, out: Float32Array, halves: Float32Array): void {
  for (let block = 0, at = 0; at < bytes.length; block += 32, at += 24) {
    const d = half(bytes, at, halves);
    const m = half(bytes, at + 2, halves);
    for (let i = 0; i < 16; i++) {
      const { low, high } = fiveBits(bytes, at + 4, i);
      out[block + i] = d * low + m;
      out[block + 16 + i] = d * high + m;
    }
  }
}

/** Values i and 16 + i of a block whose word `qh` lies at `at`, its 16 bytes of nibbles behind it. */
function fiveBits(bytes: Uint8Array, at: number, i: number): { low: number; high: number } {
  const bit = (n: number): number => ((bytes[at + (n >> 3)] >> (n & 7)) & 1) << 4;
  const packed = bytes[at + 4 + i];
  return { low: (packed & 15) | bit(i), high: (packed >> 4) | bit(16 + i) };
}

/** value = d·q with q a signed byte. */
function decodeQ8_0(bytes: Uint8Array, out: Float32Array, halves: Float32Array): void {
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let block = 0, at = 0; at < bytes.length; block += 32, at += 34) {
    const d = half(bytes, at, halves);
    for (let i = 0; i < 32; i++) out[block + i] = d * signed[at + 2 + i];
  }
}

/** The 6-bit scale and minimum of each of the 8 groups of a Q4_K or Q5_K block, which share 12 bytes at `at`. */
function scaleAndMin(bytes: Uint8Array, at: number, group: number): { scale: number; min: number } {
  const low = at + (group & 3);
  // Groups 0 to 3 lie in the low 6 bits of bytes 0 to 7, groups 4 to 7 in bytes 8 to 11 and the top 2 bits of 0 to 7.
  if (group < 4) return { scale: bytes[low] & 63, min: bytes[low + 4] & 63 };
  return {
    scale: (bytes[low + 8] & 15) | ((bytes[low] >> 6) << 4),
    min: (bytes[low + 8] >> 4) | ((bytes[low + 4] >> 6) << 4),
  };
}

/** 8 groups of 32: value = d·scale·q − dmin·min, q of 4 bits. */
function decodeQ4_K(bytes: Uint8Array, out: Float32Array, halves: Float32Array): void {
  for (let block = 0, at = 0; at < bytes.length; block += 256, at += 144) {
    const d = half(bytes, at, halves);
    const dmin = half(bytes, at + 2, halves);
    for (let group = 0; group < 8; group++) {
      const { scale, min } = scaleAndMin(bytes, at + 4, group);
      const quants = at + 16 + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      const to = block + group * 32;
      for (let i = 0; i < 32; i++) out[to + i] = d * scale * ((bytes[quants + i] >> shift) & 15) - dmin * min;
    }
  }
}

/** As Q4_K with a fifth bit: bit `group` of byte i of `qh` is bit 4 of value i of that group. */
function decodeQ5_K(bytes: Uint8Array, out: Float32Array, halves: Float32Array): void {
  for (let block = 0, at = 0; at < bytes.length; block += 256, at += 176) {
    const d = half(bytes, at, halves);
    const dmin = half(bytes, at + 2, halves);
    for (let group = 0; group < 8; group++) {
      const { scale, min } = scaleAndMin(bytes, at + 4, group);
      const quants = at + 48 + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      const to = block + group * 32;
      for (let i = 0; i < 32; i++) {
        const q = ((bytes[quants + i] >> shift) & 15) | (((bytes[at + 16 + i] >> group) & 1) << 4);
        out[to + i] = d * scale * q - dmin * min;
      }
    }
  }
}

/** 16 groups of 16: value = d·scale·(q − 32), q of 6 bits: 4 in `ql`, 2 in `qh`. */
function decodeQ6_K(bytes: Uint8Array, out: Float32Array, halves: Float32Array): void {
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let block = 0, at = 0; at < bytes.length; block += 256, at += 210) {
    const d = half(bytes, at + 208, halves);
    for (let i = 0; i < 256; i++) {
      const part = i >> 7; // which 128 values
      const inPart = i & 127;
      const low = (bytes[at + part * 64 + (inPart & 63)] >> ((inPart >> 6) * 4)) & 15;
      const high = (bytes[at + 128 + part * 32 + (inPart & 31)] >> ((inPart >> 5) * 2)) & 3;
      out[block + i] = d * signed[at + 192 + (i >> 4)] * ((low | (high << 4)) - 32);
    }
  }
}

/**
 * The storage types read here, by their number in the file.
 * Source: ggml's block layouts; each is held to the reference Python package in test/golden.
 */
export const BLOCK_TYPES: Readonly<Record<number, BlockType>> = {
  0: {
    name: 'F32',
    blockSize: 1,
    blockBytes: 4,
    decode: (bytes, out) => out.set(new Float32Array(bytes.buffer, bytes.byteOffset, out.length)),
  },
  1: {
    name: 'F16',
    blockSize: 1,
    blockBytes: 2,
    decode: (bytes, out, halves) =>
      out.set(halfToFloat(new Uint16Array(bytes.buffer, bytes.byteOffset, out.length), halves)),
  },
  2: { name: 'Q4_0', blockSize: 32, blockBytes: 18, decode: decodeQ4_0 },
  3: { name: 'Q4_1', blockSize: 32, blockBytes: 20, decode: decodeQ4_1 },
  6: { name: 'Q5_0', blockSize: 32, blockBytes: 22, decode: decodeQ5_0 },
  7: { name: 'Q5_1', blockSize: 32, blockBytes: 24, decode: decodeQ5_1 },
  8: { name: 'Q8_0', blockSize: 32, blockBytes: 34, decode: decodeQ8_0 },
  12: { name: 'Q4_K', blockSize: 256, blockBytes: 144, decode: decodeQ4_K },
  13: { name: 'Q5_K', blockSize: 256, blockBytes: 176, decode: decodeQ5_K },
  14: { name: 'Q6_K', blockSize: 256, blockBytes: 210, decode: decodeQ6_K },
  30: {
    name: 'BF16',
    blockSize: 1,
    blockBytes: 2,
    decode: (bytes, out) => out.set(bfloatToFloat(new Uint16Array(bytes.buffer, bytes.byteOffset, out.length))),
  },
};

/** Names of the storage types that are not read, for messages. Source: ggml's enumeration of types. */
export const UNREAD_TYPES: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
  40: 'NVFP4',
  41: 'Q1_0',
};
