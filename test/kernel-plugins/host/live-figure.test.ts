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
  expect(shown.map(({ update }) => update)).toEqual([false, true, true]);
  expect(new Set(shown.map(({ displayId }) => displayId)).size).toBe(1);
  expect(shown.map(({ bundle }) => 'image/png' in bundle.data)).toEqual([false, false, true]);
  expect(shown[2].bundle.metadata).toEqual({ 'image/png': { alt: figure.alt } });
});
