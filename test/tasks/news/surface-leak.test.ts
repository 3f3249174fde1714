import { describe, expect, test } from 'vitest';
import { loadNews, sentenceCount, surfaceFeatures, surfaceLeak, unmeasurable } from '../../../src/tasks';
import { balancedTexts } from '../../support/balanced-texts';

describe('the audit of surfaces', () => {
  test('finds a planted leak of marks and none of length, and the other way round', () => {
    const rows = balancedTexts(1);
    const quoting = rows.map((row, i) =>
      row.labelValue.startsWith('strong') && i % 3 !== 0 ? { ...row, completion: `"So," ${row.completion}` } : row,
    );
    // Two words each way keep the mean length even.
    const found = surfaceLeak(
      quoting.map((row, i) => (i % 3 === 0 ? { ...row, completion: `So ${row.completion}` } : row)),
    );
    const of = (surface: string, target: string) =>
      found.find((leak) => leak.surface === surface && leak.target === target)!;
    expect(of('punctuation', 'strength')).toMatchObject({ leaks: true, n: 480, chance: 0.5 });
    expect(of('punctuation', 'side').leaks).toBe(false);
    const longer = rows.map((row) =>
      row.labelValue.endsWith('left') ? { ...row, completion: `One two three four ${row.completion}` } : row,
    );
    const length = surfaceLeak(longer, ['length']);
    expect(length.map(({ target, leaks }) => [target, leaks])).toEqual([
      ['profile', true],
      ['side', true],
      ['strength', false],
    ]);
  });

  test('knows the embedded articles by their quotation marks, as their card says', () => {
    const leaks = surfaceLeak(loadNews({ form: 'articles' }).examples, ['punctuation']);
    const strength = leaks.find(({ target }) => target === 'strength')!;
    expect(strength.leaks).toBe(true);
    expect(strength.accuracy).toBeGreaterThan(0.65);
    expect(strength.accuracy).toBeLessThan(0.71);
  });

  test('counts marks per 100 characters, quotation marks of every kind, words and sentences', () => {
    const text = `“No,” she said. It was 5–3; ${'x'.repeat(60)} so.`;
    expect(surfaceFeatures(text, 'length')).toEqual([8, 2]);
    const marks = surfaceFeatures(text, 'punctuation');
    expect(marks).toHaveLength(13);
    expect(marks[8] * (text.length / 100)).toBeCloseTo(2, 12);
    expect(marks[7] * (text.length / 100)).toBeCloseTo(1, 12);
    expect(marks[12]).toBe(1);
    expect(surfaceFeatures('No marks at all', 'punctuation')).toEqual(new Array(13).fill(0));
    expect(sentenceCount('He said "Go." They went (all of them.) Did 3.5 percent stay?')).toBe(3);
  });

  test('needs two domains and two profiles', () => {
    expect(unmeasurable(['a', 'b'], ['d', 'd'])).toMatch(/2 domains are needed, got 1/);
    expect(unmeasurable(['a', 'a'], ['d', 'e'])).toMatch(/2 profiles are needed, got 1/);
    expect(unmeasurable(['a', 'b'], ['d', 'e'])).toBeNull();
  });
});
