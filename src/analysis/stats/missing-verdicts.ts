import { ConfigError } from '../../core';
import { studentQuantile } from './distributions';
import type { Estimate, TopicValue } from './estimate';
import { worstFilling } from './missing-verdicts-filling';
import { type PairedDifference, pairedDifference } from './paired';
import { type BootstrapOptions, bootstrapSettings, topicMeans } from './topic-mean';

export interface MissingVerdictsInput {
  readonly left: readonly TopicValue[];
  readonly right: readonly TopicValue[];
  /** Least and greatest value that a verdict can have. */
  readonly scale: readonly [number, number];
  /** What the two sides are called in the sentence. */
  readonly names: { readonly left: string; readonly right: string };
}

export type Conclusion = 'left is below right' | 'left is above right' | 'no difference seen' | 'cannot be told';

/** How high (or low) the missing verdicts of one side must be on average to take the conclusion away. */
export interface TippingPoint {
  readonly side: 'left' | 'right';
  readonly missing: number;
  /** Mean of the side's verdicts that are there; null without any. */
  readonly observedMean: number | null;
  /** `above`: the conclusion goes as the missing verdicts rise; `below`: as they fall. */
  readonly direction: 'above' | 'below';
  /** Mean of the missing verdicts at which the interval reaches 0; null where no value of the scale does it. */
  readonly intervalAt: number | null;
  /** Mean of the missing verdicts at which the difference itself is 0; null where no value of the scale does it. */
  readonly signAt: number | null;
}

export interface MissingVerdicts {
  /** The difference over the verdicts that are there, as reported. */
  readonly observed: PairedDifference;
  readonly conclusion: Conclusion;
  readonly missing: { readonly left: number; readonly right: number };
  /** The difference with every missing verdict at the end of the scale that makes it least, and greatest. */
  readonly least: Estimate;
  readonly greatest: Estimate;
  /** From the lowest low end to the highest high end that any filling gives; null without intervals. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Whether the conclusion stands for every filling; null where there is none, or none is missing. */
  readonly holds: boolean | null;
  /** Of the sides with missing verdicts, where there is a conclusion to take away. */
  readonly tipping: readonly TippingPoint[];
  readonly sentence: string;
}

/**
 * What the missing verdicts could do to a paired difference left − right over topics. Bounds put every missing verdict
 * at the worst and at the best end of the scale (Manski): nothing is assumed of them. `interval` reaches over the
 * intervals of all fillings: also one that mixes ends of the scale can have the furthest end, since it spreads the
 * topics; that filling is found for a t interval and its bootstrap interval taken.
 * A tipping point moves the missing verdicts of one side together and puts those of the other side at the mean of its
 * own verdicts. A topic that a side was never asked about enters nothing. float64.
 * Throws ConfigError for a scale that does not go from low to high, holds not all values, or options out of range.
 * Source: Manski 1990, American Economic Review 80(2); Horowitz and Manski 2000, JASA 95; Yan, Lee and Li 2009, Journal
 * of Biopharmaceutical Statistics 19, for tipping points.
 */
export function missingVerdicts(input: MissingVerdictsInput, options: BootstrapOptions): MissingVerdicts {
  const { left, right, scale, names } = input;
  const where = 'missingVerdicts';
  if (!(Number.isFinite(scale[0]) && Number.isFinite(scale[1]) && scale[0] < scale[1]))
    throw new ConfigError(`${where}: the scale must go from low to high, got ${scale.join(' to ')}. Correct it.`);
  const off = [...left, ...right].find(({ value }) => value !== null && (value < scale[0] || value > scale[1]));
  if (off)
    throw new ConfigError(
      `${where}: every value must lie on the scale ${scale.join(' to ')}, got ${off.value} (topic ${off.topicId}). Widen the scale or correct the value.`,
    );
  const settings = bootstrapSettings(options, where);
  const asked = bothAsked(left, right);
  const observed = pairedDifference(left, right, options);
  const conclusion = conclusionOf(observed);
  const missing = { left: countMissing(asked.left), right: countMissing(asked.right) };
  const filled = (ofLeft: Filling, ofRight: Filling) =>
    pairedDifference(fill(asked.left, ofLeft), fill(asked.right, ofRight), options);
  const [least, greatest] = [
    filled(
      () => scale[0],
      () => scale[1],
    ),
    filled(
      () => scale[1],
      () => scale[0],
    ),
  ];
  const topics = new Set(asked.left.map(({ topicId }) => topicId)).size;
  const t = topics < 2 ? 0 : studentQuantile((1 + settings.level) / 2, topics - 1);
  const worst = (sign: 1 | -1): PairedDifference => {
    const { left: l, right: r } = worstFilling(asked.left, asked.right, scale, sign, t);
    return filled(
      (at) => l[at],
      (at) => r[at],
    );
  };
  const [low, high] = [worst(1), worst(-1)];
  const lows = [least, low].map((one) => one.low);
  const highs = [greatest, high].map((one) => one.high);
  const interval =
    lows.includes(null) || highs.includes(null)
      ? null
      : { low: Math.min(...(lows as number[])), high: Math.max(...(highs as number[])) };
  const isClear = conclusion === 'left is above right' || conclusion === 'left is below right';
  const any = missing.left + missing.right > 0;
  const holds =
    !isClear || !any || interval === null
      ? null
      : conclusion === 'left is above right'
        ? interval.low > 0
        : interval.high < 0;
  const tipping = !isClear
    ? []
    : (['left', 'right'] as const)
        .filter((side) => missing[side] > 0)
        .map((side) => tippingPoint(side, asked, scale, conclusion === 'left is above right', options));
  const result = { observed, conclusion, missing, least, greatest, interval, holds, tipping };
  return { ...result, sentence: sentenceOf(result, names) };
}

