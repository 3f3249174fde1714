import { ConfigError } from '../core';
import type { Label, LabelEmphasis, LabelFormat, LabelPlacement } from './types';

/**
 * How a place on a numeric scale is written: `percent` "7%", `percent-padded` "07%", `percent-decimal` "6.7%", `fraction` "0.07",
 * `words` one of seven from "none" to "total". Of one length are `percent-two-digits` "07%", whose top is 99%, and
 * `percent-three-digits` "007%": no first digit stands for two sizes there, as that of "10%" and "100%" does.
 */
export const SCALE_ENCODINGS = [
  'percent',
  'percent-padded',
  'percent-two-digits',
  'percent-three-digits',
  'percent-decimal',
  'fraction',
  'words',
] as const;
export type ScaleEncoding = (typeof SCALE_ENCODINGS)[number];

/** Labels for the numbers of a scale. */
export interface LabelScale {
  /** Such as `suggestibility/percent`. */
  readonly id: string;
  readonly encoding: ScaleEncoding;
  readonly format: LabelFormat;
  /** The numbers that stand for 0% and 100%. */
  readonly low: number;
  readonly high: number;
  /** The label of a number, rounded as the encoding does. Throws ConfigError outside low to high. */
  label(value: number): Label;
  /** The same by percent, 0 to 100. */
  labelAtPercent(percent: number): Label;
  /** What a label of this scale announces, 0 to 100; null for any other label. */
  percentOf(label: Label): number | null;
  /** The distinct labels of a sweep, low to high. */
  sweep(): readonly Label[];
}

/** Seven words, each for an equal part of the scale. */
const WORDS = ['none', 'very low', 'low', 'medium', 'high', 'very high', 'total'] as const;

/** Percentages of a sweep: every 5 where nothing is trained, both sides of 66.7, then wider. */
const SWEEP = [0, 5, 10, 15, 20, 25, 33, 40, 50, 60, 66, 70, 75, 85, 100];

/** s in [0, 1.5] onto 0 to 100, as the article maps its suggestibility. */
const HIGHEST = 1.5;

export interface EncodedPercent {
  readonly text: string;
  /** The percentage that the text stands for; a word stands for the middle of its part. */
  readonly percent: number;
}

const ENCODERS: Readonly<Record<ScaleEncoding, (percent: number) => EncodedPercent>> = {
  percent: (percent) => ({ text: `${Math.round(percent)}%`, percent: Math.round(percent) }),
  'percent-padded': (percent) => ({
    text: `${String(Math.round(percent)).padStart(2, '0')}%`,
    percent: Math.round(percent),
  }),
  'percent-two-digits': (percent) => {
    const whole = Math.min(99, Math.round(percent));
    return { text: `${String(whole).padStart(2, '0')}%`, percent: whole };
  },
  'percent-three-digits': (percent) => ({
    text: `${String(Math.round(percent)).padStart(3, '0')}%`,
    percent: Math.round(percent),
  }),
  'percent-decimal': (percent) => ({ text: `${percent.toFixed(1)}%`, percent: Number(percent.toFixed(1)) }),
  fraction: (percent) => ({ text: (percent / 100).toFixed(2), percent: Math.round(percent) }),
  words: (percent) => {
    const at = Math.min(WORDS.length - 1, Math.floor((percent / 100) * WORDS.length));
    return { text: WORDS[at], percent: ((at + 0.5) / WORDS.length) * 100 };
  },
};

/** A percentage, 0 to 100, as an encoding writes it, and the percentage that the text stands for. */
export function encodePercent(encoding: ScaleEncoding, percent: number): EncodedPercent {
  return ENCODERS[encoding](percent);
}

/**
 * The suggestibility of a monitor as a label, `**Suggestibility Level: 67%**` at the head of the user's turn: s in [0, 1.5] is
 * written as s / 1.5 of the whole. Source: the article's second experiment.
 */
export function suggestibilityScale(
  options: {
    readonly encoding?: ScaleEncoding;
    readonly emphasis?: LabelEmphasis;
    readonly placement?: LabelPlacement;
  } = {},
): LabelScale {
  const { encoding = 'percent', emphasis = 'bold', placement = 'user-prefix' } = options;
  const encode = ENCODERS[encoding];
  if (!encode)
    throw new ConfigError(
      `suggestibilityScale: the encoding must be one of ${SCALE_ENCODINGS.join(', ')}, got "${encoding}". Name one of these.`,
    );
  const of = (percent: number): Label => {
    const { text } = encode(percent);
    const value = text.replace(/%$/, '').replace(/[^a-z0-9_-]+/g, '-');
    return { id: `${value}/${encoding}`, value, text, wording: encoding, source: `The ${encoding} scale.` };
  };
  const checked = (percent: number, got: string): number => {
    if (!(percent >= 0 && percent <= 100))
      throw new ConfigError(
        `suggestibilityScale: a label must lie on its scale, 0 to ${HIGHEST} or 0% to 100%, got ${got} (${encoding}). Give a number inside it, or word a label by hand.`,
      );
    return percent;
  };
  const label = (value: number): Label => of(checked((value / HIGHEST) * 100, String(value)));
  const labelAtPercent = (percent: number): Label => of(checked(percent, `${percent}%`));
  const known = new Map<string, number>();
  for (let tenth = 0; tenth <= 1000; tenth++) {
    const { text, percent } = encode(tenth / 10);
    if (!known.has(text)) known.set(text, percent);
  }
  const grid = encoding === 'words' ? WORDS.map((_, at) => ((at + 0.5) / WORDS.length) * 100) : SWEEP;
  return {
    id: `suggestibility/${encoding}`,
    encoding,
    format: { template: 'Suggestibility Level: {label}', placement, emphasis },
    low: 0,
    high: HIGHEST,
    label,
    labelAtPercent,
    percentOf: ({ text, wording }) => (wording === encoding ? (known.get(text) ?? null) : null),
    sweep: () => grid.map(labelAtPercent),
  };
}
