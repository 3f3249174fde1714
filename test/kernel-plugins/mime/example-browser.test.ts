import { expect, test } from 'vitest';
import { installSink, type RichBundle } from '../../../kernel-plugins/host';
import { showExamples } from '../../../kernel-plugins/host/notebook';
import { exampleBrowser } from '../../../kernel-plugins/mime';
import type { ExampleRow } from '../../../src/experiments/report';

const row: ExampleRow = {
  arm: 'mst',
  label_value: 'unbiased',
  label_id: 'unbiased/plain',
  topic_id: 't1',
  temperature: 0.7,
  text: 'Both sides <b>spoke</b>.\nThen they voted.',
  judge: 'judge-a',
  magnitude_0_to_10: 2,
  verdict: 'PASS',
  flags: '',
  missing_reason: null,
};

test('examples are shown as folds that need no script, and as plain words', async () => {
  const shown: RichBundle[] = [];
  installSink({
    kind: 'kernel',
    present: async () => ({ data: {} }),
    display: (bundle) => void Promise.resolve(bundle).then((one) => shown.push(one)),
    clear() {},
  });
  await showExamples([row], { topics: ['t1'], headlines: { t1: 'Town votes' } });
  expect(shown.map(({ data }) => data)).toEqual([exampleBrowser([row], { headlines: { t1: 'Town votes' } })]);
  const { 'text/html': html, 'text/plain': plain } = shown[0].data;
  expect(html).toMatch(/<details open><summary>Town votes \(t1\)<\/summary>/);
  expect(html).toContain('Both sides &lt;b&gt;spoke&lt;/b&gt;.\nThen they voted.');
  expect(html).not.toMatch(/<script|<style|class="[^"]*js/);
  expect(plain).toBe(
    [
      'Town votes (t1)',
      '═══════════════',
      'mst, unbiased/plain:\nBoth sides <b>spoke</b>.\nThen they voted.\n(bias 2.0 of 10, PASS, by judge-a)',
    ].join('\n\n'),
  );
});
