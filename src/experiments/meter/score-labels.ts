import { ConfigError, type LongCall } from '../../core';
import type { Label } from '../../labels';
import type { Scorer, TokenScores } from '../../model/generate';

/** One item of the meter: a prompt that is read under several labels, and given texts that continue it. */
export interface MeterItem {
  readonly id: string;
  /** Items of one group resemble each other (news: the domain). */
  readonly group: string;
  /** The same renderer as in training; null: without a label. */
  prompt(label: Label | null): Int32Array;
  /** Texts by what they were written for. */
  readonly texts: readonly { readonly value: string; readonly ids: Int32Array }[];
}

/** What stands where the label stands: a label, nothing, or a filler that says nothing of judging. */
export interface MeterLabel {
  readonly name: string;
  readonly label: Label | null;
  /** What the label announces, as texts are named; null for none and for fillers. */
  readonly value: string | null;
  /** Place on the scale of the slope; null where it has none. */
  readonly scale: number | null;
  readonly kind: 'label' | 'none' | 'filler';
}

/** Every text of every item under every label. */
export interface LabelScores {
  readonly labels: readonly MeterLabel[];
  readonly items: readonly MeterItem[];
  /** `scores[label][item]`, texts and tokens in the item's order. */
  readonly scores: readonly (readonly TokenScores[])[];
}

/**
 * Scores the same texts under each label, forward passes only; the prompt is computed once for all texts of an item and label.
 * Throws ConfigError without items or labels; AbortedError between two batches.
 */
export async function scoreLabels(
  scorer: Pick<Scorer, 'score'>,
  items: readonly MeterItem[],
  labels: readonly MeterLabel[],
  { signal, onProgress }: LongCall = {},
): Promise<LabelScores> {
  if (items.length === 0 || labels.length === 0)
    throw new ConfigError(
      `scoreLabels: there must be items and labels, got ${items.length} items and ${labels.length} labels. Give at least one of each.`,
    );
  const all = labels.flatMap((one, at) =>
    items.map((item) => ({
      id: `${at} ${item.id}`,
      promptIds: item.prompt(one.label),
      texts: item.texts.map(({ ids }) => ids),
    })),
  );
  const scored = await scorer.score(all, {
    signal,
    onProgress: (progress) => onProgress?.({ ...progress, what: 'score labels', unit: 'rows' }),
  });
  const scores = labels.map((_, at) => scored.slice(at * items.length, (at + 1) * items.length));
  return { labels, items, scores };
}
