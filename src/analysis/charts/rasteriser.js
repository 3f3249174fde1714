'use strict';
// The body of the worker that draws figures to PNG: Plotly in jsdom makes an SVG, resvg draws it. It is plain
// JavaScript so that the same file runs under the compiled package and under the tests, which do not compile.
// jsdom has no layout engine; Plotly asks it only for the size of texts, which is answered from the font's own advance
// widths, the same font that resvg draws with.
const { readFileSync } = require('node:fs');
const { parentPort } = require('node:worker_threads');
const { JSDOM } = require('jsdom');
const { Resvg } = require('@resvg/resvg-js');
const opentype = require('opentype.js');

const fontFiles = [
  require.resolve('@expo-google-fonts/open-sans/400Regular/OpenSans_400Regular.ttf'),
  require.resolve('@expo-google-fonts/open-sans/700Bold/OpenSans_700Bold.ttf'),
];
const [regular, bold] = fontFiles.map((file) => {
  const bytes = readFileSync(file);
  return opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
});

/** A property of an element or its nearest ancestor, from its style or its attribute. */
function inherited(element, property) {
  for (let node = element; node?.style; node = node.parentNode) {
    const value = node.style.getPropertyValue(property) || node.getAttribute?.(property);
    if (value) return value;
  }
  return null;
}

/** Width and height in pixels of a text element, or of an element's text, by the font's advance widths. */
function textSize(element) {
  const lines = [...element.querySelectorAll('tspan.line')];
  const parts = lines.length > 0 ? lines : [element];
  let width = 0;
  let height = 0;
  for (const part of parts) {
    const size = Number.parseFloat(inherited(part, 'font-size') ?? '12') || 12;
    let advance = 0;
    const walk = (node) => {
      if (node.nodeType === 3) {
        const weight = inherited(node.parentNode, 'font-weight');
        const font = weight === 'bold' || Number(weight) >= 600 ? bold : regular;
        advance += font.getAdvanceWidth(node.data, size);
      } else for (const child of node.childNodes) walk(child);
    };
    walk(part);
    width = Math.max(width, advance);
    height += size * 1.3;
  }
  return { width, height };
}

const { window } = new JSDOM('<!doctype html><body></body>', { runScripts: 'outside-only', pretendToBeVisual: true });
const boxOf = (element) => {
  const tag = element.tagName.toLowerCase();
  const { width, height } = tag === 'text' || tag === 'tspan' ? textSize(element) : { width: 0, height: 0 };
  const anchor = inherited(element, 'text-anchor');
  const x = Number.parseFloat(element.getAttribute('x') ?? '0') || 0;
  const y = Number.parseFloat(element.getAttribute('y') ?? '0') || 0;
  const left = anchor === 'middle' ? x - width / 2 : anchor === 'end' ? x - width : x;
  const top = y - height * 0.78;
  return { x: left, y: top, left, top, right: left + width, bottom: top + height, width, height };
};
window.Element.prototype.getBoundingClientRect = function () {
  return boxOf(this);
};
window.SVGElement.prototype.getBBox = function () {
  return boxOf(this);
};
window.SVGElement.prototype.getComputedTextLength = function () {
  return boxOf(this).width;
};
window.URL.createObjectURL = () => '';
window.HTMLCanvasElement.prototype.getContext = () => null;
window.eval(readFileSync(require.resolve('plotly.js-dist-min/plotly.min.js'), 'utf8'));

async function draw({ data, layout, widthPx, heightPx }) {
  const address = await window.Plotly.toImage(
    { data, layout },
    { format: 'svg', width: widthPx, height: heightPx, imageDataOnly: true },
  );
  const svg = String(address);
  const image = new Resvg(svg, {
    fitTo: { mode: 'width', value: widthPx },
    background: '#ffffff',
    font: { fontFiles, loadSystemFonts: false, defaultFontFamily: 'Open Sans', sansSerifFamily: 'Open Sans' },
  }).render();
  return image.asPng();
}

// One figure at a time: Plotly keeps its test drawings in the one document.
let queue = Promise.resolve();
parentPort.on('message', ({ id, figure }) => {
  queue = queue.then(async () => {
    try {
      parentPort.postMessage({ id, png: await draw(figure) });
    } catch (error) {
      parentPort.postMessage({ id, problem: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
});
