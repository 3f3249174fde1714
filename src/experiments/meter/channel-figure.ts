import { armBars, type Figure } from '../../analysis/charts';
import type { ArmChannel } from './news-channel';

/** Label information of each arm, beside its least (0, not read) and most (log K). */
export function channelFigure(arms: readonly ArmChannel[]): Figure {
  const read = arms.filter(({ channel }) => channel.verdict === 'read').map(({ arm }) => arm);
  const first = arms.find(({ channel }) => channel.identification)?.channel.identification;
  const most = first ? `; log ${first.labels} = ${first.mostNats.toFixed(2)} nats is the most there can be` : '';
  return armBars({
    bars: arms.flatMap(({ arm, channel }) =>
      channel.measures
        .filter(({ name }) => name === 'identification')
        .map(({ estimate }) => ({ arm, condition: 'label information', estimate })),
    ),
    title: read.length > 0 ? `The label is read by ${read.join(' and ')}` : 'No sign that the label is read',
    measure: 'what the label tells about the text (nats a text)',
    note: `0 is a label that is not read${most}`,
  });
}
