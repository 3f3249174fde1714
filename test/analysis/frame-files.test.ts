import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameCsv, frameJsonl, frameOf } from '../../src/analysis/frame';

/** RFC 4180, read by the letter: fields with a flag whether they were quoted. */
function readCsv(text: string): { text: string; quoted: boolean }[][] {
  const rows: { text: string; quoted: boolean }[][] = [];
  let at = 0;
  while (at < text.length) {
    const row: { text: string; quoted: boolean }[] = [];
    for (;;) {
      let field = '';
      const quoted = text[at] === '"';
      if (quoted) {
        at += 1;
        while (text[at] !== '"' || text[at + 1] === '"') {
          if (text[at] === '"') at += 1;
          field += text[at++];
        }
        at += 1;
      } else while (at < text.length && text[at] !== ',' && !text.startsWith('\r\n', at)) field += text[at++];
      row.push({ text: field, quoted });
      if (text[at] === ',') at += 1;
      else break;
    }
    if (!text.startsWith('\r\n', at)) throw new Error(`a row must end in CRLF at ${at}`);
    at += 2;
    rows.push(row);
  }
  return rows;
}

test('CSV of any text reads back to the same text, and a missing cell is told from an empty one', () => {
  const cell = fc.option(fc.string({ unit: fc.constantFrom('a', ',', '"', '\r', '\n', ' ', 'é', '😀', '=') }));
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), (texts) => {
      const frame = frameOf({ label: texts, row: texts.map((_, at) => at) });
      const [head, ...rows] = readCsv(frameCsv(frame));
      expect(head.map(({ text }) => text)).toEqual(['label', 'row']);
      expect(rows.map(([{ text, quoted }]) => (text === '' && !quoted ? null : text))).toEqual(texts);
      expect(rows.map(([, { text }]) => Number(text))).toEqual(texts.map((_, at) => at));
    }),
    { seed: 2, numRuns: 200 },
  );
});

test('numbers keep all their digits, in CSV and in JSON lines', () => {
  const frame = frameOf({ value: [0.1 + 0.2, -1e-7, null] });
  expect(frameCsv(frame)).toBe('value\r\n0.30000000000000004\r\n-1e-7\r\n\r\n');
  expect(frameJsonl(frame)).toBe('{"value":0.30000000000000004}\n{"value":-1e-7}\n{"value":null}\n');
});
