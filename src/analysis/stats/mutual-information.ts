import { ConfigError, type RandomStream } from '../../core';
import { studentQuantile } from './distributions';
import { type Estimate, missingEstimate } from './estimate';

const method = 'jackknife over topics on the square root, t';

/** One answer: what it did under which label, on which topic. A missing behaviour is null. */
export interface LabelledBehaviour {
  readonly topicId: string;
  readonly label: string;
  readonly behaviour: string | null;
  /** What the topic belongs to, where topics of one cluster resemble each other: the interval is then over clusters. Default: the topic. */
  readonly cluster?: string;
}

export interface InformationBits {
  /** Of the counts as they are: never below 0, and above the truth by about (labels − 1)(behaviours − 1)/(2N ln 2). */
  readonly plugIn: number;
  /** Each entropy raised by (cells in use − 1)/(2N). Miller 1955. */
  readonly millerMadow: number;
  /** Mean over labels permuted within topics, and plug-in minus it. */
  readonly underNoEffect: number;
  readonly corrected: number;
  /** Share of permutations with at least as much, (1 + hits)/(1 + permutations). */
  readonly p: number;
}

export interface MutualInformation {
  /** I(label; behaviour) over all topics together, labels permuted within topics; null with the reason. */
  readonly pooled: InformationBits | null;
  /** The corrected value, cut at 0, with an interval over topics. */
  readonly interval: Estimate;
  /** I(label; behaviour | topic): the mean of each topic's own, by its rows. Null unless topics repeat a label. */
  readonly withinTopic: InformationBits | null;
  readonly withinTopicReason: string | null;
  /** Whether every topic has each label equally often: then pooled is at most what the topic-wise truth is. */
  readonly isBalanced: boolean;
  readonly topics: number;
  readonly n: number;
  readonly missing: number;
  readonly reason: string | null;
}

/**
 * How many bits the label tells about a discrete behaviour, given the topic. Two readings. Pooled: I = Σ p(l,
 * b)·log₂(p(l, b) /(p(l)·p(b))) of one table over all topics, tested by permuting labels within each topic, so that
 * what a topic does to all its labels neither helps nor hurts. Where every topic has every label equally often the
 * label says nothing of the topic, and I(label; behaviour) ≤ I(label; behaviour | topic): pooled misses labels that
 * act one way on one topic and the other way on the next. Within topic: Σ (rows of t/N)·I_t, which needs labels
 * repeated on a topic; with one row a cell it is the topic's entropy whatever the labels did, so it is null. The
 * plug-in value is too high; both corrections are given, and only the permuted one is right where cells are few. The
 * interval is over topics, or clusters of them (jackknife of √I, t of their count − 1 degrees) and holds 0 where the permutations do not reject. By
 * simulation (test/analysis/stats/dose.slow.test.ts) 95% intervals cover 94 to 97% of 0.04 to 0.41 bits from 12 to 200
 * topics, and 98 to 99.5% of 0; more where labels decide nearly every answer (0.6 bits of three labels on two answers).
 * Null with a reason: no rows, one label, one behaviour; for the interval fewer than `minTopics` (default 8) topics.
 * Throws ConfigError for options out of range, and a topic in two clusters.
 * Source: Miller 1955; Johnson, Kotz and Balakrishnan 1995, section 29.8 (the root of a noncentral χ²); Paninski 2003, Neural Computation 15; Cover and Thomas 2006, section 2.5.
 */
