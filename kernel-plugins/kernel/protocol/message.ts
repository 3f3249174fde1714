import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { DataError } from '../../../src/core';

export interface Header {
  readonly msg_id: string;
  readonly msg_type: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly version: string;
}

// biome-ignore lint/suspicious/noExplicitAny: the content of a message is whatever its type says; each handler reads it with care.
export type Content = Record<string, any>;

/** One message of the Jupyter protocol (version 5.3), without its routing and signature. */
export interface Message {
  readonly identities: readonly Uint8Array[];
  readonly header: Header;
  readonly parentHeader: Partial<Header>;
  readonly metadata: Content;
  readonly content: Content;
  readonly buffers: readonly Uint8Array[];
}

const delimiter = Buffer.from('<IDS|MSG>');

/** A new header. One process uses one `session` for all its messages: JupyterLab drops comm messages otherwise. */
export function newHeader(msgType: string, session: string): Header {
  return {
    msg_id: randomUUID(),
    msg_type: msgType,
    session,
    username: 'mstlab',
    date: new Date().toISOString(),
    version: '5.3',
  };
}

function signature(key: string, parts: readonly Uint8Array[]): string {
  if (key === '') return '';
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest('hex');
}

/** Frames to send: routing, delimiter, signature, four JSON parts, raw buffers. */
export function encodeMessage(message: Message, key: string): Uint8Array[] {
  const parts = [message.header, message.parentHeader, message.metadata, message.content].map((part) =>
    Buffer.from(JSON.stringify(part)),
  );
  return [...message.identities, delimiter, Buffer.from(signature(key, parts)), ...parts, ...message.buffers];
}

/** Reads frames and checks the signature before anything is parsed. Throws DataError on a malformed or forged message. */
export function decodeMessage(frames: readonly Uint8Array[], key: string): Message {
  const at = frames.findIndex((frame) => delimiter.equals(frame));
  if (at < 0 || frames.length < at + 6)
    throw new DataError(
      `decodeMessage: a message must hold <IDS|MSG>, a signature and four parts, got ${frames.length} frames (from a client). Check that the client speaks the Jupyter protocol.`,
    );
  const parts = frames.slice(at + 2, at + 6);
  const got = Buffer.from(frames[at + 1]);
  const want = Buffer.from(signature(key, parts));
  if (got.length !== want.length || !timingSafeEqual(got, want))
    throw new DataError(
      'decodeMessage: the signature must match the connection key, got another one (from a client). The message was refused; start the client from the same connection file.',
    );
  const [header, parentHeader, metadata, content] = parts.map((part) => JSON.parse(Buffer.from(part).toString('utf8')));
  return { identities: frames.slice(0, at), header, parentHeader, metadata, content, buffers: frames.slice(at + 6) };
}
