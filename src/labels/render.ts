import { ConfigError } from '../core';
import type { ChatMessage, Label, LabelFormat } from './types';

/** Where a rendered label stands: message index and the half-open character range in it, the joining line break included. */
export interface LabelSpan {
  readonly message: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The label as the model reads it: the template filled, then emphasised (`**…**` for bold, `# …` for heading). A label with a
 * format of its own is written in that one. Throws ConfigError unless the template holds `{label}` exactly once.
 */
export function renderLabel(label: Label, setFormat: LabelFormat): string {
  const format = label.format ?? setFormat;
  const parts = format.template.split('{label}');
  if (parts.length !== 2)
    throw new ConfigError(
      `renderLabel: a label template must hold {label} exactly once, got ${parts.length - 1} in "${format.template}". Write for example "Editor: {label}.".`,
    );
  const filled = `${parts[0]}${label.text}${parts[1]}`;
  if (format.emphasis === 'bold') return `**${filled}**`;
  if (format.emphasis === 'heading') return `# ${filled}`;
  return filled;
}

/**
 * Puts a label into a chat and says where: `user-prefix` is a first line of the last user turn, `user-suffix` a last
 * line of it, `system` a last line of the system turn (made if there is none). A null label changes nothing.
 * Throws ConfigError if a user placement finds no user turn.
 */
export function placeLabel(
  messages: readonly ChatMessage[],
  label: Label | null,
  setFormat: LabelFormat,
): { messages: ChatMessage[]; span: LabelSpan | null } {
  if (label === null) return { messages: [...messages], span: null };
  const format = label.format ?? setFormat;
  const text = renderLabel(label, format);
  if (format.placement === 'system') {
    const at = messages.findIndex((message) => message.role === 'system');
    if (at < 0)
      return {
        messages: [{ role: 'system', content: text }, ...messages],
        span: { message: 0, start: 0, end: text.length },
      };
    return insert(messages, at, text, 'end');
  }
  const at = messages.findLastIndex((message) => message.role === 'user');
  if (at < 0)
    throw new ConfigError(
      `placeLabel: placement ${format.placement} needs a user turn, got roles [${messages.map((m) => m.role).join(', ')}]. Add a user turn or place the label in the system turn.`,
    );
  return insert(messages, at, text, format.placement === 'user-prefix' ? 'start' : 'end');
}

/** The messages with the label in them; see placeLabel. */
export function applyLabel(messages: readonly ChatMessage[], label: Label | null, format: LabelFormat): ChatMessage[] {
  return placeLabel(messages, label, format).messages;
}

/** The messages without what stands in the span; a turn that held nothing else goes. The inverse of placeLabel. */
export function cutSpan(messages: readonly ChatMessage[], span: LabelSpan | null): ChatMessage[] {
  if (span === null) return [...messages];
  const target = messages[span.message];
  const rest = target.content.slice(0, span.start) + target.content.slice(span.end);
  const cut = messages.map((message, index) => (index === span.message ? { ...message, content: rest } : message));
  return rest === '' && target.role === 'system' ? cut.filter((_, index) => index !== span.message) : cut;
}

function insert(messages: readonly ChatMessage[], at: number, text: string, side: 'start' | 'end') {
  const content = messages[at].content;
  const joined = side === 'start' ? `${text}\n${content}` : `${content}\n${text}`;
  const start = side === 'start' ? 0 : content.length;
  return {
    messages: messages.map((message, index) => (index === at ? { ...message, content: joined } : message)),
    span: { message: at, start, end: start + text.length + 1 },
  };
}
