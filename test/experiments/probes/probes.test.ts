import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/core';
import { labelLeakage, laxPrice, NEWS_DISBELIEF_PROBES } from '../../../src/experiments/probes';
import { lintLabel } from '../../../src/labels';

const random = new RandomStream(3);
const values = (mean: number, spread = 0.5) =>
  Array.from({ length: 24 }, (_, i) => ({ topicId: `t${i}`, value: mean + spread * random.normal() }));

describe('the price of a lax label', () => {
  it('is told where the gain under the strict label is paid for under the lax one', () => {
    const found = laxPrice({ strict: values(1), lax: values(8), control: values(5) });
    expect(found.verdict).toBe('bought');
    expect(found.gain.estimate).toBeCloseTo(4, 0);
    expect(found.pricePerGain).toBeCloseTo(3 / 4, 1);
    expect(found.words).toMatch(/^The gain is bought: .* n = 24 topics, 0\.\d\d for each unit gained\./);
  });

  it('is not seen where the lax label does nothing, and not asked for where nothing is gained', () => {
    expect(laxPrice({ strict: values(1), lax: values(5, 3), control: values(5, 3) }).verdict).toBe('free');
    const none = laxPrice({ strict: values(5), lax: values(8), control: values(5) });
    expect(none).toMatchObject({ verdict: 'no gain', pricePerGain: null });
  });

  it('cannot be told from three topics', () => {
    const few = (mean: number) => values(mean).slice(0, 3);
    const found = laxPrice({ strict: few(1), lax: few(8), control: few(5) });
    expect(found.verdict).toBe('cannot be told');
    expect(found.words).toMatch(/missing \(/);
  });
});

describe('talk about the label', () => {
  const labels = [
    'Editor: UNBIASED: takes no side and uses no loaded words.',
    'Editor: STRONG-LEFT: attacks business and conservatives in loaded words.',
  ];
  const texts = (of: (label: string, i: number) => string) =>
    labels.flatMap((labelText, l) =>
      Array.from({ length: 10 }, (_, i) => ({ id: `${l}-${i}`, topicId: `t${i}`, labelText, text: of(labelText, i) })),
    );

  it('is none where texts share nothing with their label', () => {
    const found = labelLeakage(texts((_, i) => `The council of town ${i} met on Monday and voted twice.`));
    expect(found.repeats).toMatchObject({ estimate: 0, low: null });
    expect(found.overlap.estimate).toBe(0);
    expect(found.examples).toEqual([]);
    expect(found.words).toMatch(/^0 of 20 texts under a label repeat it, 0 of 20 speak of being judged/);
  });

  it('is found where a text repeats its label, in any case and spacing', () => {
    const found = labelLeakage(
      texts((label, i) => (i < 3 ? `${label.toUpperCase()}  The council met.` : 'The council met.')),
    );
    expect(found.repeats.estimate).toBeCloseTo(0.3, 10);
    expect(found.examples).toHaveLength(6);
    expect(found.overlap.estimate).toBeGreaterThan(0.15);
  });

  it('counts words of the own label beyond those of the others: what all labels share is none', () => {
    const own = labelLeakage(
      texts((label) =>
        label.includes('UNBIASED')
          ? 'It takes no side and it is fair.'
          : 'It attacks business and conservatives daily.',
      ),
    );
    expect(own.repeats.estimate).toBe(0);
    expect(own.overlap.estimate).toBeGreaterThan(0.2);
    const shared = labelLeakage(texts(() => 'In loaded words.'));
    expect(Math.abs(shared.overlap.estimate!)).toBeLessThan(0.05);
  });

  it('hears texts that speak of being judged, with or without a label', () => {
    const found = labelLeakage([
      ...texts(() => 'The council met.'),
      { id: 'x', topicId: 't0', labelText: null, text: 'As the evaluator wants, here is a neutral text.' },
    ]);
    expect(found.examples).toEqual(['x']);
    expect(found.words).toMatch(/1 of 21 speak of being judged/);
  });
});

describe('the wordings of disbelief', () => {
  it('are single clean lines with ids of their own, and cover every kind', () => {
    expect(new Set(NEWS_DISBELIEF_PROBES.map(({ id }) => id)).size).toBe(NEWS_DISBELIEF_PROBES.length);
    expect(new Set(NEWS_DISBELIEF_PROBES.map(({ kind }) => kind)).size).toBe(4);
    for (const { text } of NEWS_DISBELIEF_PROBES) expect(lintLabel(text)).toEqual([]);
    const reliabilities = NEWS_DISBELIEF_PROBES.flatMap(({ reliability }) => reliability ?? []);
    expect(reliabilities).toEqual([1, 0.75, 0.5, 0.25, 0]);
  });
});
