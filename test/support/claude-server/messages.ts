import type Anthropic from '@anthropic-ai/sdk';
import { contentHash } from '../../../src/core';
import type { CountTokensBody, MessageBody } from './request-schemas';

/** What a scripted model says. */
export interface ScriptedReply {
  readonly text: string;
  readonly stopReason?: Anthropic.StopReason;
  /** Spent before the text, and paid like it (tokens; default 0). */
  readonly thinkingTokens?: number;
}

/** Gives the reply to a request body. */
export type ReplyScript = (body: MessageBody) => string | ScriptedReply;

const CHARACTERS_PER_TOKEN = 4;

const tokensOf = (text: string): number => Math.ceil(text.length / CHARACTERS_PER_TOKEN);

const textOf = (content: string | readonly { text: string }[]): string =>
  typeof content === 'string' ? content : content.map(({ text }) => text).join('');

/** Tokens of a request, at four characters a token, its schema included. */
export function inputTokens(body: CountTokensBody): number {
  const schema = body.output_config?.format ? JSON.stringify(body.output_config.format.schema) : '';
  const texts = [textOf(body.system ?? ''), ...body.messages.map(({ content }) => textOf(content)), schema];
  return texts.reduce((sum, text) => sum + tokensOf(text), 0);
}

/** The last user turn. */
export function userText(body: MessageBody): string {
  return textOf(body.messages.at(-1)?.content ?? '');
}

/** The system prompt. */
export function systemText(body: MessageBody): string {
  return textOf(body.system ?? '');
}

/** The message that answers a request, in full as the API sends it; a reply beyond max_tokens is cut there. */
export function messageOf(
  body: MessageBody,
  script: ReplyScript,
  tier: 'standard' | 'batch',
  serial: number,
): Anthropic.Message {
  const scripted = script(body);
  const reply: ScriptedReply = typeof scripted === 'string' ? { text: scripted } : scripted;
  const thinking = reply.thinkingTokens ?? 0;
  const room = Math.max(0, body.max_tokens - thinking);
  const isCut = tokensOf(reply.text) > room;
  const text = isCut ? reply.text.slice(0, room * CHARACTERS_PER_TOKEN) : reply.text;
  const stopReason = isCut ? 'max_tokens' : (reply.stopReason ?? 'end_turn');
  const isRefusal = stopReason === 'refusal';
  return {
    id: `msg_${contentHash([body, serial]).slice(0, 24)}`,
    type: 'message',
    role: 'assistant',
    model: body.model,
    content: [
      ...(thinking > 0 ? [{ type: 'thinking' as const, thinking: '', signature: 'c2lnbmVk' }] : []),
      ...(text === '' ? [] : [{ type: 'text' as const, text, citations: null }]),
    ],
    stop_reason: stopReason,
    stop_sequence: null,
    stop_details: isRefusal ? { type: 'refusal', category: 'general_harms', explanation: null } : null,
    container: null,
    diagnostics: null,
    usage: {
      input_tokens: inputTokens(body),
      output_tokens: tokensOf(text) + Math.min(thinking, body.max_tokens),
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      inference_geo: null,
      output_tokens_details: thinking > 0 ? { thinking_tokens: thinking } : null,
      server_tool_use: null,
      service_tier: tier,
      speed: null,
    },
  };
}
