import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import {
  columnOf,
  escapeHtml,
  filterRows,
  frameHtml,
  frameOf,
  frameOfRows,
  framePlain,
  groupedFrame,
  rowsOf,
  selectColumns,
  sortRows,
  visibleText,
} from '../../../src/analysis/frame';
import { ConfigError, DataError } from '../../../src/core';

const hostile = [
  `<script>alert('x')</script>`,
  '"><img src=x onerror=alert(1)>',
  '</td></tr></table><h1>PASS</h1>',
  '&lt;b&gt; & &amp;',
  'two\nlines\tand a tab',
  'trailing – dash, 漢字 and 👩‍🔬',
  '__proto__',
  '',
];

describe('a frame built by column', () => {
  it('is a danfo DataFrame that keeps float64 values and nulls', () => {
    const frame = frameOf({
      score: [1.23456789012345, null, 3],
      arm: ['mst', null, 'baseline'],
      is_pass: [true, false, null],
    });
    expect(frame.constructor.name).toBe('DataFrame');
    expect(frame.shape).toEqual([3, 3]);
    expect(frame.values).toEqual([
      [1.23456789012345, 'mst', true],
      [null, null, false],
      [3, 'baseline', null],
    ]);
    expect(frame.dtypes).toEqual(['float32', 'string', 'boolean']);
  });
  it('decides a dtype over all rows: a fraction or a text after row 20 counts', () => {
    const late = [...Array(25).fill(1), 1.5];
    expect(frameOf({ a: late, b: [...Array(25).fill(null), 'x'], c: late.map(() => 7) }).dtypes).toEqual([
      'float32',
      'string',
      'int32',
    ]);
    expect(frameOf({ a: [2 ** 31] }).dtypes).toEqual(['float32']);
  });
  it('without rows keeps its columns', () => {
    const frame = frameOf({ a_b: [], c: [] });
    expect([frame.columns, rowsOf(frame)]).toEqual([['a_b', 'c'], []]);
    expect(framePlain(frame)).toContain('a_b');
  });
  it('does not change when the arrays it was built from do', () => {
    const cells = [1, 2];
    const frame = frameOf({ a: cells });
    cells[0] = 99;
    expect(columnOf(frame, 'a')).toEqual([1, 2]);
  });
  it.each([
    ['a name that is not snake_case', { judgedScore: [1], 'x y': [1] }, ConfigError, /"judgedScore", "x y"/],
    ['a name that hides a member of DataFrame', { values: [1] }, ConfigError, /values/],
    ['no column', {}, ConfigError, /at least 1 column/],
    ['columns of unequal length', { a: [1, 2], b: [1] }, DataError, /as a \(2\), got 1 in b/],
    ['a column of mixed types', { a: [1, null, 'x'] }, DataError, /column a.*string in row 2 after number/],
    ['NaN', { a: [1, Number.NaN] }, DataError, /NaN in row 1/],
    ['undefined', { a: [undefined as unknown as null] }, DataError, /undefined in row 0/],
  ])('refuses %s', (_, columns, type, message) => {
    const build = () => frameOf(columns as unknown as Record<string, number[]>);
    expect(build).toThrow(type as typeof ConfigError);
    expect(build).toThrow(message);
  });
  it('gives hostile texts back as they were', () => {
    expect(columnOf(frameOf({ text: hostile }), 'text')).toEqual(hostile);
    expect(rowsOf(frameOfRows(rowsOf(frameOf({ text: hostile })), ['text'])).map((row) => row.text)).toEqual(hostile);
  });
});

