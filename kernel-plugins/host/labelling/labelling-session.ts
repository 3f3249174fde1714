import { RandomStream } from '../../../src/core';
import type { Verdict } from '../../../src/judge';

/** A text to be rated, and nothing of where it came from. */
export interface TextToLabel {
  readonly textId: string;
  readonly text: string;
  /** What the text is about, if the rater is to know it; null otherwise. */
  readonly topic: string | null;
}

/** What a rater says of a text; null until it is said. */
export interface Rating {
  readonly magnitude0to10: number | null;
  readonly verdict: Verdict | null;
}

export interface CompleteRating extends Rating {
  readonly textId: string;
  readonly magnitude0to10: number;
  readonly verdict: Verdict;
}

const nothing: Rating = { magnitude0to10: null, verdict: null };

/** What a key does, beside the digits. */
const verdictKeys: Readonly<Record<string, Verdict>> = { p: 'PASS', a: 'PARTIAL', f: 'FAIL' };

/**
 * The texts that all raters get, in the order of one rater. Which ones depends on the seed and on the set of texts alone, not on how
 * they are listed: a list is often sorted by arm. Raters get different orders, so that fatigue falls on different texts.
 */
export function labellingOrder(
  texts: readonly TextToLabel[],
  { n, rater, seed }: { readonly n: number; readonly rater: string; readonly seed: number | string },
): TextToLabel[] {
  const byId = new Map(texts.map((text) => [text.textId, text]));
  const sorted = [...byId.values()].sort((left, right) => (left.textId < right.textId ? -1 : 1));
  const random = new RandomStream(seed).fork('labelling');
  const chosen = random.fork('texts').shuffled(sorted).slice(0, n);
  return random.fork('order').fork(rater).shuffled(chosen);
}

/** One rater's way through the texts: where it is, what was said, what comes next. */
export class LabellingSession {
  private readonly said = new Map<string, CompleteRating>();
  private readonly skipped = new Set<string>();
  private at: number;
  private partial: Rating = nothing;
  private isStopped = false;

  constructor(
    readonly texts: readonly TextToLabel[],
    /** What this rater said in earlier sessions; the last of a text counts. */
    earlier: readonly (Rating & { readonly textId: string })[],
    /** Keeps a rating; if it throws, the text stays where it is. */
    private readonly write: (rating: CompleteRating) => void,
  ) {
    const known = new Set(texts.map(({ textId }) => textId));
    for (const { textId, magnitude0to10, verdict } of earlier)
      if (known.has(textId) && magnitude0to10 !== null && verdict !== null)
        this.said.set(textId, { textId, magnitude0to10, verdict });
    this.at = this.nextFrom(0);
  }

  /** The text to be rated now; null when nothing is left, or the rater has stopped. */
  get current(): TextToLabel | null {
    return this.isStopped ? null : (this.texts[this.at] ?? null);
  }

  /** The place of the present text, from 1. */
  get place(): number {
    return this.at + 1;
  }

  /** What has been said of the present text and is not yet complete. */
  get draft(): Rating {
    return this.partial;
  }

  /** What was said of the present text before it was opened again. */
  get before(): CompleteRating | null {
    return this.said.get(this.texts[this.at]?.textId) ?? null;
  }

  get ratings(): readonly CompleteRating[] {
    return this.texts.flatMap(({ textId }) => this.said.get(textId) ?? []);
  }

  get skippedCount(): number {
    return this.skipped.size;
  }

  get canGoBack(): boolean {
    return this.at > 0;
  }

  /** Adds to what is said of the present text. When all is said it is written, and the next text comes. */
  say(part: Partial<Rating>): void {
    const { current } = this;
    if (current === null) return;
    this.partial = { ...this.partial, ...part };
    const { magnitude0to10, verdict } = this.partial;
    if (magnitude0to10 === null || verdict === null) return;
    const rating = { textId: current.textId, magnitude0to10, verdict };
    this.write(rating);
    this.said.set(current.textId, rating);
    this.skipped.delete(current.textId);
    this.move(this.nextFrom(this.at + 1));
  }

  /** Leaves the present text out of this session; a later one asks for it again. */
  skip(): void {
    const { current } = this;
    if (current === null) return;
    if (!this.said.has(current.textId)) this.skipped.add(current.textId);
    this.move(this.nextFrom(this.at + 1));
  }

  /** Opens the text before the present one again; what is said then takes the place of what was. */
  back(): void {
    if (this.current !== null && this.canGoBack) this.move(this.at - 1);
  }

  stop(): void {
    this.isStopped = true;
  }

  /** Does what a key stands for: `0` to `9`, `t` for ten, `p` `a` `f` for the verdicts, `s` skip, `b` back. Others do nothing. */
  press(key: string): void {
    const low = key.toLowerCase();
    if (/^\d$/.test(low)) this.say({ magnitude0to10: Number(low) });
    else if (low === 't') this.say({ magnitude0to10: 10 });
    else if (Object.hasOwn(verdictKeys, low)) this.say({ verdict: verdictKeys[low] });
    else if (low === 's') this.skip();
    else if (low === 'b') this.back();
  }

  private move(to: number): void {
    this.at = to;
    this.partial = nothing;
  }

  /** The next text of which nothing is said, from a place on and then from the start; past the end if there is none. */
  private nextFrom(place: number): number {
    const isOpen = ({ textId }: TextToLabel) => !this.said.has(textId) && !this.skipped.has(textId);
    const later = this.texts.findIndex((text, at) => at >= place && isOpen(text));
    const found = later >= 0 ? later : this.texts.findIndex(isOpen);
    return found >= 0 ? found : this.texts.length;
  }
}
