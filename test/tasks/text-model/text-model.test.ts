import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadNews, SLANT } from '../../../src/tasks';
import {
  fitLogistic,
  fitRidge,
  fitTfidf,
  groupFolds,
  minimizeLbfgs,
  occurrences,
  predictLogistic,
  predictRidge,
  sideBySide,
  takeRows,
  tfidfRow,
  transformTfidf,
} from '../../../src/tasks/text-model';

interface Golden {
  fit: number;
  fresh: number;
  kept: number[];
  terms: { word: number; char: number };
  row: { word: [string, number][]; char: [string, number][] };
  odd: { text: string; word: string[]; char: string[] }[];
  ridge: number[];
  weightedRidge: number[];
  logistic: Record<'balanced' | 'plain', { classes: string[]; probabilities: number[][] }>;
}

// Made by test/golden/text-model/make.py with scikit-learn 1.9.1.
const golden: Golden = JSON.parse(readFileSync(join(__dirname, '../../golden/text-model/text-model.json'), 'utf8'));
const word = { kind: 'word', minN: 1, maxN: 2 } as const;
const char = { kind: 'char_wb', minN: 2, maxN: 5 } as const;
const { examples } = loadNews({ form: 'briefs' });
const fit = examples.slice(0, golden.fit);
const fresh = examples.slice(golden.fit, golden.fit + golden.fresh);
const texts = fit.map((example) => example.completion);
const words = fitTfidf(texts, { analyzer: word, minDocuments: 2 });
const chars = fitTfidf(texts, { analyzer: char, minDocuments: 3 });
const matrix = (of: readonly string[]) => sideBySide([transformTfidf(words, of), transformTfidf(chars, of)]);
const fitMatrix = matrix(texts);
const freshMatrix = matrix(fresh.map((example) => example.completion));

describe('n-grams', () => {
  test.each(golden.odd)('are those of scikit-learn for $text', ({ text, word: w, char: c }) => {
    expect(occurrences(text, word).map((found) => found.term)).toEqual(w);
    expect(occurrences(text, char).map((found) => found.term)).toEqual(c);
  });
});

describe('tf-idf', () => {
  test('keeps as many terms as scikit-learn', () => {
    expect({ word: words.idf.length, char: chars.idf.length }).toEqual(golden.terms);
  });

  test('gives the values of scikit-learn to 1e-12', () => {
    for (const [tfidf, cells] of [
      [words, golden.row.word],
      [chars, golden.row.char],
    ] as const) {
      const terms = [...tfidf.columns.keys()];
      const mine = new Map(tfidfRow(tfidf, fresh[0].completion).map((cell) => [terms[cell.column], cell.value]));
      for (const [term, value] of cells) expect(mine.get(term), term).toBeCloseTo(value, 12);
    }
  });

  test('a text without known terms is a row of zeros', () => {
    expect(transformTfidf(words, ['zzz qqq', '']).values.length).toBe(0);
  });
});

describe('ridge', () => {
  const sizes = fit.map((example) => Math.abs(SLANT[example.labelValue as 'strong_left']));
  test.each([
    ['alike', 1, sizes.map(() => 1), golden.ridge],
    ['by sample weights', 2, sizes.map((_, i) => 1 + (i % 3)), golden.weightedRidge],
  ])('predicts what scikit-learn predicts to 1e-7, rows weighed %s', (_, alpha, weights, expected) => {
    const model = fitRidge(fitMatrix, sizes, alpha, weights);
    const off = [...predictRidge(model, freshMatrix)].map((y, i) => Math.abs(y - expected[i]));
    expect(off).toHaveLength(golden.fresh);
    expect(Math.max(...off)).toBeLessThan(1e-7);
  });
});

describe('multinomial logistic regression', () => {
  test.each(['balanced', 'plain'] as const)('predicts what scikit-learn predicts to 1e-5 (%s)', (kind) => {
    const rows = takeRows(fitMatrix, golden.kept);
    const targets = golden.kept.map((i) => fit[i].labelValue);
    const model = fitLogistic(rows, targets, { c: 20, balanced: kind === 'balanced', tolerance: 1e-8 });
    expect(model.classes).toEqual(golden.logistic[kind].classes);
    const off = [...predictLogistic(model, freshMatrix)].map((p, i) =>
      Math.abs(p - golden.logistic[kind].probabilities.flat()[i]),
    );
    expect(off).toHaveLength(golden.fresh * 4);
    expect(Math.max(...off)).toBeLessThan(1e-5);
  });

  test('refuses a single class', () => {
    expect(() => fitLogistic(takeRows(fitMatrix, [0, 1]), ['a', 'a'], { c: 1 })).toThrow(
      /at least 2 classes, got 1 \(a\)/,
    );
  });
});

test('L-BFGS finds the minimum of an ill-conditioned bowl', () => {
  const scale = [1, 10, 1000, 0.1];
  const { x } = minimizeLbfgs(
    new Float64Array(4),
    (at, gradient) => {
      let value = 0;
      for (let i = 0; i < 4; i++) {
        gradient[i] = scale[i] * (at[i] - i - 1);
        value += 0.5 * scale[i] * (at[i] - i - 1) ** 2;
      }
      return value;
    },
    { tolerance: 1e-9, maxSteps: 200 },
  );
  for (const [i, value] of x.entries()) expect(value).toBeCloseTo(i + 1, 7);
});

describe('group folds', () => {
  test('never part a group, and are even', () => {
    const groups = ['a', 'b', 'c', 'd', 'e'].flatMap((name, i) => new Array<string>(5 - i).fill(name));
    const folds = groupFolds(groups, 2);
    for (const name of 'abcde') expect(new Set([...folds].filter((_, i) => groups[i] === name)).size).toBe(1);
    const sizes = [0, 1].map((fold) => [...folds].filter((f) => f === fold).length);
    expect(Math.abs(sizes[0] - sizes[1])).toBeLessThanOrEqual(1);
  });

  test('refuse more folds than groups', () => {
    expect(() => groupFolds(['a', 'a'], 2)).toThrow(/got 2 folds of 1 groups/);
  });
});