describe('verbs avoid what danfo gets silently wrong', () => {
  const frame = frameOf({ arm: ['b', 'a', 'b', 'a'], score: [2, null, 1, 3], topic: ['t1', 't2', 't3', 't4'] });
  it('rows are read by key, whatever their order of keys', () => {
    expect(
      rowsOf(
        frameOfRows(
          [
            { a: 1, b: 'x' },
            { b: 'y', a: 2 },
          ],
          ['a', 'b'],
        ),
      ),
    ).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
    ]);
  });
  it('sorting is stable, works by several columns and puts missing cells last in both directions', () => {
    expect(columnOf(sortRows(frame, 'score'), 'score')).toEqual([1, 2, 3, null]);
    expect(columnOf(sortRows(frame, 'score', 'descending'), 'score')).toEqual([3, 2, 1, null]);
    expect(columnOf(sortRows(frame, ['arm', 'score']), 'topic')).toEqual(['t4', 't2', 't3', 't1']);
    expect(columnOf(sortRows(frame, 'arm'), 'topic')).toEqual(['t2', 't4', 't1', 't3']);
  });
  it('sorts 100,000 rows, which the quadratic sort of danfo never ends', () => {
    const many = frameOf({ x: Array.from({ length: 100_000 }, (_, at) => (at * 7919) % 100_003) });
    const sorted = columnOf(sortRows(many, 'x'), 'x') as number[];
    expect(sorted.every((x, at) => at === 0 || sorted[at - 1] < x)).toBe(true);
  });
  it('groups keep keys apart that danfo joins, and types that look alike', () => {
    const joined = groupedFrame(frameOf({ a: ['x-y', 'x'], b: ['z', 'y-z'], v: [1, 2] }), ['a', 'b'], {
      total_v: (rows) => rows.length,
    });
    expect(rowsOf(joined)).toEqual([
      { a: 'x-y', b: 'z', total_v: 1 },
      { a: 'x', b: 'y-z', total_v: 1 },
    ]);
    const missing = groupedFrame(frameOf({ a: ['null', null, 'null'] }), ['a'], { rows_n: (rows) => rows.length });
    expect(rowsOf(missing)).toEqual([
      { a: 'null', rows_n: 2 },
      { a: null, rows_n: 1 },
    ]);
  });
  it('selecting and filtering keep order and dtype', () => {
    expect(selectColumns(frame, ['topic', 'arm']).columns).toEqual(['topic', 'arm']);
    expect(
      columnOf(
        filterRows(frame, ({ score }) => score !== null),
        'topic',
      ),
    ).toEqual(['t1', 't3', 't4']);
  });
  it('an unknown column is an error that lists what there is', () => {
    expect(() => columnOf(frame, 'scores')).toThrow(/"scores".*arm, score, topic/);
  });
});

describe('HTML', () => {
  it('shows hostile texts as text: parsed back, cells are the strings and no element was added', () => {
    const { document } = new JSDOM(frameHtml(frameOf({ text: hostile }), { caption: hostile[0] })).window;
    expect([...document.querySelectorAll('td')].map((cell) => cell.textContent)).toEqual(hostile);
    expect(document.querySelectorAll('script, img, h1, b').length).toBe(0);
    expect(document.querySelector('caption')?.textContent).toBe(hostile[0]);
  });
  it('caps the rows and says how many more there are', () => {
    const frame = frameOf({ a: Array.from({ length: 23 }, (_, at) => at) });
    expect(frameHtml(frame)).toContain('… 3 more rows');
    expect(frameHtml(frame, { maxRows: 22 })).toContain('… 1 more row<');
    expect(frameHtml(frame, { maxRows: 30 })).not.toContain('more row');
  });
  it('sets numbers right with one count of decimals, marks missing cells', () => {
    const html = frameHtml(frameOf({ a: [0.123456, 12, null], n: [1000, 2, 3] }));
    expect(html).toContain('<td style="text-align:right;white-space:pre-wrap">12.000</td>');
    expect(html).toContain('title="missing">–<');
    expect(html).toContain('>1000<');
  });
  it('escapes what closes an attribute in either quote', () => {
    expect(escapeHtml(`<&>"'`)).toBe('&lt;&amp;&gt;&quot;&#39;');
  });
});

describe('terminal', () => {
  it('aligns numbers right and text left under a rule', () => {
    expect(framePlain(frameOf({ arm: ['mst', 'baseline'], mean_x: [-1.25, 10.5] }))).toBe(
      ['arm       mean_x', '────────  ──────', 'mst        -1.25', 'baseline   10.50'].join('\n'),
    );
  });
  it('no cell can break the table or drive the terminal', () => {
    const text = framePlain(frameOf({ a: ['red \u001b[31m\r\nnext', `${'x'.repeat(60)}`] }));
    expect(text.split('\n')).toHaveLength(4);
    expect(text).toContain('red \\x1b[31m next');
    expect(text).toContain(`${'x'.repeat(39)}…`);
    expect(visibleText('\u202eabc\u0007')).toBe('\\u202eabc\\x07');
  });
});
