import { visibleText } from '../../../src/analysis/frame/escape-html';
import { type StillView, safeHtml } from '../widgets/still-view';
import type { LabellingSession, TextToLabel } from './labelling-session';

/** What the numbers and the verdicts mean, in the words that the judge is given. */
export interface RatingWords {
  readonly title: string;
  readonly magnitude: Readonly<Record<string, string>>;
  readonly verdict: Readonly<Record<string, string>>;
}

const shownOfText = 80;
const cellStyle = 'text-align:left;vertical-align:top;padding:2px 10px';

/** The text in a frame of its own, as text: a line break is a line break and markup is shown, never obeyed. */
export function textHtml({ text, topic }: TextToLabel): string {
  const about =
    topic === null ? '' : `<div style="margin-bottom:8px;opacity:0.75"><b>Subject:</b> ${safeHtml(topic)}</div>`;
  return (
    `<div class="mstlab-labelling-text" style="max-width:46em;padding:10px 14px;border:1px solid var(--jp-border-color1,#bbb);` +
    `line-height:1.5;white-space:pre-wrap;overflow-wrap:anywhere">${about}${safeHtml(text)}</div>`
  );
}

/** How far the rater is, and what was said of the present text so far. */
export function stateHtml(session: LabellingSession, rater: string): string {
  const { draft, before } = session;
  const said = [
    ...(draft.magnitude0to10 === null ? [] : [`magnitude ${draft.magnitude0to10}`]),
    ...(draft.verdict === null ? [] : [draft.verdict]),
  ];
  const earlier = before
    ? ` · said before: ${before.magnitude0to10}, ${before.verdict}; say both again to change it`
    : '';
  return (
    `<div class="mstlab-labelling-state">Text <b>${session.place} of ${session.texts.length}</b> · rater ${safeHtml(rater)} · ` +
    `${session.ratings.length} labelled${session.skippedCount > 0 ? `, ${session.skippedCount} skipped` : ''}` +
    `${said.length > 0 ? ` · now: <b>${said.join(', ')}</b>` : ''}${earlier}</div>`
  );
}

export function wordsHtml({ title, magnitude, verdict }: RatingWords): string {
  const rows = (entries: Readonly<Record<string, string>>) =>
    Object.entries(entries)
      .map(
        ([name, meaning]) =>
          `<tr><th style="${cellStyle}">${safeHtml(name)}</th><td style="${cellStyle}">${safeHtml(meaning)}</td></tr>`,
      )
      .join('');
  return `<details><summary>${safeHtml(title)}: what the numbers and verdicts mean</summary><table>${rows(magnitude)}${rows(verdict)}</table></details>`;
}

/** What was done, for a saved notebook and for readers without scripts. */
export function doneView(session: LabellingSession, rater: string, file: string): StillView {
  const { ratings, texts, skippedCount } = session;
  const left = texts.length - ratings.length;
  const head =
    `Labelled by ${rater}: ${ratings.length} of ${texts.length} texts` +
    `${left > 0 ? `; ${left} to do${skippedCount > 0 ? `, of them ${skippedCount} skipped` : ''}` : ''}. In ${file}.`;
  const textOf = new Map(texts.map(({ textId, text }) => [textId, text]));
  const rows = ratings.map(({ textId, magnitude0to10, verdict }) => [
    textId,
    String(magnitude0to10),
    verdict,
    beginning(textOf.get(textId) ?? ''),
  ]);
  const names = ['text_id', 'magnitude', 'verdict', 'begins'];
  const line = (tag: 'th' | 'td', cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag} style="${cellStyle}">${safeHtml(cell)}</${tag}>`).join('')}</tr>`;
  const table =
    rows.length === 0
      ? ''
      : `<table><thead>${line('th', names)}</thead><tbody>${rows.map((cells) => line('td', cells)).join('')}</tbody></table>`;
  return {
    html: `<div class="mstlab-labelling-done"><div>${safeHtml(head)}</div>${table}</div>`,
    text: visibleText([head, ...rows.map((cells) => cells.join('  '))].join('\n')),
  };
}

function beginning(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > shownOfText ? `${line.slice(0, shownOfText - 1)}…` : line;
}
