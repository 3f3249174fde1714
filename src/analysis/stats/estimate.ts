/** How an interval was made; the text stands in captions. */
export type IntervalMethod =
  | 'percentile bootstrap over topics'
  | 'BCa bootstrap over topics'
  | 'expanded percentile bootstrap over topics'
  | 't over seeds and topics'
  | 'crossed percentile bootstrap over seeds and topics'
  | 'Walsh averages at signed-rank quantiles'
  | "Cliff's variance, Feng's asymmetric form"
  | 'Bonett and Price, paired shares'
  | 'max-t bootstrap over topics, simultaneous'
  | 'jackknife over topics on the square root, t'
  | 't over topics, cluster-robust'
  | 'BCa bootstrap over items'
  | 'expanded BCa bootstrap over items'
  | 'percentile bootstrap over items'
  | 'BCa bootstrap over clusters of items'
  | 'expanded BCa bootstrap over clusters of items'
  | 'percentile bootstrap over clusters of items'
  | 't over items'
  | 't over clusters of items'
  | 't over topics'
  | 't over repeated judgements'
  | 'prediction-powered, t over topics'
  | 'Wilson score';

/**
 * A number with its interval. What cannot be said is `null` with a reason, never 0 and never an interval of zero width:
 * `estimate` is null without data; `low` and `high` are null together when the data carry no interval.
 */
export interface Estimate {
  readonly estimate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Coverage aimed at, 0 to 1. */
  readonly level: number;
  readonly method: IntervalMethod;
  /** Independent units that entered: topics for means and differences, trials for proportions. */
  readonly n: number;
  /** Training seeds that entered, where the interval speaks for further seeds too. */
  readonly seeds?: number;
  /** Why something is null; null when nothing is. */
  readonly reason: string | null;
}

/** One measured row: several rows may share a topic; a missing value is null. */
export interface TopicValue {
  readonly topicId: string;
  readonly value: number | null;
}

/** An estimate with nothing in it, and why. */
export function missingEstimate(method: IntervalMethod, level: number, n: number, reason: string): Estimate {
  return { estimate: null, low: null, high: null, level, method, n, reason };
}

/** `1.23 [0.98, 1.51]`, `1.23 (no interval: …)` or `missing: …`. */
export function printEstimate(value: Estimate, digits = 2): string {
  if (value.estimate === null) return `missing: ${value.reason}`;
  const text = value.estimate.toFixed(digits);
  if (value.low === null || value.high === null) return `${text} (no interval: ${value.reason})`;
  return `${text} [${value.low.toFixed(digits)}, ${value.high.toFixed(digits)}]`;
}
