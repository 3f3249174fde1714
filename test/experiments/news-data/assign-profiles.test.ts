import { describe, expect, test } from 'vitest';
import { ConfigError, RandomStream } from '../../../src/core';
import { assignProfiles } from '../../../src/experiments/news-data';
import { NEWS_SPLITS, type Topic, TRAINED_PROFILES } from '../../../src/tasks';

const topicsOf = (sizes: readonly number[]): Topic[] =>
  sizes.flatMap((size, d) =>
    Array.from({ length: size }, (_, i) => ({
      id: `d${d}-${i}`,
      domain: `d${d}`,
      split: NEWS_SPLITS[d % 2],
      headline: 'h',
      context: 'c',
    })),
  );
const spread = (counts: readonly number[]) => Math.max(...counts) - Math.min(...counts);
const countsOf = (topics: readonly Topic[], assigned: Map<string, string>) =>
  TRAINED_PROFILES.map((profile) => topics.filter(({ id }) => assigned.get(id) === profile).length);

describe('assigned profiles', () => {
  test('differ in number by at most 1 within each domain and in the whole set, whatever the sizes', () => {
    const sizes = new RandomStream(1);
    for (let trial = 0; trial < 100; trial++) {
      const topics = topicsOf(Array.from({ length: 1 + sizes.below(9) }, () => 1 + sizes.below(14)));
      const assigned = assignProfiles(topics, TRAINED_PROFILES, new RandomStream(trial));
      expect(assigned.size).toBe(topics.length);
      expect(spread(countsOf(topics, assigned))).toBeLessThanOrEqual(1);
      for (const domain of new Set(topics.map((topic) => topic.domain)))
        expect(
          spread(
            countsOf(
              topics.filter((topic) => topic.domain === domain),
              assigned,
            ),
          ),
        ).toBeLessThanOrEqual(1);
    }
  });

  test('are each as likely for every topic, the first, the last and the one left over', () => {
    const topics = topicsOf([5, 3]);
    const draws = 4000;
    const tally = new Map<string, number>();
    for (let seed = 0; seed < draws; seed++)
      for (const [id, profile] of assignProfiles(topics, TRAINED_PROFILES, new RandomStream(seed)))
        tally.set(`${id} ${profile}`, (tally.get(`${id} ${profile}`) ?? 0) + 1);
    expect(tally.size).toBe(32);
    // Five standard deviations of a share of 1/4 of 4,000 draws; seen: at most 0.017 away.
    for (const count of tally.values())
      expect(Math.abs(count / draws - 0.25)).toBeLessThan(5 * Math.sqrt(0.1875 / draws));
  });

  test('follow from the seed', () => {
    const topics = topicsOf([9, 9]);
    const once = assignProfiles(topics, TRAINED_PROFILES, new RandomStream(3));
    expect(assignProfiles(topics, TRAINED_PROFILES, new RandomStream(3))).toEqual(once);
    expect(assignProfiles(topics, TRAINED_PROFILES, new RandomStream(4))).not.toEqual(once);
  });

  test('must be of different profiles', () => {
    expect(() => assignProfiles(topicsOf([2]), [], new RandomStream(0))).toThrow(ConfigError);
    expect(() => assignProfiles(topicsOf([2]), ['neutral', 'neutral'], new RandomStream(0))).toThrow(/each once/);
  });
});
