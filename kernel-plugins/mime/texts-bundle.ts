import { escapeHtml, visibleText } from '../../src/analysis/frame';
import type { MimeBundle } from './mime-bundle';

/** One text of a comparison. What a model wrote is hostile until shown: it may hold tags, scripts and fake verdicts. */
export interface ShownText {
  /** Column heading, such as "MST under UNBIASED". */
  readonly heading: string;
  readonly text: string;
  /** Small print under the text, such as the judge's verdict. */
  readonly note?: string;
}

/**
 * Texts side by side, as a table in HTML and one under another in plain text. Headings, texts and notes are escaped,
 * control characters are written out, line breaks kept.
 */
export function textsBundle(texts: readonly ShownText[], { caption }: { caption?: string } = {}): MimeBundle {
  const safe = (text: string) => escapeHtml(visibleText(text));
  const width = (100 / Math.max(1, texts.length)).toFixed(2);
  const cell = 'text-align:left;vertical-align:top;white-space:pre-wrap;padding:6px 10px';
  const heads = texts.map(({ heading }) => `<th scope="col" style="${cell};width:${width}%">${safe(heading)}</th>`);
  const bodies = texts.map(({ text }) => `<td style="${cell}">${safe(text)}</td>`);
  const notes = texts.map(({ note }) => `<td style="${cell};color:#5c5c5c;font-size:90%">${safe(note ?? '')}</td>`);
  const title = caption === undefined ? '' : `<caption style="text-align:left">${safe(caption)}</caption>`;
  const noteRow = texts.some(({ note }) => note !== undefined) ? `<tr>${notes.join('')}</tr>` : '';
  const html =
    `<table class="mstlab-texts" style="width:100%;max-width:848px;table-layout:fixed">${title}` +
    `<thead><tr>${heads.join('')}</tr></thead><tbody><tr>${bodies.join('')}</tr>${noteRow}</tbody></table>`;
  const plain = texts.map(({ heading, text, note }) =>
    visibleText(
      [heading, '─'.repeat(Math.min(60, [...heading].length)), text, ...(note ? [`(${note})`] : [])].join('\n'),
    ),
  );
  return { 'text/html': html, 'text/plain': [...(caption ? [visibleText(caption)] : []), ...plain].join('\n\n') };
}

/** A monitor label as the model will read it: the rendered text, and where it stands. */
export interface ShownLabel {
  readonly value: string;
  readonly wording: string;
  readonly rendered: string;
  /** Whether the value was among the training labels. */
  readonly trained: boolean;
}

/** Labels as an escaped table: value, wording, the text as rendered, and whether it was trained. */
export function labelsBundle(labels: readonly ShownLabel[]): MimeBundle {
  const cell = 'text-align:left;vertical-align:top;white-space:pre-wrap';
  const rows = labels.map(({ value, wording, rendered, trained }) => [
    value,
    wording,
    rendered,
    trained ? 'trained' : 'never trained',
  ]);
  const heads = ['value', 'wording', 'as the model reads it', 'in training'];
  const line = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((text) => `<${tag} style="${cell}">${escapeHtml(visibleText(text))}</${tag}>`).join('')}</tr>`;
  const html = `<table class="mstlab-labels"><thead>${line('th', heads)}</thead><tbody>${rows.map((cells) => line('td', cells)).join('')}</tbody></table>`;
  const plain = rows.map(([value, wording, rendered, trained]) =>
    visibleText(`${value}/${wording} (${trained}): ${rendered}`),
  );
  return { 'text/html': html, 'text/plain': plain.join('\n') };
}
