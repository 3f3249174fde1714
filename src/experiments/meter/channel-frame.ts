import { frameOfRows, type Row } from '../../analysis/frame';
import type { Estimate } from '../../analysis/stats';
import type { ArmChannel } from './news-channel';

const COLUMNS = ['arm', 'measure', 'label', 'estimate', 'low', 'high', 'unit', 'unread', 'n', 'p', 'missing_reason'];

/** One number of the meter for one arm, of any task. */
export interface ChannelRow {
  readonly arm: string;
  /** snake_case. */
  readonly measure: string;
  /** The label it is of, where it is not of all. */
  readonly label: string | null;
  readonly unit: string;
  readonly estimate: Estimate;
  /** What a model that reads no label gives; null where that is not known beforehand. */
  readonly unread: number | null;
  readonly p: number | null;
}

export function channelRowsFrame(rows: readonly ChannelRow[]) {
  return frameOfRows(
    rows.map(
      ({ arm, measure, label, unit, estimate, unread, p }): Row => ({
        arm,
        measure,
        label,
        estimate: estimate.estimate,
        low: estimate.low,
        high: estimate.high,
        unit,
        unread,
        n: estimate.n,
        p,
        missing_reason: estimate.reason,
      }),
    ),
    COLUMNS,
  );
}

/** A row an arm and measure. */
export function channelFrame(arms: readonly ArmChannel[]) {
  return channelRowsFrame(
    arms.flatMap(({ arm, channel }) =>
      channel.measures.map(({ name, ...measure }) => ({ ...measure, arm, measure: name })),
    ),
  );
}
