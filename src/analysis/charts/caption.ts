import type { Estimate } from '../stats/estimate';

/** What every chart says about how its numbers came about. */
export interface ChartNotes {
  /** The finding as a sentence; see `differenceSentence`. */
  readonly title: string;
  /** What is measured, with unit or range: the title of the value axis. */
  readonly measure: string;
  /** Sampling temperature of the judged completions; leave out for measures without sampling. */
  readonly temperature?: number;
  /** True where the offline judge stands in for a real one; the caption then says so. */
  readonly isProxy?: boolean;
  /** What n counts. Default topics. */
  readonly unit?: string;
  /** Anything else a reader must know. */
  readonly note?: string;
}

/** One named estimate of a chart, as the caption names it when something of it is missing. */
export interface NamedEstimate {
  readonly name: string;
  readonly estimate: Estimate;
}

/** n, interval method, temperature, proxy mark, note, and each missing number or interval with its reason. */
export function captionOf(notes: ChartNotes, estimates: readonly NamedEstimate[]): string {
  const parts: string[] = [];
  const counts = estimates.filter(({ estimate }) => estimate.estimate !== null).map(({ estimate }) => estimate.n);
  if (counts.length > 0) {
    const [low, high] = [Math.min(...counts), Math.max(...counts)];
    const seeds = [...new Set(estimates.flatMap(({ estimate }) => estimate.seeds ?? []))];
    const over =
      seeds.length === 0 ? '' : ` and ${Math.max(...seeds)} training seed${Math.max(...seeds) === 1 ? '' : 's'}`;
    parts.push(`n = ${low === high ? low : `${low} to ${high}`} ${notes.unit ?? 'topics'}${over} each`);
  }
  const drawn = estimates.filter(({ estimate }) => estimate.low !== null);
  const methods = new Set(drawn.map(({ estimate }) => `${+(100 * estimate.level).toFixed(1)}% ${estimate.method}`));
  if (methods.size > 0) parts.push(`intervals: ${[...methods].join('; ')}`);
  if (notes.temperature !== undefined) parts.push(`sampling temperature ${notes.temperature}`);
  if (notes.isProxy) parts.push('PROXY: scored by the offline judge, a linear stand-in for a real one');
  if (notes.note) parts.push(notes.note);
  for (const [label, gap] of [
    ['missing', estimates.filter(({ estimate }) => estimate.estimate === null)],
    ['no interval', estimates.filter(({ estimate }) => estimate.estimate !== null && estimate.low === null)],
  ] as const) {
    const reasons = new Map<string, string[]>();
    for (const { name, estimate } of gap) {
      const reason = estimate.reason ?? 'no reason given';
      reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
    }
    for (const [reason, names] of reasons) parts.push(`${label} (${reason}): ${names.join(', ')}`);
  }
  return parts.length === 0 ? '' : `${parts.join(' · ')}.`;
}

/**
 * A finding as a sentence, from a difference: direction and size where the interval leaves out 0, "no difference seen"
 * where it holds 0, "cannot be told" without an interval. Never claims more than the interval does.
 */
export function differenceSentence(left: string, right: string, difference: Estimate, unit = '', digits = 1): string {
  const { estimate, low, high, level, reason } = difference;
  const percent = `${+(100 * level).toFixed(1)}%`;
  if (estimate === null) return `${left} against ${right}: missing, ${reason}`;
  const size = `${Math.abs(estimate).toFixed(digits)}${unit && ` ${unit}`}`;
  if (low === null || high === null) return `${left} against ${right}: cannot be told, ${reason}`;
  const interval = `${percent} interval ${signed(low, digits)} to ${signed(high, digits)}`;
  if (low > 0) return `${left} is ${size} above ${right} (${interval})`;
  if (high < 0) return `${left} is ${size} below ${right} (${interval})`;
  return `No difference seen between ${left} and ${right} (${interval})`;
}

/** A number with its sign, the minus as U+2212, and no sign on what rounds to zero. */
export function signed(value: number, digits = 1): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value < 0 ? '−' : '+'}${text}`;
}