interface Sides {
  readonly left: readonly TopicValue[];
  readonly right: readonly TopicValue[];
}
type Filling = (at: number) => number;

/** The rows of topics that both sides were asked about, in their order. */
function bothAsked(left: readonly TopicValue[], right: readonly TopicValue[]): Sides {
  const [inLeft, inRight] = [left, right].map((rows) => new Set(rows.map(({ topicId }) => topicId)));
  return {
    left: left.filter(({ topicId }) => inRight.has(topicId)),
    right: right.filter(({ topicId }) => inLeft.has(topicId)),
  };
}

function countMissing(rows: readonly TopicValue[]): number {
  return rows.filter(({ value }) => value === null).length;
}

/** `at` counts the missing rows. */
function fill(rows: readonly TopicValue[], value: Filling): TopicValue[] {
  let at = 0;
  return rows.map((row) => (row.value === null ? { ...row, value: value(at++) } : row));
}

function conclusionOf({ low, high }: Estimate): Conclusion {
  if (low === null || high === null) return 'cannot be told';
  if (low > 0) return 'left is above right';
  return high < 0 ? 'left is below right' : 'no difference seen';
}

function tippingPoint(
  side: 'left' | 'right',
  asked: Sides,
  scale: readonly [number, number],
  isAbove: boolean,
  options: BootstrapOptions,
): TippingPoint {
  const other = side === 'left' ? 'right' : 'left';
  const means = (rows: readonly TopicValue[]) => {
    const { topics } = topicMeans(rows);
    return topics.length === 0 ? null : topics.reduce((sum, { value }) => sum + value, 0) / topics.length;
  };
  const [own, others] = [means(asked[side]), means(asked[other])];
  const middle = (scale[0] + scale[1]) / 2;
  const at = (value: number) => {
    const rows = {
      [side]: fill(asked[side], () => value),
      [other]: fill(asked[other], () => others ?? middle),
    } as unknown as Sides;
    return pairedDifference(rows.left, rows.right, options);
  };
  // What is left of the conclusion: the distance of the interval's near end, or of the estimate, from 0.
  const sign = isAbove ? 1 : -1;
  const margin = (value: number) => {
    const { low, high } = at(value);
    return low === null || high === null ? Number.NEGATIVE_INFINITY : isAbove ? low : -high;
  };
  const lead = (value: number) => sign * at(value).estimate!;
  const direction = isAbove === (side === 'left') ? 'below' : 'above';
  const start = own ?? middle;
  const end = direction === 'above' ? scale[1] : scale[0];
  return {
    side,
    missing: countMissing(asked[side]),
    observedMean: own,
    direction,
    intervalAt: firstCrossing(margin, start, end),
    signAt: firstCrossing(lead, start, end),
  };
}

const steps = 16;

/** The first place from `start` to `end` where a continuous function is no longer above 0, to 1/1000 of the way. */
function firstCrossing(of: (value: number) => number, start: number, end: number): number | null {
  const place = (share: number) => start + share * (end - start);
  let inside = 0;
  if (of(start) <= 0) return start;
  for (let step = 1; step <= steps; step++) {
    if (of(place(step / steps)) > 0) {
      inside = step / steps;
      continue;
    }
    let outside = step / steps;
    while (outside - inside > 1e-3) {
      const half = (inside + outside) / 2;
      if (of(place(half)) > 0) inside = half;
      else outside = half;
    }
    return place(outside);
  }
  return null;
}

function sentenceOf(
  { conclusion, missing, least, greatest, interval, holds, tipping, observed }: Omit<MissingVerdicts, 'sentence'>,
  names: MissingVerdictsInput['names'],
): string {
  const count = missing.left + missing.right;
  const verdicts = (n: number) => `${n} missing verdict${n === 1 ? '' : 's'}`;
  if (conclusion === 'cannot be told')
    return `Nothing can be told of ${names.left} against ${names.right}: ${observed.reason}.`;
  const found =
    conclusion === 'no difference seen'
      ? `No difference is seen between ${names.left} and ${names.right}`
      : `${names.left} is ${conclusion === 'left is above right' ? 'above' : 'below'} ${names.right}`;
  if (count === 0) return `${found}; no verdict is missing.`;
  const range = `With the ${verdicts(count)} at the ends of the scale the difference lies between ${text(least.estimate)} and ${text(greatest.estimate)}.`;
  if (conclusion === 'no difference seen') {
    const could =
      (least.high !== null && least.high < 0) || (greatest.low !== null && greatest.low > 0)
        ? 'some values of the missing verdicts would show one'
        : 'neither end of the scale for the missing verdicts would show one';
    return `${found}, and ${could}. ${range}`;
  }
  if (holds === null || interval === null) return `${found}. ${range}`;
  const rest = `the ${verdicts(count)} ${count === 1 ? 'is' : 'are'}`;
  if (holds) return `${found}: the conclusion holds whatever ${rest}.`;
  const turns = tipping.flatMap(({ side, missing: n, direction, intervalAt, signAt }) => {
    const arm = names[side];
    if (intervalAt === null) return [];
    const further =
      signAt === null || signAt === intervalAt ? '' : `, and the sign changes ${direction} ${text(signAt)}`;
    return [
      `it turns if the ${verdicts(n)} of ${arm} ${n === 1 ? 'is' : 'average'} ${direction} ${text(intervalAt)}${further}`,
    ];
  });
  if (turns.length > 0) return `${found}: ${turns.join('; ')}.`;
  return `${found}: it turns only if the missing verdicts of both sides, or some of them, go against it. ${range}`;
}

function text(value: number | null): string {
  return value === null
    ? 'an unknown value'
    : value
        .toFixed(2)
        .replace(/^-(0\.00)$/, '$1')
        .replace('-', '−');
}
