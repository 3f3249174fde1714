import { ConfigError } from '../../core';

/**
 * Benjamini and Hochberg's adjusted p-values, in the order given: the i-th smallest becomes the least of m/j·p(j) over
 * j ≥ i, at most 1. Rejecting those at most q keeps the expected share of false rejections at q, for tests that are
 * independent or positively dependent. A missing p-value stays null and still counts in m: it was a test that was
 * planned.
 * Throws ConfigError for a p outside 0 to 1. Source: Benjamini and Hochberg 1995, JRSS B 57; Benjamini and Yekutieli
 * 2001.
 */
export function benjaminiHochberg(pValues: readonly (number | null)[]): (number | null)[] {
  const bad = pValues.find((p) => p !== null && !(p >= 0 && p <= 1));
  if (bad !== undefined)
    throw new ConfigError(`benjaminiHochberg: p-values must lie between 0 and 1 or be null, got ${bad}.`);
  const order = pValues.flatMap((p, at) => (p === null ? [] : [{ p, at }])).sort((a, b) => a.p - b.p || a.at - b.at);
  const adjusted: (number | null)[] = pValues.map(() => null);
  let least = 1;
  for (let rank = order.length; rank >= 1; rank--) {
    const { p, at } = order[rank - 1];
    least = Math.min(least, (pValues.length / rank) * p);
    adjusted[at] = least;
  }
  return adjusted;
}
