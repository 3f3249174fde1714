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

/** value = d·q with q a signed byte. */
function decodeQ8_0(bytes: Uint8Array, out: Float32Array, halves: Float32Array): void {
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let block = 0, at = 0; at < bytes.length; block += 32, at += 34) {
    const d = half(bytes, at, halves);
    for (let i = 0; i < 32; i++) out[block + i] = d * signed[at + 2 + i];
  }
}

/**
 * 8 groups of 32: value = d·scale·q − dmin·min. The 6-bit scales and minima share 12 bytes;
 * groups 0 to 3 lie in the low 6 bits of bytes 0 to 7, groups 4 to 7 in bytes 8 to 11 and the top 2 bits of 0 to 7.
 */
function decodeQ4_K(bytes: Uint8Array, out: Float32Array, halves: Float32Array): void {
  for (let block = 0, at = 0; at < bytes.length; block += 256, at += 144) {
    const d = half(bytes, at, halves);
    const dmin = half(bytes, at + 2, halves);
    for (let group = 0; group < 8; group++) {
      const low = at + 4 + (group & 3);
      const scale = group < 4 ? bytes[low] & 63 : (bytes[low + 8] & 15) | ((bytes[low] >> 6) << 4);
      const min = group < 4 ? bytes[low + 4] & 63 : (bytes[low + 8] >> 4) | ((bytes[low + 4] >> 6) << 4);
      const quants = at + 16 + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      const to = block + group * 32;
      for (let i = 0; i < 32; i++) out[to + i] = d * scale * ((bytes[quants + i] >> shift) & 15) - dmin * min;
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
  8: { name: 'Q8_0', blockSize: 32, blockBytes: 34, decode: decodeQ8_0 },
  12: { name: 'Q4_K', blockSize: 256, blockBytes: 144, decode: decodeQ4_K },
  14: { name: 'Q6_K', blockSize: 256, blockBytes: 210, decode: decodeQ6_K },
  30: {
    name: 'BF16',
    blockSize: 1,
    blockBytes: 2,
    decode: (bytes, out) => out.set(bfloatToFloat(new Uint16Array(bytes.buffer, bytes.byteOffset, out.length))),
  },
};
