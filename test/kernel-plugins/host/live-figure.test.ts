import { afterEach, expect, test } from 'vitest';
import { currentSink, type DisplaySink, installSink, type RichBundle } from '../../../kernel-plugins/host';
import { liveFigure } from '../../../kernel-plugins/host/notebook';
import { trainingCurves } from '../../../src/analysis/charts';

const before = currentSink();
afterEach(() => installSink(before));

test('a live figure keeps one place; only the last one carries a PNG', async () => {
  const shown: { bundle: RichBundle; displayId: string | null; update: boolean }[] = [];
  const sink: DisplaySink = {
    kind: 'kernel',
    present: (value) => ({ data: { 'text/plain': String(value) } }),
    display: (bundle, displayId, update) => void shown.push({ bundle, displayId, update }),
    clear() {},
  };
  installSink(sink);
  const show = liveFigure();
  const figure = trainingCurves({ curves: [{ arm: 'mst', steps: [{ step: 1, loss: 3 }] }] });
  await show(figure);
  await show(figure);
  await show(figure, { last: true });
  const charts = shown.filter(({ bundle }) => 'application/vnd.plotly.v1+json' in bundle.data);
  expect(charts.map(({ update }) => update)).toEqual([false, true, true]);
  expect(new Set(shown.map(({ displayId }) => displayId)).size).toBe(1);
  expect(charts.map(({ bundle }) => 'image/png' in bundle.data)).toEqual([false, false, true]);
  expect(charts[2].bundle.metadata).toEqual({ 'image/png': { alt: figure.alt } });
  expect(shown.at(-1), 'what a saved notebook keeps').toBe(charts[2]);
});

test('between two charts stands something that the chart renderer does not take, as high as a chart', async () => {
  const types: string[][] = [];
  const heights: unknown[] = [];
  installSink({
    kind: 'kernel',
    present: (value) => ({ data: { 'text/plain': String(value) } }),
    display({ data }) {
      types.push(Object.keys(data));
      heights.push(/height: (\d+)px/.exec(String(data['text/html']))?.[1]);
    },
    clear() {},
  });
  const show = liveFigure();
  for (let i = 0; i < 3; i++) await show({ data: [], layout: { height: 321 }, alt: 'nothing' });
  const chart = ['application/vnd.plotly.v1+json', 'text/plain'];
  expect(types).toEqual([chart, ['text/html', 'text/plain'], chart, ['text/html', 'text/plain'], chart]);
  expect(heights.filter((height) => height !== undefined)).toEqual(['321', '321']);
});
