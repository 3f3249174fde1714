import { fitTfidf, type SparseRows, sideBySide, type Tfidf, transformTfidf } from '../../tasks/text-model';

/** The two vocabularies of the judge: words (1 to 2) and characters inside words (2 to 5). */
export interface JudgeVocabulary {
  readonly words: Tfidf;
  readonly characters: Tfidf;
}

export const WORD_ANALYZER = { kind: 'word', minN: 1, maxN: 2 } as const;
export const CHARACTER_ANALYZER = { kind: 'char_wb', minN: 2, maxN: 5 } as const;

// Neutral verbs of speech. Verbs that take a stand themselves (claimed, slammed, warned) are evidence and stay.
const SPEECH = /\b(?:say|says|said|saying|tell|tells|told|telling|stated|added|remarked)\b/gi;
const QUOTES = /["“”„‟«»‹›〝〞＂]|(?<![\p{L}\p{N}])['‘’‚‛`´]+|['‘’‚‛`´]+(?![\p{L}\p{N}])/gu;
const MARKUP = /<!--[\s\S]*?-->|<\/?[a-z][^<>]*>/gi;

/**
 * What the judge sees of a text: no quotation marks and no neutral verb of speech (in the training texts strong articles
 * quote people twice as often as center ones, which is style and not slant), no markup, and plain apostrophes.
 */
export function blinded(text: string): string {
  return text
    .replace(MARKUP, ' ')
    .replace(QUOTES, ' ')
    .replace(/[‘’‛´`]/g, "'")
    .replace(SPEECH, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Fits both vocabularies on texts, which are blinded first. */
export function fitVocabulary(
  texts: readonly string[],
  minDocuments: { words: number; characters: number },
): JudgeVocabulary {
  const seen = texts.map(blinded);
  return {
    words: fitTfidf(seen, { analyzer: WORD_ANALYZER, minDocuments: minDocuments.words }),
    characters: fitTfidf(seen, { analyzer: CHARACTER_ANALYZER, minDocuments: minDocuments.characters }),
  };
}

/** Texts → [N, words + characters], each text blinded first. */
export function judgeFeatures(vocabulary: JudgeVocabulary, texts: readonly string[]): SparseRows {
  const seen = texts.map(blinded);
  return sideBySide([transformTfidf(vocabulary.words, seen), transformTfidf(vocabulary.characters, seen)]);
}
