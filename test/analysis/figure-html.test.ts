import { expect, test } from 'vitest';
import { figureHtml } from '../../src/analysis/charts';

test('a figure as HTML needs no network, and no text of it can end the script or the title', () => {
  const hostile = '</script><script>alert(1)</script>';
  const html = figureHtml({
    data: [{ type: 'bar', x: [hostile], y: [1] }],
    layout: { title: { text: hostile } },
    alt: `${hostile}"`,
  });
  expect(html.match(/<script/g)).toHaveLength(2);
  expect(html.match(/<\/script/g)).toHaveLength(2);
  expect(html).not.toMatch(/<(script|link)[^>]*(src|href)=/);
  const json = /const figure = (.*); Plotly\.newPlot/.exec(html)![1];
  expect(JSON.parse(json).layout.title.text).toBe(hostile);
});
