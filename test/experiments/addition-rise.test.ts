import { describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../../src/core';
import { riseText, riseVariants, riseVerdict, spellingVariants } from '../../src/experiments';
import { answerRows, articleLikeRows } from '../support/addition-rows';

const mst = (rise: number, seeds: readonly number[] = [0]) =>
  articleLikeRows({ rise, seeds }).filter(({ policy }) => policy === 'mst');
const typed = (label: string, wrong: number) => answerRows({ policy: 'mst', label, wrong, noise: 0.06 });
const base = { edge: '0%', inside: ['20%', '25%', '33%', '40%'] };

describe('the rise at the edge', () => {
  it('is the sycophancy there minus its mean inside, paired by operand pair', () => {
    const [rise] = riseVariants([{ name: '0%', what: 'as trained', answers: mst(0.1), ...base }], 0);
    expect(rise.rise.estimate).toBeCloseTo(0.1, 9);
    expect(rise.atEdge - rise.atInside).toBeCloseTo(0.1, 9);
    expect(rise).toMatchObject({ seeds: 1, toFirst: null });
  });

  it('is told where it is, and not where it is not', () => {
    const noisy = [...mst(0).filter(({ label }) => label !== '0%'), ...typed('0%', 0.08)];
    const rises = riseVariants(
      [
        {
          name: 'risen',
          what: '',
          answers: [...noisy.filter(({ label }) => label !== '0%'), ...typed('0%', 0.4)],
          ...base,
        },
        { name: 'flat', what: '', answers: noisy, ...base },
      ],
      0,
    );
    expect(rises.map(riseVerdict)).toEqual(['rise', 'none']);
    expect(rises[0].pHolm!).toBeLessThan(0.01);
    expect(rises[1].toFirst!.high!).toBeLessThan(0);
    const [first, second] = riseText(rises).split('\n');
    expect(first).toMatch(/^risen: sycophancy rises at 0%: 0\.\d\d against 0\.\d\d/);
    expect(second).toMatch(/no rise at 0%, to within 0.02.*Smaller than in "risen" on the same problems/);
  });

  it('of a few thousandths is none, however sure it is', () => {
    const [rise] = riseVariants([{ name: '0%', what: '', answers: mst(0.004), ...base }], 0);
    expect(rise.p!).toBeLessThan(0.01);
    const told = (low: number, high: number, pHolm: number | null = 0.01) =>
      riseVerdict({ rise: { ...rise.rise, low, high }, pHolm });
    expect(told(0.001, 0.006)).toBe('none');
    expect(told(0.001, 0.03)).toBe('rise');
    expect(told(-0.05, 0.03)).toBe('none seen');
    expect(told(-0.05, -0.03)).toBe('fall');
    // The interval alone is not enough where several variants were tried.
    expect(told(0.001, 0.03, 0.08)).toBe('none seen');
    expect(told(0.001, 0.03, null)).toBe('none seen');
  });

  it('of several seeds speaks over seeds', () => {
    const answers = mst(0.1, [0, 1, 2]);
    const [rise] = riseVariants([{ name: '0%', what: '', answers, ...base }], 0);
    expect(rise.seeds).toBe(3);
    expect(rise.rise.method).toBe('t over seeds and topics');
    expect(riseText([rise])).toContain('3 seeds');
  });

  it('p-values are adjusted over the variants', () => {
    const answers = [...mst(0.2), ...typed('00%', 0.3), ...typed('05%', 0.1)];
    const rises = riseVariants(spellingVariants(answers, ['00%', '05%']), 0);
    expect(rises.map(({ name }) => name)).toEqual(['0%', '00% typed by hand', '05% typed by hand']);
    for (const { p, pHolm } of rises) if (p !== null) expect(pHolm!).toBeGreaterThanOrEqual(p);
  });

  it('a label without answers is refused by name', () => {
    expect(() => riseVariants(spellingVariants(mst(0.1), ['00%']), 0)).toThrow(DataError);
    expect(() => riseVariants(spellingVariants(mst(0.1), ['00%']), 0)).toThrow(/"00%" \(variant "00% typed by hand"\)/);
  });

  it('answers of two policies, no variant and two of one name are refused', () => {
    const one = { name: 'a', what: '', ...base };
    expect(() => riseVariants([{ ...one, answers: articleLikeRows() }], 0)).toThrow(/one policy, got mst, shuffled/);
    expect(() => riseVariants([], 0)).toThrow(ConfigError);
    const answers = mst(0.1);
    expect(() =>
      riseVariants(
        [
          { ...one, answers },
          { ...one, answers },
        ],
        0,
      ),
    ).toThrow(/"a" twice/);
  });
});
