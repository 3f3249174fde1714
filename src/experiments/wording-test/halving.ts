/** How many topics each round of a pilot and the confirmation may use. */
export interface HalvingPlan {
  /** Candidates and new topics of each pilot round. */
  readonly rounds: readonly { readonly candidates: number; readonly topics: number }[];
  readonly finalists: number;
  readonly confirmTopics: number;
}

/** Of what can be afforded, this share goes to the confirmation: the claim rests on it. */
const CONFIRM_SHARE = 0.6;
/** Fewer topics than this give no interval. */
export const LEAST_CONFIRM_TOPICS = 8;

/**
 * Successive halving (Karnin et al. 2013, section 4): each round scores the candidates left, and the reference, on as many new
 * topics as costs about the same, then the better half goes on, until `finalists` are left.
 * `affordable` counts wordings times topics that the budget pays for; each finalist, and the reference, is confirmed under
 * `confirmArms` arms. Never fewer than one topic a round and LEAST_CONFIRM_TOPICS at the end, whatever the budget.
 */
export function planHalving(options: {
  readonly candidates: number;
  readonly finalists: number;
  readonly affordable: number;
  readonly confirmArms: number;
  readonly pilotTopics: number;
  readonly confirmTopics: number;
}): HalvingPlan {
  const { candidates, affordable, confirmArms, pilotTopics } = options;
  const finalists = Math.min(options.finalists, candidates);
  const sizes: number[] = [];
  for (let left = candidates; left > finalists; left = Math.max(finalists, Math.ceil(left / 2))) sizes.push(left);
  // A topic a round is the least that a pilot is.
  const leastPilot = sizes.reduce((sum, size) => sum + size + 1, 0);
  const forConfirmation = Math.min(CONFIRM_SHARE * affordable, affordable - leastPilot);
  const confirmable = Math.floor(forConfirmation / ((finalists + 1) * confirmArms));
  const confirmTopics = Math.min(options.confirmTopics, Math.max(LEAST_CONFIRM_TOPICS, confirmable));
  let left = Math.max(0, affordable - confirmTopics * (finalists + 1) * confirmArms);
  let unused = pilotTopics;
  const rounds = sizes.map((size, at) => {
    const later = sizes.slice(at + 1);
    const fair = Math.floor(left / (later.length + 1) / (size + 1));
    // Later rounds must find topics and means left, too.
    const spare = Math.floor((left - later.reduce((sum, other) => sum + other + 1, 0)) / (size + 1));
    const topics = Math.max(1, Math.min(fair, spare, unused - later.length));
    unused -= topics;
    left -= topics * (size + 1);
    return { candidates: size, topics };
  });
  return { rounds, finalists, confirmTopics };
}

/** The better part of the candidates, best first. `lower` says which end is better; ties keep their order. */
export function bestOf(
  means: readonly { readonly name: string; readonly mean: number }[],
  count: number,
  better: 'lower' | 'higher',
): string[] {
  const sign = better === 'lower' ? 1 : -1;
  return [...means]
    .sort((a, b) => sign * (a.mean - b.mean))
    .slice(0, count)
    .map(({ name }) => name);
}
