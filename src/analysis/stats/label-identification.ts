import { DataError, type RandomStream } from '../../core';
import { logSumExp } from './contrast';
import { missingEstimate } from './estimate';
import { type BootstrapOptions, meanOverTopics, type TopicEstimate } from './topic-mean';

/** Log-probabilities (nats) of one item's texts under each of K labels: `logprobs[label][text]`, text k written for label k. */
export interface LabelledTexts {
  readonly id: string;
  readonly logprobs: readonly (readonly number[])[];
}

/** How much a model's likelihood says about which label a text was written for. */
export interface LabelIdentification {
  /** Labels, and texts of each item. */
  readonly labels: number;
  /** Nats a text, 0 if the label is not read, log K at most; its interval is over items. */
  readonly nats: TopicEstimate;
  /** Share of an item's texts whose likelihood is highest under their own label; chance is 1/K. */
  readonly accuracy: TopicEstimate;
  readonly chance: number;
  /** log K. */
  readonly mostNats: number;
  /** Permutation test of `nats`, labels shuffled within items; null without an item. */
  readonly p: number | null;
}

/**
 * The label's information about the text, by the model's own likelihood: the mean over items and texts k of
 * log p(text k | label k) − log (1/K) Σ_l p(text k | label l).
 * It is the contrastive lower bound on the mutual information between label and text given the item, at most log K (van den Oord et al.
 * 2018, arXiv:1807.03748, eq. 4, with the model's likelihood as critic), and needs no sampling: same scores, same number.
 * Below 0 the labels mislead. The p-value is one-sided: permutations of labels within items that reach the observed mean, plus one,
 * over draws plus one.
 * Throws DataError unless every item has K ≥ 2 labels with K finite log-probabilities each.
 */
export function labelIdentification(
  items: readonly LabelledTexts[],
  options: BootstrapOptions & { readonly permutations?: number },
): LabelIdentification {
  const { permutations = 9999, ...bootstrap } = options;
  const labels = items[0]?.logprobs.length ?? 0;
  for (const { id, logprobs } of items) check(id, logprobs, labels);
  const chance = 1 / labels;
  const mostNats = Math.log(labels);
  if (items.length === 0) {
    const none = { ...missingEstimate('percentile bootstrap over topics', 0.95, 0, 'there are no items'), missing: 0 };
    return { labels: 0, nats: none, accuracy: none, chance, mostNats, p: null };
  }
  const gains = items.map(({ logprobs }) => gainsOf(logprobs));
  const identity = Array.from({ length: labels }, (_, k) => k);
  const meanGain = (gain: readonly (readonly number[])[], order: readonly number[]) =>
    order.reduce((sum, label, text) => sum + gain[label][text], 0) / labels;
  const nats = items.map(({ id }, i) => ({ topicId: id, value: meanGain(gains[i], identity) }));
  const right = items.map(({ id, logprobs }) => ({
    topicId: id,
    value:
      identity.filter((k) => logprobs.every((row, label) => label === k || row[k] < logprobs[k][k])).length / labels,
  }));
  return {
    labels,
    nats: meanOverTopics(nats, { ...bootstrap, random: bootstrap.random.fork('nats') }),
    accuracy: meanOverTopics(right, { ...bootstrap, random: bootstrap.random.fork('accuracy') }),
    chance,
    mostNats,
    p: permutationP(gains, meanGain, identity, permutations, bootstrap.random.fork('permutation')),
  };
}

/** `gain[label][text]` = log p(text | label) − log mean over labels. */
function gainsOf(logprobs: readonly (readonly number[])[]): number[][] {
  const labels = logprobs.length;
  const means = logprobs[0].map((_, text) => logSumExp(logprobs.map((row) => row[text])) - Math.log(labels));
  return logprobs.map((row) => row.map((value, text) => value - means[text]));
}

function permutationP(
  gains: readonly (readonly (readonly number[])[])[],
  meanGain: (gain: readonly (readonly number[])[], order: readonly number[]) => number,
  identity: readonly number[],
  permutations: number,
  random: RandomStream,
): number {
  const observed = gains.reduce((sum, gain) => sum + meanGain(gain, identity), 0);
  // The same sum in another order may differ in its last bits.
  const tolerance = 1e-9 * Math.max(1, Math.abs(observed));
  let reached = 0;
  for (let draw = 0; draw < permutations; draw++) {
    let sum = 0;
    for (const gain of gains) sum += meanGain(gain, random.shuffled(identity));
    if (sum >= observed - tolerance) reached++;
  }
  return (reached + 1) / (permutations + 1);
}

function check(id: string, logprobs: readonly (readonly number[])[], labels: number): void {
  const whole =
    labels >= 2 &&
    logprobs.length === labels &&
    logprobs.every((row) => row.length === labels && row.every((value) => Number.isFinite(value)));
  if (!whole)
    throw new DataError(
      `labelIdentification: an item must hold K labels by K texts, K at least 2, all finite, got ${logprobs.map((row) => row.length).join(', ') || 'nothing'} for ${labels} labels (item ${id}). Score every text under every label.`,
    );
}
