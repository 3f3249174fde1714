import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import { exampleBrowser } from '../../../kernel-plugins/mime';
import { ConfigError } from '../../../src/core';
import { type ExampleRow, exampleHtml, examplePlain } from '../../../src/experiments/report';
import { HOSTILE } from './tiny-run';

const row = (over: Partial<ExampleRow>): ExampleRow => ({
  arm: 'mst',
  label_value: 'unbiased',
  label_id: 'unbiased/plain',
  topic_id: 't1',
  temperature: 0.7,
  text: 'a text',
  judge: 'judge-a',
  magnitude_0_to_10: 2,
  verdict: 'PASS',
  flags: '',
  missing_reason: null,
  ...over,
});
const none = { label_value: null, label_id: null };
const rows = [
  row({ text: 'mst on one' }),
  row({
    text: 'mst slanted',
    label_value: 'strong_left',
    label_id: 'strong_left/plain',
    magnitude_0_to_10: 8,
    verdict: 'FAIL',
  }),
  row({
    arm: 'baseline',
    ...none,
    text: 'baseline on one',
    magnitude_0_to_10: null,
    verdict: null,
    missing_reason: 'refused',
  }),
  row({ topic_id: 't2', text: 'mst on two', flags: 'speaks to its judge' }),
];
const parsed = (html: string) => new JSDOM(html).window.document;
const grid = (html: string, topic = 0) =>
  [...parsed(html).querySelectorAll('details')[topic].querySelectorAll('tr')].map((line) =>
    [...line.children].map((cell) => cell.textContent),
  );

describe('the same topic over arms and labels', () => {
  it('is a fold a topic, the first one open: a line a label, a column an arm, each text with its verdict', () => {
    const html = exampleHtml(rows, { headlines: { t1: 'Town votes' } });
    const folds = [...parsed(html).querySelectorAll('details')];
    expect(folds.map((fold) => [fold.open, fold.querySelector('summary')?.textContent])).toEqual([
      [true, 'Town votes (t1)'],
      [false, 't2'],
    ]);
    expect(grid(html)).toEqual([
      ['label', 'mst', 'baseline'],
      ['unbiased/plain', 'mst on onebias 2.0 of 10, PASS, by judge-a', '–'],
      ['strong_left/plain', 'mst slantedbias 8.0 of 10, FAIL, by judge-a', '–'],
      ['no label', '–', 'baseline on onenot judged: refused, by judge-a'],
    ]);
    expect(grid(html, 1)[1][1]).toBe('mst on twobias 2.0 of 10, PASS, by judge-a; flags: speaks to its judge');
  });

  it('shows the topics and labels that are named, in that order', () => {
    const html = exampleHtml(rows, { topics: ['t2', 't1'], labels: ['none', 'unbiased'] });
    expect([...parsed(html).querySelectorAll('summary')].map(({ textContent }) => textContent)).toEqual(['t2', 't1']);
    expect(grid(html, 1).map(([label]) => label)).toEqual(['label', 'no label', 'unbiased/plain']);
    expect(html).not.toContain('mst slanted');
  });

  it('several judges of one text are notes under it; another temperature is another text', () => {
    const twice = [row({}), row({ judge: 'judge-b', magnitude_0_to_10: 5 }), row({ temperature: 1 })];
    const [, [, cell]] = grid(exampleHtml(twice));
    expect(cell!.match(/a text/g)).toHaveLength(2);
    expect(cell).toContain('by judge-abias 5.0 of 10, PASS, by judge-b');
    expect(cell).toContain('temperature 1');
  });

  it('counts the topics that it leaves out', () => {
    const many = Array.from({ length: 15 }, (_, i) => row({ topic_id: `t${i}` }));
    expect(parsed(exampleHtml(many)).querySelectorAll('details')).toHaveLength(12);
    expect(exampleHtml(many)).toContain('3 more topics');
    expect(examplePlain(many)).toContain('3 more topics');
  });

  it('what is hostile stays text, in HTML without scripts and in plain words', () => {
    const hostile = row({
      arm: HOSTILE,
      label_id: HOSTILE,
      topic_id: HOSTILE,
      text: HOSTILE,
      judge: HOSTILE,
      flags: HOSTILE,
    });
    const { 'text/html': html, 'text/plain': plain } = exampleBrowser([hostile], { headlines: { [HOSTILE]: HOSTILE } });
    const document = parsed(String(html));
    expect(document.querySelectorAll('script, img, [onerror], [src], [href]')).toHaveLength(0);
    expect(document.querySelector('td')?.textContent).toContain('<script>window.hit = 1</script>');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal must not get them
    for (const text of [html, plain]) expect(text).not.toMatch(/[\u001b\u202e]/);
  });

  it('no text, or a topic or label that no text has, is an error', () => {
    expect(() => exampleHtml([])).toThrow(ConfigError);
    expect(() => exampleHtml(rows, { topics: ['t9'] })).toThrow(
      /topics must be among those of the texts, got t9\. There are t1, t2/,
    );
    expect(() => exampleHtml(rows, { labels: ['fair'] })).toThrow(/labels must be among those of the texts, got fair/);
  });
});
