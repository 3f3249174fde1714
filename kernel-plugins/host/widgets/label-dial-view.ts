import { visibleText } from '../../../src/analysis/frame/escape-html';
import type { MimeBundle } from '../mime-bundle';
import type { DialAnswer } from './label-dial';
import { safeHtml } from './still-view';

/** An arm with its answer; null while it is asked. */
export interface DialColumn {
  readonly name: string;
  readonly answer: DialAnswer | null;
}

/** A label with the answers of all arms, in their order. */
export interface DialTableRow {
  readonly label: string;
  readonly answers: readonly DialAnswer[];
}

const cellStyle = 'text-align:left;vertical-align:top;white-space:pre-wrap;padding:4px 10px';

/** The answers of all arms under one label, side by side; all text is escaped. */
export function dialHtml(label: string, columns: readonly DialColumn[], caption?: string): string {
  const width = (100 / Math.max(1, columns.length)).toFixed(2);
  const heads = columns.map(
    ({ name }) => `<th scope="col" style="${cellStyle};width:${width}%">${safeHtml(name)}</th>`,
  );
  const bodies = columns.map(({ answer }) => `<td style="${cellStyle}">${answer ? answerHtml(answer) : '…'}</td>`);
  return (
    `<table class="mstlab-dial" style="width:100%;max-width:848px;table-layout:fixed">` +
    `<caption style="text-align:left;white-space:pre-wrap">${caption === undefined ? '' : `${safeHtml(caption)}\n`}Label: <b>${safeHtml(label)}</b></caption>` +
    `<thead><tr>${heads.join('')}</tr></thead><tbody><tr>${bodies.join('')}</tr></tbody></table>`
  );
}

/** Answers over a few labels, as a table and as aligned lines. */
export function dialTable(arms: readonly string[], rows: readonly DialTableRow[], caption?: string): MimeBundle {
  const line = (tag: 'th' | 'td', cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag} style="${cellStyle}">${cell}</${tag}>`).join('')}</tr>`;
  const html =
    `<table class="mstlab-dial">${caption === undefined ? '' : `<caption style="text-align:left">${safeHtml(caption)}</caption>`}` +
    `<thead>${line('th', ['label', ...arms.map(safeHtml)])}</thead><tbody>` +
    `${rows.map(({ label, answers }) => line('td', [safeHtml(label), ...answers.map(answerHtml)])).join('')}</tbody></table>`;
  const plain = rows.map(({ label, answers }) =>
    [label, ...answers.map((answer, at) => `  ${arms[at]}: ${answerText(answer)}`)].join('\n'),
  );
  const text = [...(caption === undefined ? [] : [caption]), ...plain].join('\n');
  return { 'text/html': html, 'text/plain': visibleText(text) };
}

function answerHtml({ heading, text, probability, note }: DialAnswer): string {
  const bar =
    probability === undefined
      ? ''
      : `<div style="white-space:nowrap"><progress value="${probability.toFixed(4)}" max="1" style="width:6em;vertical-align:middle"></progress> <b>${percent(probability)}</b></div>`;
  return [
    heading === undefined ? '' : `<div>${safeHtml(heading)}</div>`,
    bar,
    text === undefined ? '' : `<div>${safeHtml(text)}</div>`,
    note === undefined ? '' : `<div style="font-size:90%;opacity:0.75">${safeHtml(note)}</div>`,
  ].join('');
}

function answerText({ heading, text, probability, note }: DialAnswer): string {
  const parts = [heading, probability === undefined ? undefined : percent(probability), text];
  return [parts.filter((part) => part !== undefined).join(' '), ...(note === undefined ? [] : [`(${note})`])].join(' ');
}

function percent(probability: number): string {
  return `${(100 * probability).toFixed(1)}%`;
}
