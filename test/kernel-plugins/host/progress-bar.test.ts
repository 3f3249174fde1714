import { expect, test } from 'vitest';
import { type DisplaySink, progressBar, progressLine, type RichBundle } from '../../../kernel-plugins/host';
import type { Progress } from '../../../src/core';

const report = (done: number, more: Partial<Progress> = {}): Progress => ({
  what: 'train mst',
  done,
  total: 120,
  unit: 'steps',
  ...more,
});

function recorder() {
  const shown: { bundle: RichBundle; displayId: string | null; update: boolean }[] = [];
  const sink: DisplaySink = {
    kind: 'kernel',
    present: (value) => ({ data: { 'text/plain': String(value) } }),
    display: (bundle, displayId, update) => void shown.push({ bundle, displayId, update }),
    clear() {},
  };
  return { shown, sink };
}

test('at most ten updates a second, all under one display id, the last report always', () => {
  const { shown, sink } = recorder();
  let nowMs = 0;
  const bar = progressBar({ sink, now: () => nowMs });
  for (let done = 1; done <= 120; done++) {
    nowMs += 10;
    bar(report(done));
  }
  expect(shown.length).toBeLessThanOrEqual(14);
  expect(new Set(shown.map(({ displayId }) => displayId)).size).toBe(1);
  expect(shown.map(({ update }) => update)).toEqual([false, ...shown.slice(1).map(() => true)]);
  expect(shown.at(-1)?.bundle.data['text/plain']).toContain('120/120 steps');
});

test('each `what` has its own line and its own rate', () => {
  const { shown, sink } = recorder();
  let nowMs = 0;
  const bar = progressBar({ sink, now: () => nowMs });
  bar(report(0, { what: 'train baseline' }));
  nowMs = 1000;
  bar(report(120, { what: 'train baseline' }));
  bar(report(0));
  nowMs = 3000;
  bar(report(60));
  const lines = String(shown.at(-1)?.bundle.data['text/plain']).split('\n');
  expect(lines[0]).toContain('120 steps/s');
  expect(lines[1]).toContain('30 steps/s  2 s left');
});

test('the line gives rate, remaining time and figures; the rate counts only what was done while it ran', () => {
  expect(progressLine(report(60, { detail: { loss: 2.34567 } }), 30_000, 30)).toBe(
    'train mst  ██████████░░░░░░░░░░  60/120 steps  1 steps/s  60 s left  loss 2.35',
  );
});

test('text of a report is escaped in HTML', () => {
  const { shown, sink } = recorder();
  progressBar({ sink })(report(1, { what: '<script>alert(1)</script>' }));
  expect(shown[0].bundle.data['text/html']).not.toContain('<script>');
});