export function labelInformation(
  rows: readonly LabelledBehaviour[],
  options: { random: RandomStream; permutations?: number; level?: number; minTopics?: number },
): MutualInformation {
  const { random, permutations = 2000, level = 0.95, minTopics = 8 } = options;
  if (!(Number.isInteger(permutations) && permutations >= 99))
    throw new ConfigError(`labelInformation: permutations must be a whole number from 99 up, got ${permutations}.`);
  if (!(level > 0 && level < 1))
    throw new ConfigError(`labelInformation: level must lie between 0 and 1, got ${level}.`);
  const { topics, labels, behaviours, n, missing } = coded(rows);
  const isBalanced = topics.every(({ label }) => {
    const counts = new Int32Array(labels);
    for (const one of label) counts[one]++;
    return counts.every((count) => count === counts[0]);
  });
  const bare = { isBalanced, topics: topics.length, n, missing };
  const repeats = topics.some(({ label }) => new Set(label).size < label.length);
  if (n === 0 || labels < 2 || behaviours < 2) {
    const one = labels < 2 ? 'label' : 'behaviour';
    const reason =
      n === 0 ? (missing > 0 ? `all ${missing} behaviours are missing` : 'there are no rows') : `one ${one}`;
    const interval = missingEstimate(method, level, topics.length, reason);
    return { ...bare, pooled: null, interval, withinTopic: null, withinTopicReason: reason, reason };
  }
  const cells = labels * behaviours;
  const total = tableOf(topics, labels, behaviours);
  const own = topics.map((topic) => tableOf([topic], labels, behaviours));
  const clusters = [...new Set(topics.map(({ cluster }) => cluster))].map((name) =>
    tableOf(
      topics.filter(({ cluster }) => cluster === name),
      labels,
      behaviours,
    ),
  );
  const withinOf = (tables: readonly Int32Array[], of: (table: Int32Array) => number, weights: readonly number[]) =>
    tables.reduce((sum, table, at) => sum + (weights[at] / n) * of(table), 0);
  const weights = topics.map(({ label }) => label.length);
  const plain = (table: Int32Array) => informationOf(table, labels, behaviours).plugIn;
  const miller = (table: Int32Array) => informationOf(table, labels, behaviours).millerMadow;
  const seen = { pooled: plain(total), within: withinOf(own, plain, weights) };
  const sums = { pooled: 0, within: 0 };
  const hits = { pooled: 0, within: 0 };
  const stream = random.fork('labels within topics');
  const dealt = topics.map(({ label, behaviour }) => ({ label: Int32Array.from(label), behaviour }));
  const all = new Int32Array(cells);
  for (let b = 0; b < permutations; b++) {
    for (const { label } of dealt) shuffle(label, stream);
    all.fill(0);
    fill(all, dealt, behaviours);
    const drawn = {
      pooled: plain(all),
      within: repeats
        ? withinOf(
            dealt.map((topic) => tableOf([topic], labels, behaviours)),
            plain,
            weights,
          )
        : 0,
    };
    for (const kind of ['pooled', 'within'] as const) {
      sums[kind] += drawn[kind];
      // Sums taken in another order differ in the last bits.
      if (drawn[kind] >= seen[kind] - 1e-12) hits[kind]++;
    }
  }
  const bits = (kind: 'pooled' | 'within', millerMadow: number): InformationBits => ({
    plugIn: seen[kind],
    millerMadow,
    underNoEffect: sums[kind] / permutations,
    corrected: seen[kind] - sums[kind] / permutations,
    p: (1 + hits[kind]) / (1 + permutations),
  });
  const pooled = bits('pooled', miller(total));
  return {
    ...bare,
    pooled,
    interval: rootInterval(total, clusters, pooled, plain, (labels - 1) * (behaviours - 1), level, minTopics),
    withinTopic: repeats ? bits('within', withinOf(own, miller, weights)) : null,
    withinTopicReason: repeats ? null : 'every topic has each label once, which carries no information within a topic',
    reason: null,
  };
}

/**
 * Numbers as behaviours: up to `bins` groups of about equal size, by rank; equal numbers stay together, so that there
 * may be fewer. Names are `bin 1` upwards. A missing number stays null. Throws ConfigError for under 2 bins or NaN.
 */
export function equalBins(values: readonly (number | null)[], bins: number): (string | null)[] {
  if (!(Number.isInteger(bins) && bins >= 2))
    throw new ConfigError(`equalBins: bins must be a whole number from 2 up, got ${bins}.`);
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const bad = known.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new ConfigError(`equalBins: values must be finite or null, got ${bad}.`);
  const uppers = Array.from({ length: bins - 1 }, (_, at) => known[Math.ceil(((at + 1) * known.length) / bins) - 1]);
  const edges = [...new Set(uppers)];
  return values.map((value) => (value === null ? null : `bin ${1 + edges.filter((edge) => value > edge).length}`));
}

interface CodedTopic {
  readonly label: ArrayLike<number> & Iterable<number>;
  readonly behaviour: ArrayLike<number>;
}

