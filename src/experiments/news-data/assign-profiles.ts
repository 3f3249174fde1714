import { ConfigError, type RandomStream } from '../../core';
import type { NewsProfile, Topic } from '../../tasks';

/**
 * Gives each topic a profile that does not depend on what it is about: within a domain and split the topics are put in random order and
 * dealt whole random blocks of the profiles, so that counts differ by at most 1; what is left over takes the profiles that are rarest
 * so far, ties by lot, so that the counts of the whole set differ by at most 1 too. Returns the profile by topic id.
 * Throws ConfigError without profiles or if one stands twice.
 * Source: permuted-block randomisation within strata, Zelen 1974, J. Chronic Diseases 27, 365.
 */
export function assignProfiles(
  topics: readonly Topic[],
  profiles: readonly NewsProfile[],
  random: RandomStream,
): Map<string, NewsProfile> {
  if (profiles.length === 0 || new Set(profiles).size !== profiles.length)
    throw new ConfigError(
      `assignProfiles: profiles must be at least 1, each once, got ${profiles.join(', ') || 'none'}. Name them.`,
    );
  const strata = new Map<string, Topic[]>();
  for (const topic of topics) {
    const name = `${topic.domain} ${topic.split}`;
    const list = strata.get(name);
    if (list) list.push(topic);
    else strata.set(name, [topic]);
  }
  const assigned = new Map<string, NewsProfile>();
  const counts = new Map(profiles.map((profile) => [profile, 0]));
  const give = (topic: Topic, profile: NewsProfile): void => {
    assigned.set(topic.id, profile);
    counts.set(profile, counts.get(profile)! + 1);
  };
  for (const name of random.fork('strata').shuffled([...strata.keys()].sort())) {
    const draws = random.fork(name);
    const order = draws.shuffled(strata.get(name)!);
    const whole = order.length - (order.length % profiles.length);
    for (let at = 0; at < whole; at += profiles.length)
      for (const [i, profile] of draws.shuffled(profiles).entries()) give(order[at + i], profile);
    // A stable sort of a shuffled list: the rarest first, equals in random order.
    const rarest = draws.shuffled(profiles).sort((a, b) => counts.get(a)! - counts.get(b)!);
    const last = draws.shuffled(rarest.slice(0, order.length - whole));
    for (const [i, profile] of last.entries()) give(order[whole + i], profile);
  }
  return assigned;
}
