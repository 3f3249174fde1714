import { describe, expect, it } from 'vitest';
import { agreementChart, confusionChart, type Figure } from '../../../src/analysis/charts';
import { confusionTable, type Estimate } from '../../../src/analysis/stats';
import { ConfigError } from '../../../src/core';

const hostile = '<b>bold</b> & <a href="javascript:alert(1)">x</a>';
const textsOf = ({ layout }: Figure) =>
  (layout.annotations ?? []).map(({ text }) => String(text).replaceAll('<br>', ' ')).join('\n');
const table = confusionTable<string>({
  left: ['PASS', 'PASS', 'FAIL', 'FAIL', 'PASS'],
  right: ['PASS', 'FAIL', 'FAIL', 'FAIL', null],
  categories: ['PASS', 'FAIL'],
});
const names = { left: 'ann', right: 'judge' };
const confusion = confusionChart({ title: 'Same on 3 of 4', table, names, unit: 'texts' });
const estimate: Estimate = {
  estimate: 0.6,
  low: -0.4,
  high: 0.8,
  level: 0.95,
  method: 'BCa bootstrap over items',
  n: 30,
  reason: null,
};
const lines = [
  { name: 'ann and judge', kind: 'human-judge', estimate },
  {
    name: 'a and b',
    kind: 'human-human',
    estimate: { ...estimate, estimate: null, low: null, high: null, reason: 'none' },
  },
];
const agreement = agreementChart({ title: 'A finding', measure: 'kappa', unit: 'texts', lines });

describe.each(Object.entries({ confusion, agreement }))('%s', (_, figure) => {
  it('is plain JSON, 848 px wide, and has words for those who cannot see it', () => {
    expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
    expect(figure.layout.width).toBe(848);
    expect(figure.alt.length).toBeGreaterThan(40);
  });
});

describe('the confusion chart', () => {
  it('writes counts, shares of rows and totals; agreement is framed', () => {
    expect(textsOf(confusion)).toMatch(/<b>1<\/b> 50%\n<b>1<\/b> 50%\n<b>0<\/b> 0%\n<b>2<\/b> 100%/);
    expect((confusion.layout.shapes ?? []).map(({ line }) => line?.color)).toEqual([
      '#262626',
      '#ffffff',
      '#ffffff',
      '#262626',
    ]);
  });
  it('says n, the interval of agreement, its method, and what was left out', () => {
    expect(textsOf(confusion)).toMatch(
      /n = 4 texts each · intervals: 95% Wilson score · same category: 0\.75 \[0\.30, 0\.95\]/,
    );
    expect(textsOf(confusion)).toMatch(/left out: 1 rated by ann alone, 0 by judge alone, 0 by neither/);
  });
  it('the deeper, the larger the share of the row: one hue, told apart without colour', () => {
    const depths = (confusion.layout.shapes ?? []).map(({ fillcolor }) => Number(/([\d.]+)\)$/.exec(fillcolor!)![1]));
    expect(depths[3]).toBeGreaterThan(depths[0]);
    expect(depths[0]).toBeGreaterThan(depths[2]);
  });
  it('an empty table is an error', () => {
    const empty = confusionTable<string>({ left: [null], right: ['PASS'], categories: ['PASS', 'FAIL'] });
    expect(() => confusionChart({ title: 'x', table: empty, names })).toThrow(ConfigError);
  });
  it('hostile names reach Plotly escaped', () => {
    const figure = confusionChart({ title: hostile, table, names: { left: hostile, right: hostile }, note: hostile });
    const { alt: _, ...drawn } = figure;
    expect(JSON.stringify(drawn)).not.toMatch(/<a|<b>bold/);
  });
});

describe('the agreement chart', () => {
  it('a missing value leaves its line empty and the caption says why', () => {
    expect(textsOf(agreement)).toMatch(/n = 30 texts each .* missing \(none\): a and b/);
    const human = agreement.data.find((one) => (one as { name?: string }).name === 'human-human') as { x: unknown[] };
    expect(human.x).toEqual([null]);
  });
  it('shows an interval that reaches below chance whole', () => {
    expect((agreement.layout.xaxis!.range as number[])[0]).toBeLessThan(-0.4);
  });
  it('kinds differ in colour and in symbol; hostile names are escaped; no lines are an error', () => {
    const marks = agreement.data.map((one) => (one as { marker: { color: string; symbol: string } }).marker);
    expect(new Set(marks.map(({ color }) => color)).size).toBe(2);
    expect(new Set(marks.map(({ symbol }) => symbol)).size).toBe(2);
    const figure = agreementChart({
      title: hostile,
      measure: hostile,
      lines: [{ name: hostile, kind: hostile, estimate }],
    });
    const { alt: _, ...drawn } = figure;
    expect(JSON.stringify(drawn)).not.toMatch(/<a|<b>bold/);
    expect(() => agreementChart({ title: 'x', measure: 'y', lines: [] })).toThrow(ConfigError);
  });
});
