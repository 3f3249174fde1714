import { ConfigError } from '../core';
import { majorityVerdict } from './rubric/verdict';
import type { Indicator, Judge, Judgement } from './types';

/** What a panel says of one text, with what each of its members said. */
export interface PanelJudgement extends Judgement {
  /** Sorted by judge id. */
  readonly members: readonly Judgement[];
  /** Largest minus smallest magnitude of the members (points of 0 to 10); null if fewer than two gave one. */
  readonly spread0to10: number | null;
}

export interface PanelJudge extends Judge {
  readonly members: readonly Judge[];
  judge(...call: Parameters<Judge['judge']>): Promise<PanelJudgement[]>;
}

/**
 * Several judges as one. The order in which they are given changes nothing, not even the last digit. Magnitude and direction are the
 * mean or median of the members that gave one; the verdict is that of most, and of the strictest among equals. A missing member reduces
 * the panel; with fewer than `atLeast` magnitudes (default: more than half of the members) the judgement is missing. Members are asked
 * side by side; if one throws, the error is thrown after all have ended. It is a proxy if a member is.
 * Throws ConfigError without members, for two of one id, or for atLeast outside 1 to their number.
 */
export function panelJudge(
  judges: readonly Judge[],
  options: { readonly combine?: 'mean' | 'median'; readonly atLeast?: number } = {},
): PanelJudge {
  const { combine = 'mean', atLeast = Math.floor(judges.length / 2) + 1 } = options;
  const members = [...judges].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  if (members.length === 0)
    throw new ConfigError('panelJudge: a panel must have at least 1 judge, got 0. Give the judges.');
  const twice = members.find((judge, at) => judge.id === members[at + 1]?.id);
  if (twice)
    throw new ConfigError(
      `panelJudge: every judge must have an id of its own, got "${twice.id}" twice. Use repeats to ask one judge more often.`,
    );
  if (!Number.isInteger(atLeast) || atLeast < 1 || atLeast > members.length)
    throw new ConfigError(
      `panelJudge: atLeast must be a whole number from 1 to ${members.length}, got ${atLeast}. Give one of these.`,
    );
  const rule = atLeast === Math.floor(members.length / 2) + 1 ? '' : ` of at least ${atLeast}`;
  const id = `panel ${combine}${rule} (${members.map((judge) => judge.id).join(', ')})`;
  return {
    id,
    isProxy: members.some((judge) => judge.isProxy),
    members,
    judge: async (completions, call) => {
      const settled = await Promise.allSettled(members.map(async (judge) => judge.judge(completions, call)));
      const said = settled.map((result) => {
        if (result.status === 'rejected') throw result.reason;
        return result.value;
      });
      return completions.map((_, at) =>
        combined(
          id,
          said.map((judgements) => judgements[at]),
          combine === 'mean' ? mean : median,
          atLeast,
        ),
      );
    },
  };
}

function combined(
  id: string,
  members: readonly Judgement[],
  combine: (sorted: readonly number[]) => number | null,
  atLeast: number,
): PanelJudgement {
  const given = members.filter((member) => member.magnitude0to10 !== null);
  const magnitudes = sorted(given.map((member) => member.magnitude0to10));
  const enough = given.length >= atLeast;
  const indicators = new Map<string, Indicator>();
  for (const indicator of given.flatMap((member) => member.indicators))
    if (!indicators.has(indicator.phrase)) indicators.set(indicator.phrase, { ...indicator, weight: null });
  const reasoning = given.flatMap((member) =>
    member.reasoning === null ? [] : `${member.judge}: ${member.reasoning}`,
  );
  return {
    judge: id,
    // Summed from small to large: a sum of floats depends on its order.
    magnitude0to10: enough ? combine(magnitudes) : null,
    direction: enough ? combine(sorted(given.map((member) => member.direction))) : null,
    profiles: null,
    verdict: enough ? majorityVerdict(given.map((member) => member.verdict)) : null,
    indicators: enough ? [...indicators.values()] : [],
    flags: [...new Set(members.flatMap((member) => member.flags))].sort(),
    reasoning: reasoning.length > 0 ? reasoning.join('\n\n') : null,
    reason: enough ? null : `${given.length} of ${members.length} judges gave a magnitude, ${atLeast} needed`,
    rawReply: null,
    members,
    spread0to10: given.length >= 2 ? magnitudes[magnitudes.length - 1] - magnitudes[0] : null,
  };
}

function sorted(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null).sort((a, b) => a - b);
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}
