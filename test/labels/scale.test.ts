import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/core';
import {
  customLabel,
  lintLabel,
  lintLabels,
  renderLabel,
  SCALE_ENCODINGS,
  suggestibilityScale,
} from '../../src/labels';

/** Half of the last digit written, in percent; half of a seventh for the words. */
const ROUNDING = {
  percent: 0.5,
  'percent-padded': 0.5,
  'percent-two-digits': 1,
  'percent-three-digits': 0.5,
  'percent-decimal': 0.05,
  fraction: 0.5,
  words: 100 / 14,
};
const percents = fc.double({ min: 0, max: 100, noNaN: true });

describe.each(SCALE_ENCODINGS)('the scale in %s', (encoding) => {
  const scale = suggestibilityScale({ encoding });

  test('announces what it was asked for, within its rounding', () => {
    fc.assert(
      fc.property(percents, (percent) => {
        const announced = scale.percentOf(scale.labelAtPercent(percent))!;
        expect(Math.abs(announced - percent)).toBeLessThanOrEqual(ROUNDING[encoding] + 1e-9);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  test('never announces less for more', () => {
    fc.assert(
      fc.property(percents, percents, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((p) => scale.percentOf(scale.labelAtPercent(p))!);
        expect(low).toBeLessThanOrEqual(high);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  test('gives a number the label of its share of 1.5', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1.5, noNaN: true }), (s) => {
        expect(scale.label(s)).toEqual(scale.labelAtPercent((s / 1.5) * 100));
      }),
      { seed: 7 },
    );
  });

  test('sweeps distinct labels from one end to the other, each after the one before', () => {
    const sweep = scale.sweep();
    const announced = sweep.map((label) => scale.percentOf(label)!);
    expect(new Set(sweep.map(({ id }) => id)).size).toBe(sweep.length);
    expect(announced).toEqual([...new Set(announced)].sort((a, b) => a - b));
    expect(sweep[0].text).toBe(scale.label(0).text);
    expect(sweep.at(-1)!.text).toBe(scale.label(1.5).text);
  });

  test('writes clean lines only, no two alike in a sweep', () => {
    const tenths = Array.from({ length: 1001 }, (_, tenth) => scale.labelAtPercent(tenth / 10));
    expect(tenths.flatMap(({ text }) => lintLabel(text))).toEqual([]);
    expect(lintLabels(scale.sweep())).toEqual([]);
  });

  test.each([-0.001, 1.501, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %d', (value) => {
    expect(() => scale.label(value)).toThrow(ConfigError);
    expect(() => scale.label(value)).toThrow(new RegExp(`0 to 1\\.5 .*got ${value} \\(${encoding}\\)`));
  });

  test('refuses percentages under 0, over 100 and NaN', () => {
    for (const percent of [-0.1, 100.1, Number.NaN]) expect(() => scale.labelAtPercent(percent)).toThrow(ConfigError);
  });

  test('does not know labels that were worded by hand or for another scale', () => {
    expect(scale.percentOf(customLabel('low', 'not at all'))).toBeNull();
    expect(scale.percentOf({ ...scale.label(1), wording: 'custom-12345678' })).toBeNull();
    expect(scale.percentOf({ ...scale.label(1), text: '67 of 100' })).toBeNull();
    const others = SCALE_ENCODINGS.filter((other) => other !== encoding);
    for (const other of others) expect(scale.percentOf(suggestibilityScale({ encoding: other }).label(1))).toBeNull();
  });
});

test.each([
  ['percent', 0.1, '7%'],
  ['percent', 1, '67%'],
  ['percent-padded', 0.1, '07%'],
  ['percent-padded', 1.5, '100%'],
  ['percent-three-digits', 0.1, '007%'],
  ['percent-three-digits', 1.5, '100%'],
  ['percent-two-digits', 0.1, '07%'],
  ['percent-two-digits', 1.5, '99%'],
  ['percent-decimal', 0.1, '6.7%'],
  ['fraction', 0.15, '0.10'],
  ['fraction', 1.5, '1.00'],
  ['words', 0, 'none'],
  ['words', 0.75, 'medium'],
  ['words', 1.5, 'total'],
] as const)('in %s %d is written %s', (encoding, value, text) => {
  expect(suggestibilityScale({ encoding }).label(value).text).toBe(text);
});

test('the label is bold at the head of the turn unless told otherwise', () => {
  const scale = suggestibilityScale();
  expect(renderLabel(scale.label(1), scale.format)).toBe('**Suggestibility Level: 67%**');
  expect(scale.format.placement).toBe('user-prefix');
  const other = suggestibilityScale({ emphasis: 'plain', placement: 'system' });
  expect(renderLabel(other.label(1), other.format)).toBe('Suggestibility Level: 67%');
  expect(other.format.placement).toBe('system');
});

test('the sweep holds both sides of 66.7% and every 5% below a third', () => {
  expect(
    suggestibilityScale()
      .sweep()
      .map(({ value }) => Number(value)),
  ).toEqual([0, 5, 10, 15, 20, 25, 33, 40, 50, 60, 66, 70, 75, 85, 100]);
});

test('an encoding that does not exist is refused by name', () => {
  expect(() => suggestibilityScale({ encoding: 'roman' as 'words' })).toThrow(/one of percent, .* got "roman"/);
});
