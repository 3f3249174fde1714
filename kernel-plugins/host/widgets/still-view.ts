import { escapeHtml, visibleText } from '../../../src/analysis/frame/escape-html';

/** What a widget shows now, for readers without scripts (GitHub, nbconvert) and terminals. */
export interface StillView {
  /** Safe HTML: all text in it is escaped. */
  readonly html: string;
  readonly text: string;
}

/** Text from anywhere, safe in HTML, its control characters visible. */
export function safeHtml(text: string): string {
  return escapeHtml(visibleText(text));
}

/** A control as its name and what it is set to, such as `suggestibility: 67 (0 to 100)`. */
export function stillSetting(description: string, shown: string, note = ''): StillView {
  const before = description === '' ? '' : `${description}: `;
  const after = note === '' ? '' : ` (${note})`;
  return {
    html: `<div>${safeHtml(before)}<b>${safeHtml(shown)}</b>${safeHtml(after)}</div>`,
    text: visibleText(`${before}${shown}${after}`),
  };
}

/** Several views beside or below each other. */
export function stillGroup(views: readonly StillView[], direction: 'row' | 'column'): StillView {
  const style = direction === 'row' ? 'display:flex;flex-wrap:wrap;gap:0 24px' : '';
  const text = views.map((view) => view.text).filter((part) => part !== '');
  return {
    html: `<div${style === '' ? '' : ` style="${style}"`}>${views.map(({ html }) => html).join('')}</div>`,
    text: text.join(direction === 'row' && text.every((part) => !part.includes('\n')) ? '   ' : '\n'),
  };
}

/** The text of HTML, roughly: tags away, line breaks at the ends of blocks, the five entities that escaping makes put back. */
export function textOfHtml(html: string): string {
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ', amp: '&' };
  return visibleText(
    html
      .replace(/<(style|script)\b[\s\S]*?<\/\1\s*>/gi, '')
      .replace(/<br\s*\/?>|<\/(p|div|tr|li|h[1-6]|table|caption)>/gi, '\n')
      .replace(/<\/t[dh]>/gi, '\t')
      .replace(/<[^>]*>/g, '')
      .replace(/&(lt|gt|quot|#39|nbsp|amp);/g, (_, name: string) => entities[name])
      .replace(/[ \t]+\n/g, '\n')
      .replace(/\n{2,}/g, '\n')
      .trim(),
  );
}
