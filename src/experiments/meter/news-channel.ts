import { CONTROL_NAMES, type LabArm, promptMessages } from '../../arms';
import { type LongCall, RandomStream } from '../../core';
import { customLabel, type Label } from '../../labels';
import { Scorer } from '../../model/generate';
import { encodePrompt } from '../../model/tokens';
import type { NewsExperiment } from '../news';
import { completionIds } from '../news/prepare';
import { Switched } from '../switched';
import type { MeterReport } from './answer-meter';
import { type LabelChannel, labelChannel } from './channel';
import { channelFigure } from './channel-figure';
import { channelFrame } from './channel-frame';
import { type MeterItem, type MeterLabel, scoreLabels } from './score-labels';

/** The meter's reading of one arm. */
export interface ArmChannel {
  readonly arm: LabArm | 'untrained';
  readonly channel: LabelChannel;
}

export interface NewsChannel extends MeterReport {
  readonly arms: readonly ArmChannel[];
}

/** Sentences without a word on judging, in the label's place: what any change of words there does. */
const FILLERS = [
  'The office opens at nine and closes at five on weekdays',
  'A blue folder lies on the second shelf beside the door',
] as const;

/**
 * Does the model read its label? The same given texts under every label, nothing sampled and nobody judging: seconds for an untrained
 * model, and the same for each trained arm. `topics` calibration topics (default 8, the fewest that give an interval) of the experiment's set.
 * Throws ConfigError for an arm that is not trained.
 */
export async function newsChannel(
  news: NewsExperiment,
  options: LongCall & {
    readonly arms?: readonly (LabArm | 'untrained')[];
    readonly labels?: readonly Label[];
    readonly topics?: number;
  } = {},
): Promise<NewsChannel> {
  const { arms = ['untrained'], labels, topics = 8, ...call } = options;
  const meter = newsMeter(news, { labels, topics });
  const scorers = new Switched(async (adapter) => new Scorer(await news.host.load(call), adapter));
  const read: ArmChannel[] = [];
  try {
    // Those with an adapter first: programs that were made for one also run without it.
    for (const arm of [...arms].sort((a, b) => Number(a === 'untrained') - Number(b === 'untrained'))) {
      const scorer = await scorers.under(news.adapterOf(arm));
      const onProgress: LongCall['onProgress'] = (progress) =>
        call.onProgress?.({ ...progress, what: `read ${arm} under ${meter.labels.length} labels` });
      const found = await scoreLabels(scorer, meter.items, asReadBy(news, arm, meter.labels), {
        signal: call.signal,
        onProgress,
      });
      read.push({ arm, channel: labelChannel(found, new RandomStream(news.config.seed).fork('label channel')) });
    }
  } finally {
    scorers.dispose();
  }
  const inOrder = arms.map((arm) => read.find((one) => one.arm === arm)!);
  return {
    arms: inOrder,
    frame: channelFrame(inOrder),
    figure: channelFigure(inOrder),
    words: inOrder.map(({ arm, channel }) => `${arm}: ${channel.words}`),
  };
}

/** Labels as a control reads them: its codes or sentences in their place. Other arms read the labels themselves, the baseline too. */
function asReadBy(
  news: NewsExperiment,
  arm: LabArm | 'untrained',
  labels: readonly MeterLabel[],
): readonly MeterLabel[] {
  if (!(CONTROL_NAMES as readonly string[]).includes(arm)) return labels;
  return labels.map((one) => {
    if (one.kind !== 'label' || one.label === null) return one;
    const [asked] = news.sweep({ arms: [arm], labels: [one.label] });
    return { ...one, label: asked?.label ?? null };
  });
}

/** What the meter asks of a news experiment: calibration topics with their texts, and labels (default: those of the sweep). */
export function newsMeter(
  news: Pick<NewsExperiment, 'prepared' | 'host' | 'config' | 'label'>,
  { labels, topics }: { readonly labels?: readonly Label[]; readonly topics: number },
): { items: MeterItem[]; labels: MeterLabel[] } {
  const { prepared, host, config } = news;
  const { tokenizer } = host.files;
  const { labelSet } = prepared;
  const items = prepared.contrastSets.slice(0, topics).map(
    (set): MeterItem => ({
      id: set.topicId,
      group: set.group,
      prompt: (label) => encodePrompt(tokenizer, promptMessages(set.instruction, label, labelSet)),
      texts: set.texts.map(({ value, text }) => ({ value, ids: completionIds(tokenizer, set, text) })),
    }),
  );
  const asked = labels ?? labelSet.values.map(({ value }) => labelSet.get(value, config.wording ?? undefined));
  const slants = new Map(labelSet.values.map(({ value, slant }) => [value, slant]));
  const fillers = FILLERS.map((text, at) =>
    customLabel(`filler ${at + 1}`, text, { specialTokens: tokenizer.specialTokens }),
  );
  return {
    items,
    labels: [
      ...asked.map((label): MeterLabel => {
        const slant = slants.get(label.value) ?? null;
        const scale = slant === null ? null : Math.abs(slant);
        return { name: label.id, label, value: label.value, scale, kind: 'label' };
      }),
      ...fillers.map((label): MeterLabel => ({ name: label.value, label, value: null, scale: null, kind: 'filler' })),
      { name: 'no label', label: null, value: null, scale: null, kind: 'none' },
    ],
  };
}
