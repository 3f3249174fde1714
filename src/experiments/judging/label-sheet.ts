import { ConfigError, RandomStream } from '../../core';
import { textIdOf } from './human-labels';

/** A text that could be labelled. */
export interface SheetText {
  readonly text: string;
  /** What the text is about, if the rater is to see it. */
  readonly topic?: string;
  /** What the picked texts are to be spread over in proportion, such as the arm. It is not on the sheet. */
  readonly stratum?: string;
}

/** One text as the rater sees it: no arm, no label, no judge's verdict. */
export interface SheetRow {
  readonly textId: string;
  readonly text: string;
  readonly topic?: string;
}

/**
 * Picks n texts for humans to label, blind and in random order. Every text has the same chance, which is what lets the
 * labels correct a judge; with strata each gets its share, and so does each beginning of the sheet, so that a rater may
 * stop early. The same seed with a larger n begins with the same texts. Equal texts are one.
 * Throws ConfigError for an n that is no whole number from 1 up, or without a text to label.
 */
export function labelSheet(
  texts: readonly SheetText[],
  {
    n,
    seed,
    except = [],
  }: {
    readonly n: number;
    readonly seed: number | string;
    /** Ids of texts that need no label any more. */
    readonly except?: readonly string[];
  },
): SheetRow[] {
  if (!Number.isInteger(n) || n < 1)
    throw new ConfigError(`labelSheet: n must be a whole number from 1 up, got ${n}. Say how many texts to label.`);
  const done = new Set(except);
  const byId = new Map<string, SheetText>();
  for (const text of texts) {
    const id = textIdOf(text.text);
    if (!byId.has(id)) byId.set(id, text);
  }
  const random = new RandomStream(seed).fork('label sheet');
  const strata = new Map<string, string[]>();
  for (const [id, { stratum = '' }] of byId) strata.set(stratum, [...(strata.get(stratum) ?? []), id]);
  // Each stratum's texts in random order at random places of even slots: any beginning holds its share of each stratum.
  const placed = [...strata]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([stratum, ids]) => {
      const stream = random.fork(stratum);
      return stream
        .shuffled([...ids].sort())
        .map((id, slot) => ({ id, place: (slot + stream.uniform()) / ids.length }));
    })
    .sort((a, b) => a.place - b.place)
    .filter(({ id }) => !done.has(id));
  if (placed.length === 0)
    throw new ConfigError(
      `labelSheet: there must be a text to label, got ${byId.size} texts of which all are labelled. Pass further texts.`,
    );
  return placed.slice(0, n).map(({ id }) => {
    const { text, topic } = byId.get(id)!;
    return { textId: id, text, ...(topic === undefined ? {} : { topic }) };
  });
}