function coded(rows: readonly LabelledBehaviour[]) {
  const [labels, behaviours] = [new Map<string, number>(), new Map<string, number>()];
  const codeOf = (codes: Map<string, number>, name: string) => {
    const code = codes.get(name) ?? codes.size;
    codes.set(name, code);
    return code;
  };
  const topics = new Map<string, { label: number[]; behaviour: number[]; cluster: string }>();
  let missing = 0;
  // In one order, so that the permutations do not depend on the order of rows.
  const sorted = [...rows].sort(
    (a, b) => compare(a.topicId, b.topicId) || compare(a.label, b.label) || compare(`${a.behaviour}`, `${b.behaviour}`),
  );
  for (const { topicId, label, behaviour, cluster = topicId } of sorted) {
    if (behaviour === null) {
      missing++;
      continue;
    }
    const topic = topics.get(topicId) ?? { label: [], behaviour: [], cluster };
    if (topic.cluster !== cluster)
      throw new ConfigError(
        `labelInformation: a topic must lie in one cluster, got ${topic.cluster} and ${cluster} for ${topicId}. Name topics apart.`,
      );
    topics.set(topicId, topic);
    topic.label.push(codeOf(labels, label));
    topic.behaviour.push(codeOf(behaviours, behaviour));
  }
  const n = rows.length - missing;
  return { topics: [...topics.values()], labels: labels.size, behaviours: behaviours.size, n, missing };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function tableOf(topics: readonly CodedTopic[], labels: number, behaviours: number): Int32Array {
  const table = new Int32Array(labels * behaviours);
  fill(table, topics, behaviours);
  return table;
}

function fill(table: Int32Array, topics: readonly CodedTopic[], behaviours: number): void {
  for (const { label, behaviour } of topics)
    for (let i = 0; i < label.length; i++) table[label[i] * behaviours + behaviour[i]]++;
}

function shuffle(items: Int32Array, random: RandomStream): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const held = items[i];
    items[i] = items[j];
    items[j] = held;
  }
}

/** I = H(label) + H(behaviour) − H(both), in bits; 0 for an empty table. */
function informationOf(table: Int32Array, labels: number, behaviours: number) {
  const [byLabel, byBehaviour] = [new Int32Array(labels), new Int32Array(behaviours)];
  for (let l = 0; l < labels; l++)
    for (let b = 0; b < behaviours; b++) {
      byLabel[l] += table[l * behaviours + b];
      byBehaviour[b] += table[l * behaviours + b];
    }
  const n = byLabel.reduce((sum, count) => sum + count, 0);
  if (n === 0) return { plugIn: 0, millerMadow: 0 };
  let used = -1;
  // n·H = n·log n − Σ c·log c, so that the three entropies share one sum.
  let sum = n * Math.log(n);
  for (const [counts, sign] of [
    [byLabel, -1],
    [byBehaviour, -1],
    [table, 1],
  ] as const)
    for (const count of counts) {
      if (count === 0) continue;
      sum += sign * count * Math.log(count);
      used -= sign;
    }
  const plugIn = Math.max(0, sum / n / Math.LN2);
  return { plugIn, millerMadow: sum / n / Math.LN2 + used / (2 * n * Math.LN2) };
}

/** Of the spread that luck alone has on the square root: a jackknife whose topics agree by chance would claim too much. Chosen by simulation. */
const LEAST_SPREAD = 0.6;

/**
 * An interval on the scale of √I, where the plug-in value spreads about as much whatever I is: 2N·ln 2·I of counts is about a noncentral
 * χ² of (labels − 1)(behaviours − 1) degrees, and √χ² is about normal with √(noncentrality + degrees − 1) as its mean. The spread is the
 * jackknife's over topics; what luck alone gives is known from the permutations, with all that topics do to it. Where they do not
 * reject at 1 − level, 0 is inside.
 */
function rootInterval(
  total: Int32Array,
  own: readonly Int32Array[],
  { plugIn, underNoEffect, corrected, p }: InformationBits,
  of: (table: Int32Array) => number,
  degrees: number,
  level: number,
  minTopics: number,
): Estimate {
  const n = own.length;
  const bare = { estimate: Math.max(0, corrected), low: null, high: null, level, method, n } as const;
  if (n < Math.max(2, minTopics)) return { ...bare, reason: `${n} of the ${minTopics} topics that an interval needs` };
  const root = Math.sqrt(plugIn);
  const pseudo = own.map((table) => n * root - (n - 1) * Math.sqrt(of(total.map((count, at) => count - table[at]))));
  const mean = pseudo.reduce((sum, value) => sum + value, 0) / n;
  const error = Math.sqrt(pseudo.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) / n);
  if (!(error > 1e-12)) return { ...bare, reason: `all ${n} topics say the same` };
  const unit = underNoEffect / degrees;
  const half = studentQuantile((1 + level) / 2, n - 1) * Math.max(error, LEAST_SPREAD * Math.sqrt(unit));
  const less = (degrees - 1) * unit;
  const low = p > 1 - level ? 0 : Math.max(0, Math.max(0, root - half) ** 2 - less);
  return { ...bare, low, high: Math.max(0, (root + half) ** 2 - less), reason: null };
}
