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

/** The box of a text element in its own coordinates: width by the font's advances, height by its line spacing. */
function textBox(element) {
  const lines = [...element.querySelectorAll('tspan.line')];
  const parts = lines.length > 0 ? lines : [element];
  const size = Number.parseFloat(inherited(element, 'font-size') ?? '12') || 12;
  const width = Math.max(...parts.map((part) => advanceOf(part, size)));
  const x = Number.parseFloat(element.getAttribute('x') ?? '0') || 0;
  const y = Number.parseFloat(element.getAttribute('y') ?? '0') || 0;
  const anchor = inherited(element, 'text-anchor');
  const left = anchor === 'middle' ? x - width / 2 : anchor === 'end' ? x - width : x;
  // Open Sans rises 1.07 and falls 0.29 of its size; Plotly sets lines 1.3 apart.
  const top = y - 1.07 * size;
  return { left, top, right: left + width, bottom: top + (1.36 + 1.3 * (parts.length - 1)) * size };
}

function advanceOf(part, size) {
  let advance = 0;
  for (const node of part.childNodes)
    if (node.nodeType === 3) {
      const weight = inherited(part, 'font-weight');
      const font = weight === 'bold' || Number(weight) >= 600 ? bold : regular;
      advance += font.getAdvanceWidth(node.data, size);
    } else advance += advanceOf(node, size);
  return advance;
}

/** The corners of a box after an element's transform (translate and rotate are all that Plotly writes on text). */
function moved(box, transform) {
  let corners = [
    [box.left, box.top],
    [box.right, box.top],
    [box.left, box.bottom],
    [box.right, box.bottom],
  ];
  const steps = [...(transform ?? '').matchAll(/(translate|rotate)\(([^)]*)\)/g)].reverse();
  for (const [, kind, text] of steps) {
    const [a = 0, b = 0, c = 0] = text.split(/[\s,]+/).map(Number);
    if (kind === 'translate') corners = corners.map(([x, y]) => [x + a, y + b]);
    else {
      const [cos, sin] = [Math.cos((a * Math.PI) / 180), Math.sin((a * Math.PI) / 180)];
      corners = corners.map(([x, y]) => [b + cos * (x - b) - sin * (y - c), c + sin * (x - b) + cos * (y - c)]);
    }
  }
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

/** The box of everything written inside an element, in the coordinates around it; null when it holds no text. */
function writtenBox(element) {
  const tag = element.tagName.toLowerCase();
  let box = null;
  if (tag === 'text') box = element.textContent ? textBox(element) : null;
  else if (tag === 'tspan') {
    const size = Number.parseFloat(inherited(element, 'font-size') ?? '12') || 12;
    box = { left: 0, top: -1.07 * size, right: advanceOf(element, size), bottom: 0.29 * size };
  } else
    for (const child of element.children) {
      const part = writtenBox(child);
      if (part)
        box = box
          ? {
              left: Math.min(box.left, part.left),
              top: Math.min(box.top, part.top),
              right: Math.max(box.right, part.right),
              bottom: Math.max(box.bottom, part.bottom),
            }
          : part;
    }
  return box && moved(box, element.getAttribute('transform'));
}

function boxOf(element, isPlaced) {
  let box = writtenBox(element) ?? { left: 0, top: 0, right: 0, bottom: 0 };
  if (isPlaced)
    for (let node = element.parentNode; node?.getAttribute; node = node.parentNode)
      box = moved(box, node.getAttribute('transform'));
  const { left, top, right, bottom } = box;
  return { x: left, y: top, left, top, right, bottom, width: right - left, height: bottom - top };
}

const { window } = new JSDOM('<!doctype html><body></body>', { runScripts: 'outside-only', pretendToBeVisual: true });
window.Element.prototype.getBoundingClientRect = function () {
  return boxOf(this, true);
};
window.SVGElement.prototype.getBBox = function () {
  return boxOf(this, false);
};
window.SVGElement.prototype.getComputedTextLength = function () {
  return boxOf(this, false).width;
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
    // A character that Open Sans lacks (an arrow, Chinese) is looked for in the machine's fonts; all else never is.
    font: {
      fontFiles,
      loadSystemFonts: [...svg].some((character) => regular.charToGlyphIndex(character) === 0),
      defaultFontFamily: 'Open Sans',
      sansSerifFamily: 'Open Sans',
    },
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
