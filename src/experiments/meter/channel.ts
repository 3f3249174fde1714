import {
  contrastLogOdds,
  type LabelIdentification,
  labelIdentification,
  meanOverTopics,
  strongToCenter,
  type TopicEstimate,
  type TopicValue,
} from '../../analysis/stats';
import type { RandomStream } from '../../core';
import type { LabelScores, MeterLabel } from './score-labels';

/** One number of the meter. */
export interface ChannelMeasure {
  /** snake_case, as in the frame. */
  readonly name: 'swap_shift' | 'filler_shift' | 'identification' | 'identified_share' | 'slope' | 'ablation';
  /** The labels it is of, where it is not of all. */
  readonly label: string | null;
  readonly unit: string;
  readonly estimate: TopicEstimate;
  /** What a model that reads no label gives; null where no number is known beforehand. */
  readonly unread: number | null;
  readonly p: number | null;
}

/** What the likelihood of given texts says about whether a label is read. */
export interface LabelChannel {
  readonly measures: readonly ChannelMeasure[];
  readonly identification: LabelIdentification | null;
  /**
   * `read`: texts are likelier under their own label (one-sided permutation p below .01 and the interval above 0). `not seen`: neither.
   * `against`: likelier under others'. `unclear`: the rest, or too few items.
   */
  readonly verdict: 'read' | 'not seen' | 'against' | 'unclear';
  readonly words: string;
}

/** At this level a channel is called read: one look, many items. */
const READ_AT = 0.01;

/**
 * The meter's numbers from scores, each with a 95% interval over items:
 * swap_shift, mean over pairs of labels, texts and tokens of |log p(token | label) − log p(token | other label)|, nats a token;
 * filler_shift, the same between fillers: what any change of words in the label's place does;
 * identification and identified_share, see `labelIdentification`, over labels that have a text of their own;
 * slope, least squares within an item of the contrast log-odds on the scale, nats a unit of scale;
 * ablation, contrast log-odds under a label minus those without one, nats, a label each.
 */
export function labelChannel(found: LabelScores, random: RandomStream): LabelChannel {
  const measures: ChannelMeasure[] = [];
  const add = (
    name: ChannelMeasure['name'],
    unit: string,
    estimate: TopicEstimate,
    more: Partial<Pick<ChannelMeasure, 'label' | 'unread' | 'p'>> = {},
  ) => measures.push({ name, unit, estimate, label: null, unread: null, p: null, ...more });
  const over = (rows: readonly TopicValue[], purpose: string) => meanOverTopics(rows, { random: random.fork(purpose) });
  const labels = indexesOf(found, 'label');
  const fillers = indexesOf(found, 'filler');
  if (labels.length >= 2) add('swap_shift', 'nats a token', over(shifts(found, labels), 'swap'), { unread: 0 });
  if (fillers.length >= 2) add('filler_shift', 'nats a token', over(shifts(found, fillers), 'filler'));
  const identification = identify(found, labels, random.fork('identification'));
  if (identification) {
    const { nats, accuracy, chance, p } = identification;
    add('identification', 'nats a text', nats, { unread: 0, p });
    add('identified_share', 'share of texts', accuracy, { unread: chance });
  }
  if (hasContrast(found)) {
    const scaled = labels.filter((at) => found.labels[at].scale !== null);
    if (new Set(scaled.map((at) => found.labels[at].scale)).size >= 2)
      add('slope', 'nats a unit of scale', over(slopes(found, scaled), 'slope'), { unread: 0 });
    const [none] = indexesOf(found, 'none');
    if (none !== undefined)
      for (const at of [...labels, ...fillers]) {
        const label = found.labels[at].name;
        add('ablation', 'nats', over(ablation(found, at, none), `ablation ${label}`), { label, unread: 0 });
      }
  }
  const verdict = verdictOf(identification);
  return { measures, identification, verdict, words: wordsOf(verdict, identification) };
}

