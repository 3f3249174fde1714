import type { ProbeAnswer } from './episode';

/** Below this mean entropy (nats) a policy draws another answer in under 2% of cases, and hardly a gradient leads out. */
const NO_ENTROPY = 0.1;

/** What the probe says at one step; a line of `probes.jsonl`. */
export interface RlProbe {
  /** After this many steps; 0 is before the first. */
  readonly step: number;
  /** Mean probability of the first answer by facet and label ('' without one), and the mean of the mass. */
  readonly firstAnswer: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly validMass: number;
  /** Mean entropy over all prompts at temperature 1, nats. */
  readonly entropy: number;
  /**
   * How much the label moves the answer to the same prompt: by facet, the range over labels of the probability of the first
   * answer, averaged over items; then the largest of the facets. Null with fewer than two labels.
   */
  readonly labelEffect: number | null;
  readonly alarm: ProbeAlarm;
}

/**
 * quiet: the label moves the answer, or there is none. label-ignored: it does not. collapsed: it does not, and the policy has no
 * entropy left to find out.
 */
export type ProbeAlarm = 'quiet' | 'label-ignored' | 'collapsed';

/** Sums the probe up. `alarmBelow` is a probability. */
export function summariseProbe(answers: readonly ProbeAnswer[], step: number, alarmBelow: number): RlProbe {
  const firstAnswer: Record<string, Record<string, number>> = {};
  const facets = [...new Set(answers.map(({ facet }) => facet))];
  const labels = [...new Set(answers.map(({ label }) => label ?? ''))];
  for (const facet of facets) {
    firstAnswer[facet] = {};
    for (const label of labels) {
      const own = answers.filter((answer) => answer.facet === facet && (answer.label ?? '') === label);
      if (own.length > 0) firstAnswer[facet][label] = mean(own.map(({ probabilities }) => probabilities[0]));
    }
  }
  const entropy = mean(
    answers.map(({ probabilities }) => -probabilities.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0)),
  );
  const effect = labels.length < 2 ? null : Math.max(...facets.map((facet) => effectOf(answers, facet)));
  const ignored = effect !== null && effect < alarmBelow;
  return {
    step,
    firstAnswer,
    validMass: mean(answers.map(({ mass }) => mass)),
    entropy,
    labelEffect: effect,
    alarm: !ignored ? 'quiet' : entropy < NO_ENTROPY ? 'collapsed' : 'label-ignored',
  };
}

function effectOf(answers: readonly ProbeAnswer[], facet: string): number {
  const byItem = new Map<string, number[]>();
  for (const { item, facet: own, probabilities } of answers)
    if (own === facet) byItem.set(item, [...(byItem.get(item) ?? []), probabilities[0]]);
  return mean([...byItem.values()].map((values) => Math.max(...values) - Math.min(...values)));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
