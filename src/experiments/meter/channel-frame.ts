import { frameOfRows, type Row } from '../../analysis/frame';
import type { ArmChannel } from './news-channel';

const COLUMNS = ['arm', 'measure', 'label', 'estimate', 'low', 'high', 'unit', 'unread', 'n', 'p', 'missing_reason'];

/** A row an arm and measure; `unread` is what a model that reads no label gives. */
export function channelFrame(arms: readonly ArmChannel[]) {
  const rows = arms.flatMap(({ arm, channel }) =>
    channel.measures.map(
      ({ name, label, unit, estimate, unread, p }): Row => ({
        arm,
        measure: name,
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
  );
  return frameOfRows(rows, COLUMNS);
}
