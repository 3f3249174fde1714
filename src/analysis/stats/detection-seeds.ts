import { type Detection, detection } from './detection';
import {
  absentReason,
  type Counts,
  countsByTopic,
  DETECTION_MEASURES,
  type DetectionMeasure,
  detectionFormulas,
  type JudgedAnswer,
  sameRate,
  summed,
  type TopicCounts,
  withoutEach,
} from './detection-counts';
import { type Estimate, missingEstimate } from './estimate';
import { type CrossedOptions, seedsAndTopics } from './seeds';
import { type BootstrapOptions, bootstrapSettings } from './topic-mean';

/** One answer of the model that was trained with a seed. */
export interface SeedJudgedAnswer extends JudgedAnswer {
  readonly seed: number;
}

export interface DetectionOverSeeds extends Detection {
  /** Each seed's own measures by seed: with few seeds the list says more than an interval. Null where not defined. */
  readonly bySeed: readonly {
    readonly seed: number;
    readonly measures: Readonly<Record<DetectionMeasure, number | null>>;
  }[];
  /** Topics that lack for some seed a kind of claim that they have for another; they enter nothing. */
  readonly topicsLeftOut: number;
}

type Kind = 'right' | 'wrong';

/** The kinds of claims that a measure divides by. */
const kindsOf: Readonly<Record<DetectionMeasure, readonly Kind[]>> = {
  falsePositivesPerNegative: ['wrong'],
  falseNegativesPerPositive: ['right'],
  falsePositivesPerAll: ['wrong'],
  accuracy: [],
  balancedAccuracy: ['right', 'wrong'],
  dPrime: ['right', 'wrong'],
  criterion: ['right', 'wrong'],
};
const rateOf: Readonly<Record<Kind, DetectionMeasure>> = {
  right: 'falseNegativesPerPositive',
  wrong: 'falsePositivesPerNegative',
};
const perKind: ReadonlySet<DetectionMeasure> = new Set(Object.values(rateOf));
const method = 't over seeds and topics';

/** The answers of one seed's model: a topic each, in the order that all seeds share. */
interface SeedTopics {
  readonly seed: number;
  readonly topics: readonly TopicCounts[];
}

/**
 * The measures of `detection` as means over seeds, each seed's from its own answers, with intervals for further seeds
 * and further topics. A measure need not be a mean over topics (d′, criterion), so topics enter by Tukey's
 * pseudo-values: of seed s without topic t, u = m_s + (T − 1)·(mean over topics of m_s(−t) − m_s(−t)), whose mean over
 * topics is m_s; the table of u has the interval of `seedsAndTopics`. Rates with as many claims on every topic have that
 * of their cell means. Rates are cut at 0 and 1. One seed alone: the intervals over topics of `detection`.
 * By simulation (test/analysis/stats/detection-seeds.slow.test.ts) at 20 topics and rates of 20 to 30%, 93 to 97% of the
 * intervals cover where 3 or 8 seeds differ less than topics, within Monte-Carlo error of 1.4 points. They are off, rates
 * covering 88 to 92%, where 3 seeds differ as topics do or where 3% of the answers are wrong; in the latter case d′ covers
 * what it estimates, the d′ of the corrected rates (93 to 94%), and not that of unlimited claims (71% at 3 seeds, 50% at 8).
 * Null with a reason as there, for fewer than `minSeeds` seeds, and for d′ and criterion where a seed answers 0 or 1 to
 * a kind of claim throughout. The order of rows does not matter beyond rounding. float64.
 * Throws as `detection` and `seedsAndTopics`.
 * Source: Miller 1974, Biometrika 61; Satterthwaite 1946, Biometrics Bulletin 2.
 */
export function detectionOverSeeds(
  rows: readonly SeedJudgedAnswer[],
  options: BootstrapOptions & Pick<CrossedOptions, 'minSeeds'>,
): DetectionOverSeeds {
  const where = 'detectionOverSeeds';
  const { level, minTopics } = bootstrapSettings(options, where);
  const { seeds, topicsLeftOut } = answersBySeed(rows, where);
  const bySeed = seeds.map(({ seed, topics }) => ({ seed, measures: measuresOf(summed(topics)) }));
  if (seeds.length <= 1) return { ...detection(rows, options), bySeed, topicsLeftOut };
  const total = summed(seeds.flatMap(({ topics }) => topics));
  const { minSeeds } = options;
  const settings: Settings = { level, minTopics, ...(minSeeds === undefined ? {} : { minSeeds }) };
  const estimates = DETECTION_MEASURES.map((measure) => [measure, overSeeds(seeds, measure, settings)]);
  return {
    ...(Object.fromEntries(estimates) as Record<DetectionMeasure, Estimate>),
    positives: total.right,
    negatives: total.wrong,
    bySeed,
    topicsLeftOut,
  };
}

interface Settings extends Pick<CrossedOptions, 'minSeeds'> {
  readonly level: number;
  readonly minTopics: number;
}

