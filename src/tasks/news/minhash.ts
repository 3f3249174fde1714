import { ConfigError, RandomStream } from '../../core';
import { plainWords } from './near-duplicates';

export interface MinHashOptions {
  /** Hash functions, and so entries of a signature. */
  readonly size: number;
  /** Bands that a signature is cut into; two texts are candidates if they agree in all of one. It must divide `size`. */
  readonly bands: number;
  readonly seed: number | string;
}

/** 64 bands of two: texts with a third of their runs in common are missed once in 1,900 pairs, those with 0.5% are candidates once in 600. */
export const MINHASH_DEFAULTS: MinHashOptions = { size: 128, bands: 64, seed: 0 };

/** Words of a run whose set is compared. A word changed in every six breaks all runs of seven; runs of three survive it. */
export const MINHASH_RUN = 3;

/** The distinct runs of `length` words; a text shorter than that is one run. */
export function wordRuns(text: string, length = MINHASH_RUN): Set<string> {
  const words = plainWords(text);
  const runs = new Set<string>();
  for (let i = 0; i + length <= words.length; i++) runs.add(words.slice(i, i + length).join(' '));
  if (runs.size === 0 && words.length > 0) runs.add(words.join(' '));
  return runs;
}

/** |A ∩ B| / |A ∪ B|; 0 for two empty sets. */
export function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let both = 0;
  for (const item of a) if (b.has(item)) both++;
  const either = a.size + b.size - both;
  return either === 0 ? 0 : both / either;
}

/**
 * Signatures of sets: entry i is the least value that hash function i takes on the set. Two signatures agree in an entry with
 * probability equal to the Jaccard similarity of their sets, so the share of equal entries estimates it without bias, with standard
 * deviation √(J(1 − J) / size).
 * Throws ConfigError unless size and bands are whole, from 1, and bands divides size.
 * Source: Broder 1997, On the resemblance and containment of documents; banding: Leskovec, Rajaraman and Ullman, Mining of Massive
 * Datasets, section 3.4.
 */
export class MinHash {
  readonly options: MinHashOptions;
  private readonly salts: Uint32Array;
  private readonly factors: Uint32Array;

  constructor(options: Partial<MinHashOptions> = {}) {
    this.options = { ...MINHASH_DEFAULTS, ...options };
    const { size, bands, seed } = this.options;
    if (!Number.isInteger(size) || !Number.isInteger(bands) || size < 1 || bands < 1 || size % bands !== 0)
      throw new ConfigError(
        `MinHash: bands must divide size, both whole numbers from 1, got size ${size} and bands ${bands}. Choose others.`,
      );
    const random = new RandomStream(seed).fork('minhash');
    this.salts = Uint32Array.from({ length: size }, () => random.uint32());
    this.factors = Uint32Array.from({ length: size }, () => random.uint32() | 1);
  }

  /** [size] least hash values; an empty set has the greatest value everywhere. */
  signature(items: Iterable<string>): Uint32Array {
    const { size } = this.options;
    const least = new Uint32Array(size).fill(0xffffffff);
    for (const item of items) {
      const base = hashText(item);
      for (let i = 0; i < size; i++) {
        const value = mixed(Math.imul(base ^ this.salts[i], this.factors[i]));
        if (value < least[i]) least[i] = value;
      }
    }
    return least;
  }

  /** The share of equal entries. */
  similarity(a: Uint32Array, b: Uint32Array): number {
    let equal = 0;
    for (let i = 0; i < a.length; i++) if (a[i] === b[i]) equal++;
    return equal / a.length;
  }

  /** One key a band: texts that share a key are candidates. */
  bandKeys(signature: Uint32Array): string[] {
    const { size, bands } = this.options;
    const rows = size / bands;
    return Array.from({ length: bands }, (_, band) =>
      [band, ...signature.subarray(band * rows, (band + 1) * rows)].join(','),
    );
  }
}

/** FNV-1a over UTF-16 units, then mixed: short runs that differ in one letter must differ in every bit. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mixed(hash);
}

/** A bijection of 32-bit words. Source: MurmurHash3 by Austin Appleby, fmix32. */
function mixed(word: number): number {
  let x = word;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