function indexesOf({ labels }: LabelScores, kind: MeterLabel['kind']): number[] {
  return labels.flatMap((label, at) => (label.kind === kind ? [at] : []));
}

/** Mean over pairs of labels, texts and tokens of the absolute shift; a row an item. */
function shifts({ items, scores }: LabelScores, labels: readonly number[]): TopicValue[] {
  return items.map(({ id }, item) => {
    let sum = 0;
    let count = 0;
    for (const [at, one] of labels.entries())
      for (const other of labels.slice(at + 1))
        scores[one][item].tokens.forEach((tokens, text) => {
          const beside = scores[other][item].tokens[text];
          tokens.forEach((value, token) => {
            sum += Math.abs(value - beside[token]);
          });
          count += tokens.length;
        });
    return { topicId: id, value: sum / count };
  });
}

/** Over the labels that announce a value which every item has a text for; null with fewer than two of them. */
function identify(found: LabelScores, labels: readonly number[], random: RandomStream): LabelIdentification | null {
  const { items, scores } = found;
  const own = labels.filter((at) =>
    items.every(({ texts }) => texts.some(({ value }) => value === found.labels[at].value)),
  );
  if (new Set(own.map((at) => found.labels[at].value)).size !== own.length || own.length < 2) return null;
  return labelIdentification(
    items.map(({ id, texts }, item) => ({
      id,
      logprobs: own.map((at) =>
        own.map((of) => scores[at][item].logprobs[texts.findIndex(({ value }) => value === found.labels[of].value)]),
      ),
    })),
    { random, permutations: 1999 },
  );
}

function hasContrast({ items }: LabelScores): boolean {
  const needed = [...strongToCenter.above, ...strongToCenter.below];
  return items.every(({ texts }) => needed.every((value) => texts.filter((text) => text.value === value).length === 1));
}

function logOdds({ items, scores }: LabelScores, label: number, item: number): number {
  return contrastLogOdds(
    items[item].texts.map(({ value }, text) => ({ value, logprob: scores[label][item].logprobs[text] })),
  );
}

function slopes(found: LabelScores, labels: readonly number[]): TopicValue[] {
  const x = labels.map((at) => found.labels[at].scale!);
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const spread = x.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return found.items.map(({ id }, item) => ({
    topicId: id,
    value: labels.reduce((sum, at, i) => sum + (x[i] - mean) * logOdds(found, at, item), 0) / spread,
  }));
}

function ablation(found: LabelScores, label: number, none: number): TopicValue[] {
  return found.items.map(({ id }, item) => ({
    topicId: id,
    value: logOdds(found, label, item) - logOdds(found, none, item),
  }));
}

function verdictOf(found: LabelIdentification | null): LabelChannel['verdict'] {
  if (!found || found.nats.low === null || found.nats.high === null || found.p === null) return 'unclear';
  if (found.nats.low > 0 && found.p < READ_AT) return 'read';
  if (found.nats.high < 0) return 'against';
  return found.nats.low <= 0 && found.p >= 0.05 ? 'not seen' : 'unclear';
}

function wordsOf(verdict: LabelChannel['verdict'], found: LabelIdentification | null): string {
  if (!found)
    return 'No two of the labels have texts of their own, so it cannot be told whether texts follow the label.';
  const share = `${Math.round(100 * (found.accuracy.estimate ?? 0))}% of texts are likeliest under their own label (chance ${Math.round(100 * found.chance)}%)`;
  const nats =
    found.nats.estimate === null
      ? ''
      : `, ${found.nats.estimate.toFixed(2)} of at most ${found.mostNats.toFixed(2)} nats`;
  const say = {
    read: 'The label is read',
    'not seen': 'No sign that the label is read',
    against: 'The label is read, but texts are likelier under others’ labels',
    unclear: 'It cannot be told whether the label is read',
  }[verdict];
  return `${say}: ${share}${nats}, n = ${found.nats.n} items.`;
}