function overSeeds(seeds: readonly SeedTopics[], measure: DetectionMeasure, settings: Settings): Estimate {
  const { level, minTopics } = settings;
  const kinds = kindsOf[measure];
  const formula = detectionFormulas[measure];
  // A rate of one kind of claim is one over the topics that have it.
  const own = perKind.has(measure) ? seeds.map((seed) => withKind(seed, kinds[0])) : seeds;
  const values = own.map(({ topics }) => formula(summed(topics)));
  const all = own.flatMap(({ topics }) => topics);
  if (seeds[0].topics.length === 0)
    return missingEstimate(method, level, 0, `no topic has the same kinds of claims for all ${seeds.length} seeds`);
  if (!values.every(Number.isFinite))
    return missingEstimate(method, level, 0, absentReason(summed(seeds.flatMap(({ topics }) => topics))));
  const [S, T] = [own.length, own[0].topics.length];
  const n =
    measure === 'falsePositivesPerAll' ? T : Math.min(T, ...kinds.map((kind) => withKind(own[0], kind).topics.length));
  const estimate = mean(values);
  const bare = { estimate, low: null, high: null, level, method, n, seeds: S } as const;
  if (n < minTopics) return { ...bare, reason: `${n} of the ${minTopics} topics that an interval needs` };
  const pseudo = own.flatMap(({ seed, topics }, at) => {
    const without = withoutEach(topics, summed(topics), formula);
    const centre = mean(without);
    return without.map((value, t) => ({
      seed,
      topicId: topics[t].topicId,
      value: values[at] + (T - 1) * (centre - value),
    }));
  });
  if (pseudo.length < S * T) return { ...bare, reason: 'one topic alone has all claims that are wrong' };
  const alike = alikeReason(own, all, measure);
  const bounded = measure !== 'dPrime' && measure !== 'criterion';
  const { low, high, reason } = seedsAndTopics(pseudo, { ...settings, ...(bounded ? { range: [0, 1] as const } : {}) });
  return alike === null ? { ...bare, low, high, reason } : { ...bare, reason: alike };
}

/** Why answers carry no interval for the measure though there are enough of them; null where they carry one. */
function alikeReason(seeds: readonly SeedTopics[], all: readonly Counts[], measure: DetectionMeasure): string | null {
  const kinds = kindsOf[measure];
  const alike = `all ${seeds.length} seeds and ${seeds[0].topics.length} topics have the same value`;
  if (measure === 'accuracy') return sameRate(all, detectionFormulas.accuracy) ? alike : null;
  const same = kinds.filter((kind) => sameRate(ofKind(all, kind), detectionFormulas[rateOf[kind]]));
  if (measure !== 'dPrime' && measure !== 'criterion') return same.length === kinds.length ? alike : null;
  if (same.length > 0) return `answers to ${same.join(' and ')} claims are the same for all seeds and topics`;
  for (const kind of kinds) {
    const certain = seeds.filter(({ topics }) => isCertain(ofKind(topics, kind), rateOf[kind])).length;
    if (certain > 0)
      return `answers to ${kind} claims are 0 or 1 on all topics for ${certain} of ${seeds.length} seeds, so that the size rests on the correction`;
  }
  return null;
}

/** Whether answers are 0 on all topics, or 1 on all, up to the last bits. */
function isCertain(topics: readonly Counts[], rate: DetectionMeasure): boolean {
  const value = detectionFormulas[rate](summed(topics));
  return sameRate(topics, detectionFormulas[rate]) && Math.min(value, 1 - value) <= 1e-12;
}

function ofKind<C extends Counts>(topics: readonly C[], kind: Kind): C[] {
  return topics.filter((topic) => topic[kind] > 0);
}

function withKind({ seed, topics }: SeedTopics, kind: Kind): SeedTopics {
  return { seed, topics: ofKind(topics, kind) };
}

/** Sums by seed and topic, seeds and topics ascending; topics whose kinds of claims differ between seeds are left out. */
function answersBySeed(
  rows: readonly SeedJudgedAnswer[],
  where: string,
): { seeds: SeedTopics[]; topicsLeftOut: number } {
  const groups = new Map<number, SeedJudgedAnswer[]>();
  for (const row of rows) {
    const group = groups.get(row.seed);
    if (group) group.push(row);
    else groups.set(row.seed, [row]);
  }
  const each = [...groups]
    .sort(([a], [b]) => a - b)
    .map(([seed, own]) => ({
      seed,
      topics: new Map(countsByTopic(own, where).map((topic) => [topic.topicId, topic])),
    }));
  const named = [...new Set(rows.map(({ topicId }) => topicId))].sort();
  const shared = named.filter((topicId) =>
    (['right', 'wrong'] as const).every(
      (kind) => new Set(each.map(({ topics }) => (topics.get(topicId)?.[kind] ?? 0) > 0)).size === 1,
    ),
  );
  const seeds = each.map(({ seed, topics }) => ({ seed, topics: shared.map((topicId) => topics.get(topicId)!) }));
  return { seeds, topicsLeftOut: named.length - shared.length };
}

function measuresOf(total: Counts): Record<DetectionMeasure, number | null> {
  return Object.fromEntries(
    DETECTION_MEASURES.map((measure) => {
      const value = detectionFormulas[measure](total);
      return [measure, Number.isFinite(value) ? value : null];
    }),
  ) as Record<DetectionMeasure, number | null>;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
