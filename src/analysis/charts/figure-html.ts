import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Figure } from './figure';

const requireHere = createRequire(__filename);

/**
 * A figure as one HTML file that needs no network: Plotly inside (some 5 MB), the chart live, its description as the title. Text of
 * the figure cannot end the script: every `<` of its JSON is written as an escape.
 */
export function figureHtml(figure: Pick<Figure, 'data' | 'layout'> & Partial<Figure>): string {
  const plotly = readFileSync(requireHere.resolve('plotly.js-dist-min/plotly.min.js'), 'utf8');
  const { data, layout, alt = 'A chart without a description.' } = figure;
  const json = JSON.stringify({ data, layout: { height: 450, ...layout } }).replaceAll('<', '\\u003c');
  const title = alt.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  return [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><title>${title}</title></head>`,
    `<body><div id="figure" role="img" aria-label="${title}" style="max-width:848px"></div>`,
    `<script>${plotly}</script>`,
    `<script>const figure = ${json}; Plotly.newPlot('figure', figure.data, figure.layout);</script>`,
    '</body></html>',
    '',
  ].join('\n');
}
