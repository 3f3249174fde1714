/** A message of the comm protocol. Buffers are raw bytes beside the JSON. */
export interface CommMessage {
  readonly type: 'open' | 'message' | 'close';
  readonly commId: string;
  /** Only with `open`. */
  readonly target?: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly buffers?: readonly Uint8Array[];
}

/** The way to the front end and back; a kernel installs one. Where there is none, widgets show a static view. */
export interface CommTransport {
  send(message: CommMessage): void;
}
