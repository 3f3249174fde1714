import type { Estimate } from './estimate';
import { type IsotonicFit, isotonicFit } from './isotonic';
import { columnMeans, type LabelTopicValue, labelTable } from './label-table';
import { maxTIntervals } from './simultaneous-band';
import type { BootstrapOptions } from './topic-mean';

/** The step from one label to the next, paired by topic. */
export interface NeighbourStep {
  readonly from: number;
  readonly to: number;
  /** Value at `to` minus value at `from`; the intervals of all steps hold together. */
  readonly difference: Estimate;
  /** How far the mean goes the wrong way; 0 where it does not. */
  readonly violation: number;
  /** Whether the whole interval lies on the wrong side; null without an interval. */
  readonly isSure: boolean | null;
}

export interface Monotonicity {
  readonly steps: readonly NeighbourStep[];
  /** The closest monotone curve to the means, and how far it is from them. */
  readonly fit: IsotonicFit | null;
  /** Topics whose own values never go the wrong way, of n. */
  readonly topicsMonotone: number;
  readonly n: number;
  readonly topicsLeftOut: number;
  readonly missing: number;
}

/**
 * Where a label sweep goes against its direction: each step between neighbouring labels with its size, in simultaneous
 * intervals over topics (`simultaneousBand`'s on the paired differences), so that with no true violation any step is sure
 * of one in about (1 − level)/2 of cases (2.4% by simulation). Only topics with all labels enter; seeds of a topic are
 * averaged. A step that all topics share has no interval, and `isSure` is null. Throws as `simultaneousBand`.
 * Source: as `simultaneousBand` and `isotonicFit`.
 */
export function monotonicity(
  rows: readonly LabelTopicValue[],
  options: Omit<BootstrapOptions, 'method'> & { readonly direction: 'rising' | 'falling' },
): Monotonicity {
  const { percents, values, topicsLeftOut, missing } = labelTable(rows, 'monotonicity');
  const { direction } = options;
  const sign = direction === 'rising' ? 1 : -1;
  const changes = values.map((row) => row.slice(1).map((value, at) => value - row[at]));
  const { estimates } = maxTIntervals(changes, Math.max(0, percents.length - 1), options, 'monotonicity');
  const steps = estimates.map((difference, at): NeighbourStep => {
    const { estimate, low, high } = difference;
    const wrong = estimate === null ? 0 : Math.max(0, -sign * estimate);
    const isSure = low === null || high === null ? null : sign > 0 ? high < 0 : low > 0;
    return { from: percents[at], to: percents[at + 1], difference, violation: wrong, isSure };
  });
  return {
    steps,
    fit: values.length === 0 ? null : isotonicFit(columnMeans(values), { direction }),
    topicsMonotone: changes.filter((row) => row.every((change) => sign * change >= 0)).length,
    n: values.length,
    topicsLeftOut,
    missing,
  };
}
