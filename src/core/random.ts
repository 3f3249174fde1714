import { createHash } from 'node:crypto';

/**
 * A seeded stream of random numbers: xoshiro128** (Blackman and Vigna 2018, arXiv:1805.01407), seeded by SHA-256.
 * `fork(purpose)` gives an independent stream that does not depend on how far this one has been read, so that
 * adding a draw to one purpose (data order, dropout, sampling) never changes another.
 */
export class RandomStream {
  private readonly state: Uint32Array;
  private readonly path: string;

  constructor(seed: number | string) {
    this.path = String(seed);
    const digest = createHash('sha256').update(this.path).digest();
    this.state = new Uint32Array([0, 4, 8, 12].map((offset) => digest.readUInt32LE(offset)));
    if (this.state.every((word) => word === 0)) this.state[0] = 1;
  }

  fork(purpose: string | number): RandomStream {
    return new RandomStream(`${this.path}/${purpose}`);
  }

  /** A uniform 32-bit unsigned integer. */
  uint32(): number {
    const s = this.state;
    const x = Math.imul(s[1], 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** Uniform on [0, 1) with 53 bits. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 67108864 + (this.uint32() >>> 6)) / 9007199254740992;
  }

  /** A uniform integer on [0, n), without modulo bias. Throws RangeError unless n is an integer in 1 to 2^32. */
  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 4294967296)
      throw new RangeError(`RandomStream.below: n must be 1 to 2^32, got ${n}.`);
    const limit = 4294967296 - (4294967296 % n);
    let x = this.uint32();
    while (x >= limit) x = this.uint32();
    return x % n;
  }

  /** Standard normal, by Box and Muller. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A new array in random order (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  }
}
