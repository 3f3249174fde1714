import { ConfigError } from '../../src/core';

/** One word of a magic's line. */
export interface Word {
  readonly text: string;
  /** `text` with every quoted or escaped character blanked: what may still act as a dash, a comma or an equals sign. */
  readonly bare: string;
}

const blank = '\0';

/**
 * Splits a magic's line as a shell would: at white space outside quotes; `'…'` keeps everything, `"…"` and bare text let `\`
 * escape (inside `"…"` only `"` and `\`, so that `"\d"` stays). Nothing is expanded. Throws ConfigError on an open quote.
 */
export function splitWords(line: string): Word[] {
  const words: Word[] = [];
  let word: { text: string; bare: string } | null = null;
  let quote: { mark: string; at: number } | null = null;
  const add = (character: string, literal: boolean) => {
    word ??= { text: '', bare: '' };
    word.text += character;
    word.bare += literal ? blank : character;
  };
  for (let at = 0; at < line.length; at++) {
    const character = line[at];
    const next = line[at + 1];
    if (quote) {
      if (character === quote.mark) quote = null;
      else if (character === '\\' && quote.mark === '"' && (next === '"' || next === '\\')) add(line[++at], true);
      else add(character, true);
    } else if (character === '"' || character === "'") {
      quote = { mark: character, at };
      word ??= { text: '', bare: '' };
    } else if (character === '\\' && next !== undefined) add(line[++at], true);
    else if (/\s/.test(character)) {
      if (word) words.push(word);
      word = null;
    } else add(character, false);
  }
  if (quote)
    throw new ConfigError(
      `splitWords: every quote must be closed, got ${quote.mark} at character ${quote.at + 1} (from ${line}). Close it, or write \\${quote.mark} for the character itself.`,
    );
  if (word) words.push(word);
  return words;
}

/** Writes any text so that `splitWords` reads it back as one word that is neither an option nor a list. */
export function quoteWord(text: string): string {
  return /^[\w./:@%+][\w./:@%+-]*$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** The pieces of a list: split at bare commas, of which one may end it. */
export function splitList(word: Word): string[] {
  const pieces: string[] = [];
  let start = 0;
  for (let at = 0; at < word.text.length; at++) {
    if (word.bare[at] !== ',') continue;
    pieces.push(word.text.slice(start, at));
    start = at + 1;
  }
  return start < word.text.length ? [...pieces, word.text.slice(start)] : pieces;
}

/** The part of a word from a position on. */
export function wordFrom(word: Word, start: number): Word {
  return { text: word.text.slice(start), bare: word.bare.slice(start) };
}
