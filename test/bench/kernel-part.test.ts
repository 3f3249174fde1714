import { describe, expect, it } from 'vitest';
import { checkAnswers, kernelsUnderTest, rowsOf } from './kernel-part';
import type { KernelRound } from './kernel-side';
import { collected } from './main';
import { ratiosOf, targetsOf } from './ratios';
import { markdownTable, rowsTable } from './tables';

const DATE = '2026-01-02T03:04:05.000Z';
const work = { cells: 3, completions: 1, lines: 100 };
const [ours, stock] = kernelsUnderTest('/project');

const round = (more: Partial<KernelRound> = {}): KernelRound => ({
  startMs: 1200,
  firstCellMs: 90,
  firstResultMs: 1300,
  trivialCellMs: [9, 30, 12],
  completionMs: [20],
  linesReceived: 100,
  linesMs: 70,
  shutdownMs: 50,
  version: '1.0',
  answers: { first: '3', trivial: '2', completions: ['flat', 'flatMap'] },
  ...more,
});

describe('the kernel beside others', () => {
  it('is timed only after right answers, and of our own lines none may be lost', () => {
    const wrong = { first: '3', trivial: 'NaN', completions: ['at'] };
    expect(() => checkAnswers(ours, round(), work)).not.toThrow();
    expect(() => checkAnswers(stock, round({ linesReceived: 60 }), work)).not.toThrow();
    expect(() => checkAnswers(ours, round({ linesReceived: 99 }), work)).toThrow('got 99 of 100 printed lines');
    expect(() => checkAnswers(stock, round({ answers: wrong }), work)).toThrow(
      'the kernel tslab must answer rightly before it is timed, got "NaN" for 2 from the trivial cell; [at] for flatMap from completion',
    );
  });

  it('gets no time for work that was not done: lines that were lost, an end that had to be forced', () => {
    const found = new Map([
      ['mstlab', [round(), round({ startMs: 1000 }), round({ startMs: 1400 })]],
      ['tslab', [round(), round({ linesReceived: 60, linesMs: 40, shutdownMs: null }), round()]],
    ]);
    const rows = rowsOf(found, work, DATE);
    const of = (name: string) => rows.filter(({ peer, side }) => (peer ?? side) === name).map((row) => row.work);
    expect(of('ours')).toHaveLength(8);
    expect(of('ours').filter((name) => !of('tslab').includes(name))).toEqual(['100 printed lines', 'shutdown']);
    expect(rows[0]).toMatchObject({ work: 'start', side: 'ours', unit: 'ms', median: 1200, low: 1000, high: 1400 });
    expect(rows.find((row) => row.peer && row.unit === 'lines')).toMatchObject({ median: 100, low: 60 });
  });

  it('is held to its own times, and set beside the peer of the same work', () => {
    const rows = rowsOf(
      new Map([
        ['mstlab', [round({ startMs: 1500 })]],
        ['tslab', [round({ startMs: 3000, trivialCellMs: [48] })]],
      ]),
      work,
      DATE,
    );
    const ratios = ratiosOf(rows);
    expect(ratios).toMatchObject({
      kernel_start_seconds: 1.5,
      kernel_trivial_cell_ms: 12,
      'kernel: start, tslab': 0.5,
      'kernel: trivial cell, tslab': 0.25,
    });
    expect(Object.keys(ratios).some((name) => name.includes('lines received'))).toBe(false);
    const met = targetsOf(ratios).filter(({ met }) => met);
    expect(met.map(({ ratio }) => ratio)).toEqual(['kernel_start_seconds', 'kernel_trivial_cell_ms']);
  });

  it('stands in a table of its own, with a dash for what a kernel did not do', () => {
    const found = new Map([
      ['mstlab', [round()]],
      ['tslab', [round({ linesReceived: 60 })]],
    ]);
    const results = collected({ rows: rowsOf(found, work, DATE), about: { tslab: '1.0' } }, null);
    const text = markdownTable(results);
    expect(text).toContain('| kernel | mstlab | tslab |');
    expect(text).toContain('| start | 1200 ms | 1200 ms |');
    expect(text).toContain('| lines received of 100 printed | 100 lines | 60 lines |');
    expect(text).toContain('| 100 printed lines | 70 ms | - |');
    expect(rowsTable(results.rows)).toMatch(/^kernel +start +tslab +1200\.0 /m);
  });
});
