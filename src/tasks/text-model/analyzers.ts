/** A feature occurrence in a text: its name and the half-open range of white-space words it lies in. */
export interface Occurrence {
  readonly term: string;
  readonly firstWord: number;
  readonly endWord: number;
}

export type Analyzer =
  | { readonly kind: 'word'; readonly minN: number; readonly maxN: number }
  | { readonly kind: 'char_wb'; readonly minN: number; readonly maxN: number };

// Python's \w: letters and numbers of any script, and the underscore. A token has two or more.
const TOKEN = /[\p{L}\p{N}_]{2,}/gu;

/** The white-space words of a text in lower case. */
export function whitespaceWords(text: string): string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

/**
 * The n-grams of a text, as scikit-learn 1.9 names them: `word` joins runs of tokens of two or more word characters with
 * a space; `char_wb` takes characters inside each white-space word padded with a space on both sides.
 * Source: scikit-learn, feature_extraction/text.py, `_word_ngrams` and `_char_wb_ngrams`.
 */
export function occurrences(text: string, analyzer: Analyzer): Occurrence[] {
  return analyzer.kind === 'word' ? wordGrams(text, analyzer) : charGrams(text, analyzer);
}

function wordGrams(text: string, { minN, maxN }: Analyzer): Occurrence[] {
  const tokens: { token: string; word: number }[] = [];
  for (const [word, source] of whitespaceWords(text).entries())
    for (const match of source.matchAll(TOKEN)) tokens.push({ token: match[0], word });
  const found: Occurrence[] = [];
  for (let n = minN; n <= maxN; n++)
    for (let i = 0; i + n <= tokens.length; i++) {
      const run = tokens.slice(i, i + n);
      found.push({
        term: run.map((item) => item.token).join(' '),
        firstWord: run[0].word,
        endWord: run[n - 1].word + 1,
      });
    }
  return found;
}

function charGrams(text: string, { minN, maxN }: Analyzer): Occurrence[] {
  const found: Occurrence[] = [];
  for (const [index, source] of whitespaceWords(text).entries()) {
    const word = Array.from(` ${source} `);
    for (let n = minN; n <= maxN; n++) {
      // A word shorter than n is one gram, counted once and not again for longer n.
      for (let i = 0; i === 0 || i + n <= word.length; i++)
        found.push({ term: word.slice(i, i + n).join(''), firstWord: index, endWord: index + 1 });
      if (word.length <= n) break;
    }
  }
  return found;
}
