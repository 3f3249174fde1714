import { RandomStream } from '../core';
import { renderLabel } from './render';
import type { Label, LabelFormat } from './types';

/** A sentence that has nothing to do with the task. */
export interface Filler {
  readonly text: string;
  readonly tokens: number;
}

/** Counts the tokens of a text; what counts them is the caller's, labels know no tokenizer. */
export type CountTextTokens = (text: string) => number;

// Household and weather: nothing here is graded, political, a number or a request.
const SUBJECTS = [
  'The kettle',
  'A grey cat',
  'The old ladder',
  'A clay pot',
  'A wooden spoon',
  'The garden gate',
  'Some moss',
  'A paper boat',
  'The blue cup',
  'A quiet stream',
];
const VERBS = ['stands', 'rests', 'waits', 'lies', 'stays', 'sits'];
const PHRASES = [
  'near the pond',
  'by the window',
  'under the oak tree',
  'in the morning shade',
  'behind the shed',
  'on a flat stone',
  'beside the stairs',
  'after a long walk',
  'with the other things',
  'until the snow melts',
  'along the river bank',
];
const WORDS = [
  'today',
  'again',
  'now',
  'here',
  'quietly',
  'indoors',
  'outside',
  'often',
  'still',
  'too',
  'so',
  'alone',
  'as ever',
  'in May',
  'at noon',
  'overnight',
  'upstairs',
  'downhill',
];
const SHORT = [
  'Tea',
  'Moss',
  'Rain',
  'Snow',
  'Soup',
  'Wood',
  'Warm rain',
  'Tea cups',
  'Dry wood',
  'Some moss',
  'A',
  'Oh',
  'Kettles',
  'Ladders',
  'Old ladders',
];
const ATTEMPTS = 40;
const PHRASES_OF_A_SENTENCE = 3;
// 60 sentences are some 900 tokens, far more than any label.
const MOST_SENTENCES = 60;

/**
 * A sentence without bearing on any task that counts exactly `tokens` tokens, or several; where none is found, the
 * nearest, whose own count says so. `used` texts are not given again. The same seed
 * gives the same sentence.
 */
export function fillerOf(
  tokens: number,
  countTokens: CountTextTokens,
  random: RandomStream,
  used: ReadonlySet<string> = new Set(),
): Filler {
  let best: Filler | null = null;
  const offer = (text: string): boolean => {
    if (used.has(text)) return false;
    const counted = countTokens(text);
    if (best === null || Math.abs(counted - tokens) < Math.abs(best.tokens - tokens)) best = { text, tokens: counted };
    return counted === tokens;
  };
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)];
  const fits = (text: string): boolean => countTokens(text) <= tokens;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    let text = '';
    for (let sentence = 0; sentence < MOST_SENTENCES; sentence++) {
      let longer = `${text}${text && ' '}${pick(SUBJECTS)} ${pick(VERBS)}`;
      if (!fits(`${longer}.`)) break;
      for (const phrase of random.shuffled(PHRASES).slice(0, PHRASES_OF_A_SENTENCE))
        if (fits(`${longer} ${phrase}.`)) longer += ` ${phrase}`;
      text = `${longer}.`;
    }
    if (text === '') {
      const short = pick(SHORT);
      if (offer(short) || offer(`${short}.`)) break;
      continue;
    }
    // What is left is shorter than a sentence: single words, before the full stop.
    let body = text.slice(0, -1);
    for (const word of random.shuffled(WORDS)) {
      if (countTokens(`${body}.`) === tokens) break;
      if (fits(`${body} ${word}.`)) body += ` ${word}`;
    }
    if (offer(`${body}.`) || offer(body)) break;
  }
  return best ?? { text: SHORT[0], tokens: countTokens(SHORT[0]) };
}

/**
 * For every label an irrelevant sentence that takes its whole place, template and all, in as many tokens as the label as written
 * (its emphasis is kept); a sentence that could not be matched exactly is the nearest. The labels keep their values, so that
 * what stands in whose place can be read off; each sentence is another. Seeded.
 */
export function irrelevantLabels(
  labels: readonly Label[],
  setFormat: LabelFormat,
  options: { readonly countTokens: CountTextTokens; readonly seed: number | string },
): Label[] {
  const random = new RandomStream(options.seed).fork('irrelevant');
  const used = new Set<string>();
  return labels.map((label) => {
    const format: LabelFormat = { ...(label.format ?? setFormat), template: '{label}' };
    const written = (text: string): string => renderLabel({ ...label, text, format }, format);
    const wanted = options.countTokens(renderLabel(label, setFormat));
    const count: CountTextTokens = (text) => options.countTokens(written(text));
    const { text } = fillerOf(wanted, count, random.fork(label.id), used);
    used.add(text);
    const wording = `irrelevant-${label.wording}`;
    return {
      id: `${label.value}/${wording}`,
      value: label.value,
      text,
      wording,
      source: `A sentence without bearing on the task, as long as the label ${label.id}.`,
      format,
    };
  });
}

/** The codes of `nonSemanticCodes` as labels: `Code: KV-417`, in the place and emphasis of the set's labels. */
export function nonSemanticLabels(
  codes: ReadonlyMap<string, string>,
  setFormat: LabelFormat,
  wording = 'non-semantic',
): Label[] {
  const format: LabelFormat = { ...setFormat, template: 'Code: {label}' };
  return [...codes].map(([value, text]) => ({
    id: `${value}/${wording}`,
    value,
    text,
    wording,
    source: 'A code without meaning, drawn at random.',
    format,
  }));
}
