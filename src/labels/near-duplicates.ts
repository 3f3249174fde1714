import type { Label } from './types';

/** A label whose text is close to another's. */
export interface NearDuplicate {
  readonly label: Label;
  /** Edits per character of the longer text, 0 to 1, once case, punctuation and spacing are set aside. */
  readonly distance: number;
  /** The texts differ in nothing but case and spacing. */
  readonly exact: boolean;
}

/** A fifth of the characters: "leans mildly to progressive" beside "leans slightly to progressive" is found, left beside right is not. */
export const NEAR_DISTANCE = 0.2;

/** Two texts with one key are one text to a reader: case and spacing are set aside. */
export function textKey(text: string): string {
  return text.trim().toLowerCase().replace(/\s+/g, ' ');
}

/**
 * Labels whose text is within `within` of this text, nearest first: a model may not tell them apart, and what is measured under one
 * was measured under the other. Distance: Levenshtein's over the longer length. A number in which only a digit differs is no
 * near-duplicate: the digit, and its sign, is the label.
 */
export function nearDuplicates(text: string, labels: readonly Label[], within = NEAR_DISTANCE): NearDuplicate[] {
  return labels
    .map((label) => ({ label, distance: textDistance(text, label.text), exact: textKey(text) === textKey(label.text) }))
    .filter(({ label, distance, exact }) => exact || (distance <= within && numbers(text) === numbers(label.text)))
    .sort((a, b) => a.distance - b.distance);
}

/** Edits (insert, remove, replace a character) per character of the longer text, 0 to 1; case, punctuation and spacing are set aside. */
export function textDistance(left: string, right: string): number {
  const [a, b] = [[...words(left)], [...words(right)]];
  const longer = Math.max(a.length, b.length);
  if (longer === 0) return 0;
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++)
      row.push(Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    previous = row;
  }
  return previous[b.length] / longer;
}

function words(text: string): string {
  return textKey(text.replace(/[^\p{L}\p{N}\s]+/gu, ' '));
}

function numbers(text: string): string {
  return (text.match(/[+\-\u2212]?\p{N}+/gu) ?? []).join(' ');
}
