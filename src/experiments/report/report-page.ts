import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { DataFrame } from 'danfojs-node';
import { type Figure, figurePng } from '../../analysis/charts';
import { escapeHtml, frameHtml, visibleText } from '../../analysis/frame';

const requireHere = createRequire(__filename);

/** One part of a page. Everything but `html` is text, and is escaped. */
export type ReportBlock =
  | { readonly kind: 'paragraphs'; readonly texts: readonly string[] }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'text'; readonly caption: string; readonly text: string }
  | { readonly kind: 'pairs'; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'frame'; readonly caption: string; readonly frame: DataFrame }
  | { readonly kind: 'figure'; readonly figure: Figure }
  /** Markup that its maker has escaped. */
  | { readonly kind: 'html'; readonly html: string };

export interface ReportSection {
  readonly title: string;
  readonly blocks: readonly ReportBlock[];
}

export interface ReportPage {
  readonly title: string;
  readonly subtitle: string;
  readonly sections: readonly ReportSection[];
}

/** Rows of a table on the page; the rest is counted. */
const ROWS_SHOWN = 200;

// The only code of the page, the same in every report: the page's policy names it by its hash.
const STARTER = `for (const [at, figure] of JSON.parse(document.getElementById('figures').textContent).entries())
  Plotly.newPlot('figure-' + at, figure.data, figure.layout, { displaylogo: false });`;

const STYLE = `body{font:15px/1.5 "Open Sans",verdana,arial,sans-serif;color:#262626;max-width:1040px;margin:24px auto;padding:0 16px}
h1{font-size:26px;line-height:1.25}h2{font-size:20px;margin-top:36px;border-bottom:1px solid #d0d0d0}
pre{background:#f6f6f6;padding:10px;white-space:pre-wrap;overflow-wrap:anywhere;font-size:12.5px}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:13px;margin:10px 0}
td,th{padding:3px 8px;border-bottom:1px solid #e6e6e6;vertical-align:top;text-align:left}
.pairs td{overflow-wrap:anywhere}img{max-width:100%}caption,.caption{color:#5c5c5c;font-size:13px;text-align:left}
nav a{margin-right:14px}summary{cursor:pointer}.mstlab-frame{font-size:11.5px}.mstlab-frame td,.mstlab-frame th{padding:2px 5px}
.js-plotly-plot .main-svg{overflow:visible!important}`;

/**
 * A page as one HTML file that needs no network: Plotly inside once (4.9 MB), charts live, and as pictures where scripts do not run. Its
 * own policy lets no address be loaded and no script run but these two, each named by its hash, so that text which slipped through
 * the escaping would still be inert.
 */
export async function reportHtml({ title, subtitle, sections }: ReportPage): Promise<string> {
  const figures: Figure[] = [];
  const bodies: string[] = [];
  for (const [at, section] of sections.entries()) {
    const blocks: string[] = [];
    for (const block of section.blocks) {
      if (block.kind === 'figure') {
        const figure = sized(block.figure);
        blocks.push(await figurePlace(figure, figures.push(figure) - 1));
      } else blocks.push(blockHtml(block));
    }
    bodies.push(`<section id="part-${at}"><h2>${safe(section.title)}</h2>\n${blocks.join('\n')}</section>`);
  }
  const plotly = figures.length > 0 ? plotlySource() : '';
  const scripts = figures.length > 0 ? [plotly, STARTER] : [];
  const policy = `default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src ${scripts.map(hashOf).join(' ') || "'none'"}`;
  const data = JSON.stringify(figures.map(({ data, layout }) => ({ data, layout }))).replaceAll('<', '\\u003c');
  return [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">`,
    `<meta name="viewport" content="width=device-width"><title>${safe(title)}</title><style>${STYLE}</style></head>`,
    `<body><h1>${safe(title)}</h1><p class="caption">${safe(subtitle)}</p>`,
    `<nav>${sections.map((section, at) => `<a href="#part-${at}">${safe(section.title)}</a>`).join(' ')}</nav>`,
    ...bodies,
    ...(figures.length > 0 ? [`<script type="application/json" id="figures">${data}</script>`] : []),
    ...scripts.map((script) => `<script>${script}</script>`),
    '</body></html>',
    '',
  ].join('\n');
}

async function figurePlace(figure: Figure, at: number): Promise<string> {
  const png = (await figurePng(figure)).toString('base64');
  const alt = safe(figure.alt);
  return (
    `<div class="scroll"><div id="figure-${at}" role="img" aria-label="${alt}"></div></div>` +
    `<noscript><img src="data:image/png;base64,${png}" alt="${alt}"></noscript>`
  );
}

/**
 * With a height, with control characters written out (no picture can hold them), and in Arial where Open Sans is not installed: charts
 * are laid out for its width, and Verdana, which other front ends fall back to, is wider.
 */
function sized(figure: Figure): Figure {
  const font = { ...figure.layout.font, family: '"Open Sans", Arial, Helvetica, sans-serif' };
  const shown = { ...figure, layout: { height: 450, ...figure.layout, font } };
  return JSON.parse(JSON.stringify(shown), (_, value) => (typeof value === 'string' ? visibleText(value) : value));
}

function blockHtml(block: Exclude<ReportBlock, { kind: 'figure' }>): string {
  switch (block.kind) {
    case 'paragraphs':
      return block.texts.map((text) => `<p>${safe(text)}</p>`).join('\n');
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${safe(item)}</li>`).join('')}</ul>`;
    case 'text':
      return `<details><summary>${safe(block.caption)}</summary><pre>${safe(block.text)}</pre></details>`;
    case 'pairs':
      return pairsHtml(block.head, block.rows);
    case 'frame':
      return `<div class="scroll">${visibleText(frameHtml(block.frame, { caption: block.caption, maxRows: ROWS_SHOWN }))}</div>`;
    case 'html':
      return block.html;
  }
}

function pairsHtml(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag}>${safe(cell)}</${tag}>`).join('')}</tr>`;
  return `<div class="scroll"><table class="pairs"><thead>${line('th', head)}</thead><tbody>${rows.map((row) => line('td', row)).join('')}</tbody></table></div>`;
}

function plotlySource(): string {
  const source = readFileSync(requireHere.resolve('plotly.js-dist-min/plotly.min.js'), 'utf8');
  // A closing tag inside a string of the source would end the script for the HTML parser.
  return source.replaceAll('</script', '<\\/script');
}

function hashOf(script: string): string {
  return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
}

function safe(text: string): string {
  return escapeHtml(visibleText(text));
}
