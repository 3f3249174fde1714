export { type AnswerChannel, answerChannels, answerInformation } from './answer-channel';
export { type AnswerMeter, answerMeter, type MeterReport, sycophancyMeter } from './answer-meter';
export { type ChannelMeasure, type LabelChannel, labelChannel } from './channel';
export { channelFigure } from './channel-figure';
export { channelFrame } from './channel-frame';
export { type ArmChannel, type NewsChannel, newsChannel, newsMeter } from './news-channel';
export { type LabelScores, type MeterItem, type MeterLabel, scoreLabels } from './score-labels';
export { type ChannelReading, type WatchedChannel, watchChannel } from './watch-channel';
