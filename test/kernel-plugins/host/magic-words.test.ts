import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quoteWord, splitWords } from '../../../kernel-plugins/host';
import { splitList } from '../../../kernel-plugins/host/magic-words';
import { editDistance, nearName } from '../../../kernel-plugins/host/near-name';

const texts = (line: string) => splitWords(line).map(({ text }) => text);

describe('the words of a magic line', () => {
  test('any text that was quoted reads back as the one word it was, beside any others', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }), (words) => {
        expect(texts(words.map(quoteWord).join('  '))).toEqual(words);
      }),
    );
  });

  test('a quoted text stays one element of a list, commas and all', () => {
    const element = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 5 }), (elements) => {
        const [word, ...more] = splitWords(elements.map(quoteWord).join(','));
        expect(more).toEqual([]);
        expect(splitList(word)).toEqual(elements);
      }),
    );
  });

  test.each([
    [`a "b c" 'd "e"' f\\ g`, ['a', 'b c', 'd "e"', 'f g']],
    [`--label="20% off" x''y`, ['--label=20% off', 'xy']],
    [`"\\d+" "say \\"hi\\"" '\\d'`, ['\\d+', 'say "hi"', '\\d']],
    [`"" ''`, ['', '']],
    ['  ', []],
  ])('%s is split as a shell splits it', (line, words) => {
    expect(texts(line)).toEqual(words);
  });

  test('an open quote is refused with its place', () => {
    expect(() => splitWords(`don't`)).toThrow(/every quote must be closed, got ' at character 4 \(from don't\)/);
  });
});

describe('near names', () => {
  test('the distance is symmetric, 0 only for equal texts, and at most the longer length', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, (left, right) => {
        const distance = editDistance(left, right);
        expect(editDistance(right, left)).toBe(distance);
        expect(distance === 0).toBe(left === right);
        expect(distance).toBeLessThanOrEqual(Math.max(left.length, right.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(left.length - right.length));
      }),
    );
  });

  test('one missing, added, wrong or swapped letter leads back to the name', () => {
    const known = ['labels', 'steps', 'temperature'];
    for (const [typed, name] of [
      ['label', 'labels'],
      ['labelss', 'labels'],
      ['lebels', 'labels'],
      ['stesp', 'steps'],
      ['temp', 'temperature'],
      ['LABELS', 'labels'],
    ])
      expect(nearName(typed, known)).toBe(name);
  });

  test('a name that shares little with any is near to none', () => {
    expect(nearName('xyzzy', ['labels', 'steps'])).toBeNull();
    expect(nearName('a', ['b', 'c'])).toBeNull();
  });
});
