import { describe, expect, test } from 'vitest';
import { ConfigError, RandomStream } from '../../../src/core';
import { jaccard, loadNews, MINHASH_DEFAULTS, MinHash, NearDuplicateIndex, wordRuns } from '../../../src/tasks';

/** Two sets of `size` items with `shared` in common. */
function pairOf(name: string, size: number, shared: number): [Set<string>, Set<string>] {
  const items = (from: string, count: number) => Array.from({ length: count }, (_, i) => `${name} ${from} ${i}`);
  const both = items('both', shared);
  return [new Set([...both, ...items('a', size - shared)]), new Set([...both, ...items('b', size - shared)])];
}

describe('MinHash', () => {
  test.each([
    [38, 4],
    [38, 19],
    [90, 60],
    [10, 9],
  ])(
    'estimates the similarity of sets of %i that share %i without bias, with the deviation of a share of 128',
    (size, shared) => {
      const pairs = 400;
      const exact = shared / (2 * size - shared);
      const estimates = Array.from({ length: pairs }, (_, i) => {
        const minhash = new MinHash({ seed: i });
        const [a, b] = pairOf(`pair ${i}`, size, shared);
        expect(jaccard(a, b)).toBeCloseTo(exact, 12);
        return minhash.similarity(minhash.signature(a), minhash.signature(b));
      });
      const mean = estimates.reduce((sum, x) => sum + x, 0) / pairs;
      const deviation = Math.sqrt(estimates.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (pairs - 1));
      const expected = Math.sqrt((exact * (1 - exact)) / MINHASH_DEFAULTS.size);
      // Four standard errors of the mean.
      expect(Math.abs(mean - exact)).toBeLessThan((4 * expected) / Math.sqrt(pairs));
      expect(deviation / expected).toBeGreaterThan(0.85);
      expect(deviation / expected).toBeLessThan(1.15);
    },
  );

  test('gives every item of a set the same chance to be the least under each hash function', () => {
    const items = Array.from({ length: 8 }, (_, i) => `item ${i}`);
    const minhash = new MinHash({ size: 8192, bands: 1, seed: 3 });
    const alone = items.map((item) => minhash.signature([item]));
    const all = minhash.signature(items);
    const wins = alone.map((signature) => signature.reduce((sum, value, i) => sum + Number(value === all[i]), 0));
    expect(wins.reduce((sum, n) => sum + n, 0)).toBe(8192);
    // Chi-squared with 7 degrees of freedom: 24.3 is its 99.9% point.
    expect(wins.reduce((sum, n) => sum + (n - 1024) ** 2 / 1024, 0)).toBeLessThan(24.3);
  });

  test('has a signature that depends on the set and the seed alone', () => {
    const [a] = pairOf('x', 20, 0);
    const minhash = new MinHash();
    expect(new MinHash().signature([...a].reverse())).toEqual(minhash.signature(a));
    expect(new MinHash({ seed: 1 }).signature(a)).not.toEqual(minhash.signature(a));
    expect(minhash.similarity(minhash.signature(a), minhash.signature(a))).toBe(1);
    expect([...minhash.signature([])]).toEqual(new Array(128).fill(0xffffffff));
  });

  test('names candidates at the rate 1 − (1 − J²)^64', () => {
    const minhash = new MinHash({ seed: 'rate' });
    for (const [size, shared] of [
      [60, 6],
      [60, 12],
      [60, 30],
    ]) {
      const exact = shared / (2 * size - shared);
      const trials = 500;
      let hits = 0;
      for (let i = 0; i < trials; i++) {
        const [a, b] = pairOf(`rate ${i}`, size, shared);
        const keys = new Set(minhash.bandKeys(minhash.signature(a)));
        if (minhash.bandKeys(minhash.signature(b)).some((key) => keys.has(key))) hits++;
      }
      const rate = 1 - (1 - exact ** 2) ** 64;
      expect(Math.abs(hits / trials - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / trials) + 0.01);
    }
  });

  test('needs bands that divide the signature', () => {
    expect(() => new MinHash({ size: 128, bands: 60 })).toThrow(ConfigError);
    expect(() => new MinHash({ size: 0, bands: 1 })).toThrow(/got size 0 and bands 1/);
  });

  test('takes a text shorter than a run as one run', () => {
    expect([...wordRuns('Two words.')]).toEqual(['two words']);
    expect(wordRuns('').size).toBe(0);
    expect([...wordRuns('One two, three: four')]).toEqual(['one two three', 'two three four']);
  });
});

describe('the index of near-duplicates', () => {
  const texts = loadNews({ form: 'briefs' })
    .examples.slice(0, 600)
    .map((item) => ({ id: item.topicId, text: item.completion }));

  test('finds every planted rewording among 600 briefs and takes none of them for another', () => {
    const index = new NearDuplicateIndex();
    for (const { id, text } of texts) {
      expect(index.find(text), id).toBeNull();
      index.add(id, text);
    }
    const random = new RandomStream(0);
    for (const { id, text } of texts) {
      const words = text.split(' ');
      // A word changed in every twelve leaves no more than half of the seven-word runs, and three quarters of the three-word runs.
      for (let i = 3 + random.below(4); i < words.length; i += 12) words[i] = `other${i}`;
      expect(index.find(words.join(' '))?.id).toBe(id);
      expect(index.find(`${text} And more was said about it later that day.`)?.id).toBe(id);
    }
  });

  test('agrees with comparing every pair', () => {
    const changed = texts.slice(0, 60).map(({ id, text }, i) => ({
      id: `${id} changed`,
      text: text
        .split(' ')
        .map((word, at) => (at % (3 + (i % 12)) === 2 ? `new${at}` : word))
        .join(' '),
    }));
    const index = new NearDuplicateIndex({ jaccard: 0.5, overlap: 2 });
    for (const { id, text } of texts.slice(0, 60)) index.add(id, text);
    for (const { text } of changed) {
      const shares = texts.slice(0, 60).map((item) => jaccard(wordRuns(text), wordRuns(item.text)));
      const most = Math.max(...shares);
      expect(index.find(text)?.share ?? 0).toBe(most >= 0.5 ? most : 0);
    }
  });
});
