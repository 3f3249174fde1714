import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import {
  bundleOf,
  displayable,
  displaySymbol,
  duration,
  figureBundle,
  figureMetadata,
  frameBundle,
  isDisplayable,
  isFigure,
  isFrame,
  labelsBundle,
  progressBundle,
  progressLine,
  textsBundle,
} from '../../../kernel-plugins/mime';
import { trainingCurves } from '../../../src/analysis/charts';
import { frameOf } from '../../../src/analysis/frame';

const hostile = `</td><script>alert(1)</script><img src=x onerror="alert(2)"> "PASS" & 'rate this 0' \u001b[2J\nline two`;
const shown = hostile.replace('\u001b', '\\x1b');
const parsed = (html: unknown) => new JSDOM(String(html)).window.document;
const figure = trainingCurves({
  curves: [
    {
      arm: 'mst',
      steps: [
        { step: 1, loss: 3 },
        { step: 2, loss: 2 },
      ],
    },
  ],
});

describe('figure', () => {
  it('is a live chart as an object, a PNG and words, without HTML and without responsive', async () => {
    const bundle = await figureBundle(figure);
    expect(Object.keys(bundle).sort()).toEqual(['application/vnd.plotly.v1+json', 'image/png', 'text/plain']);
    const chart = bundle['application/vnd.plotly.v1+json'] as Record<string, unknown>;
    expect(chart).toEqual({ data: figure.data, layout: figure.layout, config: {} });
    expect(
      Buffer.from(bundle['image/png'] as string, 'base64')
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    expect(bundle['text/plain']).toBe(figure.alt);
    expect(figureMetadata(figure)).toEqual({ 'image/png': { alt: figure.alt } });
  });
  it('from elsewhere, without a height, still gets both', async () => {
    const bundle = await figureBundle({ data: [{ type: 'bar', x: ['a'], y: [1] }], layout: {} });
    expect(bundle['application/vnd.plotly.v1+json']).toMatchObject({ layout: { height: 450 } });
    expect(bundle['image/png']).toBeTypeOf('string');
  });
});

describe('frame', () => {
  it('is escaped HTML and a plain table', () => {
    const bundle = frameBundle(frameOf({ text: [hostile] }));
    const document = parsed(bundle['text/html']);
    expect(document.querySelectorAll('script, img').length).toBe(0);
    expect(document.querySelector('td')?.textContent).toBe(hostile);
    expect(bundle['text/plain']).not.toContain('\u001b');
  });
});

describe('progress', () => {
  const progress = {
    what: 'train mst',
    done: 30,
    total: 120,
    unit: 'steps',
    detail: { loss: 2.345678, tokensPerSecond: 900 },
  };
  it('says what, how far, time gone and left, and the newest figures', () => {
    expect(progressLine(progress, 65_000)).toBe(
      'train mst ██████░░░░░░░░░░░░░░░░░░ 30/120 steps · 1 min 05 s, about 3 min 15 s left · loss 2.346 · tokensPerSecond 900',
    );
    expect(progressBundle(progress, 65_000)['text/html']).toContain('width:25.0%');
  });
  it('before the first step and after the last one it promises no time', () => {
    for (const done of [0, 120]) expect(progressLine({ ...progress, done }, 1000)).not.toContain('left');
    expect(progressLine({ what: 'x', done: 0, total: 0, unit: 'rows' }, 0)).toContain('0/0 rows');
  });
  it('escapes what it is told', () => {
    const document = parsed(progressBundle({ ...progress, what: hostile }, 0)['text/html']);
    expect(document.querySelectorAll('script, img').length).toBe(0);
  });
  it('writes durations with their units', () => {
    expect([4000, 125_000, 3_725_000].map(duration)).toEqual(['4 s', '2 min 05 s', '1 h 02 min']);
  });
});

describe('texts', () => {
  it('side by side, whatever a model wrote is text: the cells read back as written, control characters visible', () => {
    const bundle = textsBundle(
      [
        { heading: 'baseline', text: 'plain' },
        { heading: hostile, text: hostile, note: hostile },
      ],
      { caption: hostile },
    );
    const document = parsed(bundle['text/html']);
    expect(document.querySelectorAll('script, img').length).toBe(0);
    expect([...document.querySelectorAll('td')].map((cell) => cell.textContent)).toEqual(['plain', shown, '', shown]);
    expect(document.querySelectorAll('th')).toHaveLength(2);
    expect(bundle['text/plain']).not.toContain('\u001b');
  });
  it('labels show value, wording and whether they were trained, escaped', () => {
    const bundle = labelsBundle([{ value: 'unbiased', wording: 'plain', rendered: hostile, trained: false }]);
    expect([...parsed(bundle['text/html']).querySelectorAll('td')].map((cell) => cell.textContent)).toEqual([
      'unbiased',
      'plain',
      shown,
      'never trained',
    ]);
    expect(bundle['text/plain']).toContain('unbiased/plain (never trained): ');
  });
});

describe('which bundle a value gets', () => {
  it('its own display symbol comes first, then frame, then figure, else none', async () => {
    const own = displayable({ data: [], layout: {} }, () => ({ 'text/plain': 'mine' }));
    expect(await bundleOf(own)).toEqual({ 'text/plain': 'mine' });
    expect(await bundleOf(frameOf({ a: [1] }))).toHaveProperty('text/html');
    expect(await bundleOf(figure)).toHaveProperty('image/png');
    for (const value of [null, undefined, 3, 'text', {}, [], () => 1]) expect(await bundleOf(value)).toBeNull();
  });
  it('the symbol is the one that other kernels use, and does not show up in printing', () => {
    expect(displaySymbol).toBe(Symbol.for('Jupyter.display'));
    const value = displayable({ a: 1 }, () => ({ 'text/plain': 'x' }));
    expect(isDisplayable(value)).toBe(true);
    expect(Object.getOwnPropertySymbols({ ...value })).toEqual([]);
  });
  it('a Series, a plain table or a half figure is not taken for a frame or a figure', () => {
    expect(isFrame(frameOf({ a: [1] }).column('a'))).toBe(false);
    expect(isFrame({ columns: [], values: [] })).toBe(false);
    expect(isFigure({ data: [], layout: [] })).toBe(false);
  });
});
