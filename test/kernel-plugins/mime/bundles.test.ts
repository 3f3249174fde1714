import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import {
  bundleOf,
  displayable,
  displaySymbol,
  figureBundle,
  figureMetadata,
  frameBundle,
  isDisplayable,
  isFigure,
  isFrame,
  labelsBundle,
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
