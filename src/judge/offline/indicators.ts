import type { Tfidf } from '../../tasks/text-model';
import { occurrences, tfidfRow } from '../../tasks/text-model';
import type { Indicator } from '../types';
import { blinded } from './features';
import type { LinearJudgeModel } from './linear-model';
import { POINTS_PER_SLANT } from './score';

/** An indicator of a judge that weighs its indicators. */
export interface WeighedIndicator extends Indicator {
  readonly weight: number;
}

const MOST_WORDS = 4;

/**
 * How far each word of a blinded text moved the magnitude, in points: the weight of every n-gram is shared out over its
 * occurrences and the words they lie in. The shares and the intercept add up to the unclamped magnitude.
 */
export function wordContributions(model: LinearJudgeModel, text: string): { words: string[]; points: Float64Array } {
  const seen = blinded(text);
  const words = seen.split(/\s+/).filter((word) => word !== '');
  const points = new Float64Array(words.length);
  const addPart = (tfidf: Tfidf, offset: number) => {
    const shares = new Map<number, number>();
    for (const cell of tfidfRow(tfidf, seen))
      shares.set(
        cell.column,
        (POINTS_PER_SLANT * cell.value * model.magnitude.weights[offset + cell.column]) / cell.count,
      );
    for (const { term, firstWord, endWord } of occurrences(seen, tfidf.analyzer)) {
      const column = tfidf.columns.get(term);
      if (column === undefined) continue;
      const share = shares.get(column)! / (endWord - firstWord);
      for (let word = firstWord; word < endWord; word++) points[word] += share;
    }
  };
  addPart(model.vocabulary.words, 0);
  addPart(model.vocabulary.characters, model.vocabulary.words.idf.length);
  return { words, points };
}

/**
 * The phrases that moved the magnitude most, largest first: runs of up to four neighbouring words that pull the same way,
 * each by at least a quarter of the strongest word of the text.
 */
export function topIndicators(model: LinearJudgeModel, text: string, count = 5): WeighedIndicator[] {
  const { words, points } = wordContributions(model, text);
  const least = Math.max(...points.map(Math.abs), 0) / 4;
  const runs: { first: number; end: number; weight: number }[] = [];
  for (let i = 0; i < words.length; i++) {
    if (Math.abs(points[i]) < least || points[i] === 0) continue;
    const last = runs.at(-1);
    if (
      last &&
      last.end === i &&
      last.end - last.first < MOST_WORDS &&
      Math.sign(last.weight) === Math.sign(points[i])
    ) {
      last.end = i + 1;
      last.weight += points[i];
    } else runs.push({ first: i, end: i + 1, weight: points[i] });
  }
  return runs
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight) || a.first - b.first)
    .slice(0, count)
    .map(({ first, end, weight }) => ({ phrase: trimmed(words.slice(first, end).join(' ')), weight, note: null }));
}

function trimmed(phrase: string): string {
  return phrase.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '') || phrase;
}
