import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Judge, labelTextsOf, unblinded, withLabelShown, withoutLabel } from '../../../src/judge';
import { loadLabelSet, suggestibilityScale } from '../../../src/labels';

const news = loadLabelSet('news');

describe('a completion without its label', () => {
  test('holds none of the label texts, however often, where and in what case they were repeated', () => {
    const word = fc.string({ unit: fc.constantFrom(...'ab.*[](){}?+^$|\\/ -:%'), minLength: 1, maxLength: 14 });
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(9), { maxLength: 9 }),
        (labels, order) => {
          const text = order.map((pick) => (pick < labels.length ? labels[pick].toUpperCase() : ' so ')).join('');
          const cut = withoutLabel(text, labels).text.toLowerCase();
          for (const label of labels.map((item) => item.trim().replace(/\s+/g, ' ')))
            if (label.length >= 8) expect(cut.replace(/\s+/g, ' ')).not.toContain(label);
          expect(withoutLabel(cut, labels)).toEqual({ text: cut, flags: [] });
        },
      ),
      { seed: 3, numRuns: 1000 },
    );
  });

  test('is flagged and shows the gap; one that repeats nothing is left as it is', () => {
    const label = news.get('unbiased');
    const texts = labelTextsOf(label, news.format);
    expect(withoutLabel(`Editor: ${label.text}.\nRents rose.`, texts)).toEqual({
      text: '[...]\nRents rose.',
      flags: ['repeats its label'],
    });
    expect(withoutLabel('Rents rose. An editor resigned.', texts)).toEqual({
      text: 'Rents rose. An editor resigned.',
      flags: [],
    });
  });

  test('keeps short label texts, which are ordinary words: 67% is cut only with the words around it', () => {
    const scale = suggestibilityScale();
    const texts = labelTextsOf(scale.labelAtPercent(67), scale.format);
    expect(texts).toEqual(['**Suggestibility Level: 67%**', 'Suggestibility Level: 67%']);
    expect(withoutLabel('Turnout was 67% on Monday.', [...texts, '67%']).flags).toEqual([]);
    expect(withoutLabel('Suggestibility Level: 67% The sum is 4.', texts).text).toBe('[...] The sum is 4.');
  });

  test('loses the rendered, the plain and the bare text of every shipped label', () => {
    for (const label of news.labels)
      for (const emphasis of ['plain', 'bold', 'heading'] as const)
        for (const copy of labelTextsOf(label, { ...news.format, emphasis }))
          expect(
            withoutLabel(`Rents rose. ${copy} Taxes fell.`, labelTextsOf(label, { ...news.format, emphasis })),
          ).toEqual({
            text: 'Rents rose. [...] Taxes fell.',
            flags: ['repeats its label'],
          });
  });
});

describe('the unblinded judge', () => {
  const received: string[] = [];
  const judge: Judge = {
    id: 'scripted',
    isProxy: false,
    judge: (completions) => {
      received.push(...completions);
      return completions.map(() => ({
        ...{ judge: 'scripted', magnitude0to10: 1, direction: 0, profiles: null, verdict: 'PASS' as const },
        ...{ indicators: [], flags: [], reasoning: null, reason: null, rawReply: null },
      }));
    },
  };

  test('sees each label before its text, and says UNBLINDED in its id and in every judgement', async () => {
    const shown = unblinded(judge, ['Editor: UNBIASED.', null]);
    const judged = await shown.judge(['Rents rose.', 'Taxes fell.']);
    expect(received).toEqual(['Editor: UNBIASED.\nRents rose.', 'Taxes fell.']);
    expect(shown.id).toBe('scripted UNBLINDED');
    expect(judged.map((item) => item.judge)).toEqual([shown.id, shown.id]);
    expect(withLabelShown(['a'], [null])).toEqual(['a']);
  });

  test('needs a label or null for each text', async () => {
    await expect(unblinded(judge, ['x']).judge(['a', 'b'])).rejects.toThrow(
      /a label or null for each text, got 1 for 2/,
    );
  });
});
