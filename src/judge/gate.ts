import { ConfigError, DataError } from '../core';
import type { Judgement } from './types';

/** How many texts of a group got a magnitude. */
export interface JudgedShare {
  readonly group: string;
  readonly judged: number;
  readonly total: number;
  readonly share: number;
  /** Missing ones by reason, the most frequent first. */
  readonly missing: readonly { readonly reason: string; readonly count: number }[];
}

/**
 * The share of judgements with a magnitude, by group in order of appearance (`groups` has one name a judgement; default: all are one
 * group, "all"). Throws ConfigError if groups and judgements differ in number.
 */
export function judgedShare(judgements: readonly Judgement[], groups?: readonly string[]): JudgedShare[] {
  if (groups && groups.length !== judgements.length)
    throw new ConfigError(
      `judgedShare: there must be a group for each judgement, got ${groups.length} for ${judgements.length}. Give as many.`,
    );
  const members = new Map<string, Judgement[]>();
  for (const [at, judgement] of judgements.entries()) {
    const group = groups?.[at] ?? 'all';
    members.set(group, [...(members.get(group) ?? []), judgement]);
  }
  return [...members].map(([group, items]) => {
    const reasons = new Map<string, number>();
    for (const { magnitude0to10, reason } of items)
      if (magnitude0to10 === null) {
        const said = reason ?? 'no reason given';
        reasons.set(said, (reasons.get(said) ?? 0) + 1);
      }
    const missing = [...reasons].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
    const judged = items.length - missing.reduce((sum, { count }) => sum + count, 0);
    return { group, judged, total: items.length, share: judged / items.length, missing };
  });
}

/**
 * The gate of a confirmatory run: in every group at least `leastShare` of the texts (default .95) must have a magnitude. Returns the
 * shares; throws DataError with the counts by reason, also if there is nothing to judge.
 */
export function requireJudged(
  judgements: readonly Judgement[],
  options: { readonly where: string; readonly leastShare?: number; readonly groups?: readonly string[] },
): JudgedShare[] {
  const { where, leastShare = 0.95 } = options;
  if (!(leastShare >= 0 && leastShare <= 1))
    throw new ConfigError(`${where}: leastShare must be 0 to 1, got ${leastShare}. Give a share such as 0.95.`);
  const shares = judgedShare(judgements, options.groups);
  if (shares.length === 0)
    throw new DataError(`${where}: there must be texts that were judged, got none. Judge some before this step.`);
  const short = shares.filter(({ share }) => share < leastShare);
  if (short.length === 0) return shares;
  const told = short.map(({ group, judged, total, missing }) => {
    const reasons = missing.map(({ reason, count }) => `${count} ${reason}`).join('; ');
    return `${group === 'all' ? '' : `${group}: `}${judged} of ${total} (missing: ${reasons})`;
  });
  throw new DataError(
    `${where}: at least ${100 * leastShare}% of the texts must have a verdict${options.groups ? ' in every group' : ''}, got ${told.join(', ')}. Judge again (what was answered is kept), or report the missing ones as such.`,
  );
}
