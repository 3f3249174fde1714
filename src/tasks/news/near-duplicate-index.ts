import { jaccard, MinHash, type MinHashOptions, wordRuns } from './minhash';
import { shingles } from './near-duplicates';

export interface NearDuplicateRules {
  /** Least Jaccard similarity of the sets of three-word runs. */
  readonly jaccard: number;
  /** Least share of the shorter text's seven-word runs, as `checkNews` counts. */
  readonly overlap: number;
}

/** What a text resembles, and by which rule. */
export interface Resemblance {
  readonly id: string;
  readonly by: 'jaccard' | 'overlap';
  /** 0 to 1, by that rule. */
  readonly share: number;
}

interface Held {
  readonly id: string;
  readonly runs: ReadonlySet<string>;
  readonly longRuns: number;
}

/** Half of the three-word runs of both together: one of two texts is then a light rewording of the other. */
export const NEAR_DUPLICATE_RULES: NearDuplicateRules = { jaccard: 0.5, overlap: 0.5 };

/**
 * Texts that were taken, to be asked whether a new one resembles any. MinHash bands name candidates, whose similarity is then counted
 * exactly; shared seven-word runs are found exactly by an index of the runs.
 */
export class NearDuplicateIndex {
  private readonly held: Held[] = [];
  private readonly bands = new Map<string, number[]>();
  private readonly longRuns = new Map<string, number[]>();
  private readonly minhash: MinHash;

  constructor(
    private readonly rules: NearDuplicateRules = NEAR_DUPLICATE_RULES,
    options: Partial<MinHashOptions> = {},
  ) {
    this.minhash = new MinHash(options);
  }

  get size(): number {
    return this.held.length;
  }

  add(id: string, text: string): void {
    const at = this.held.length;
    const runs = wordRuns(text);
    const long = shingles(text);
    this.held.push({ id, runs, longRuns: long.size });
    for (const key of this.minhash.bandKeys(this.minhash.signature(runs))) append(this.bands, key, at);
    for (const run of long) append(this.longRuns, run, at);
  }

  /** The text most like this one among those that a rule calls near-duplicates; null if there is none. */
  find(text: string): Resemblance | null {
    const runs = wordRuns(text);
    const found: Resemblance[] = [];
    const candidates = new Set<number>();
    for (const key of this.minhash.bandKeys(this.minhash.signature(runs)))
      for (const at of this.bands.get(key) ?? []) candidates.add(at);
    for (const at of candidates) {
      const share = jaccard(runs, this.held[at].runs);
      if (share >= this.rules.jaccard) found.push({ id: this.held[at].id, by: 'jaccard', share });
    }
    const long = shingles(text);
    const shared = new Map<number, number>();
    for (const run of long) for (const at of this.longRuns.get(run) ?? []) shared.set(at, (shared.get(at) ?? 0) + 1);
    for (const [at, count] of shared) {
      const share = count / Math.min(long.size, this.held[at].longRuns);
      if (share >= this.rules.overlap) found.push({ id: this.held[at].id, by: 'overlap', share });
    }
    return found.reduce<Resemblance | null>((most, item) => (most && most.share >= item.share ? most : item), null);
  }
}

function append(map: Map<string, number[]>, key: string, at: number): void {
  const list = map.get(key);
  if (list) list.push(at);
  else map.set(key, [at]);
}
