import { RandomStream } from '../../core';
import { Scorer } from '../../model/generate';
import type { AdapterWatch } from '../../train';
import type { NewsExperiment } from '../news';
import { type LabelChannel, labelChannel } from './channel';
import { newsMeter } from './news-channel';
import { scoreLabels } from './score-labels';

/** The meter's reading of an arm that trains. */
export interface ChannelReading {
  readonly arm: string;
  readonly step: number;
  readonly channel: LabelChannel;
}

/** Readings while arms train, for `news.train({ watch: watched.arm })`. */
export interface WatchedChannel {
  readonly readings: readonly ChannelReading[];
  arm(arm: string): AdapterWatch;
  /** Gives the scorer's programs and weights back. */
  dispose(): void;
}

/**
 * Reads the label channel every `every` steps (default 20) on a few calibration topics (default 4), beside the training and without
 * touching it. Holds one more copy of the model's weights. `onReading` draws the live chart.
 */
export function watchChannel(
  news: NewsExperiment,
  options: {
    readonly every?: number;
    readonly topics?: number;
    readonly onReading?: (reading: ChannelReading, all: readonly ChannelReading[]) => void;
  } = {},
): WatchedChannel {
  const { every = 20, topics = 4, onReading } = options;
  const meter = newsMeter(news, { topics });
  const readings: ChannelReading[] = [];
  let scorer: Scorer | null = null;
  return {
    readings,
    arm: (arm) => ({
      every,
      async look(adapter, step) {
        if (scorer) scorer.setAdapter(adapter);
        else scorer = new Scorer(await news.host.load(), adapter);
        const found = await scoreLabels(scorer, meter.items, meter.labels);
        const random = new RandomStream(news.config.seed).fork('label channel while training');
        const reading = { arm, step, channel: labelChannel(found, random) };
        readings.push(reading);
        onReading?.(reading, readings);
      },
    }),
    dispose() {
      scorer?.dispose();
      scorer = null;
    },
  };
}
