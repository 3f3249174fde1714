import { randomUUID } from 'node:crypto';
import { ConfigError, DataError } from '../../src/core';
import type { CommMessage, CommTransport } from './comm-channel';

type Json = Readonly<Record<string, unknown>>;

export interface CommOptions {
  readonly metadata?: Json;
  /** Raw bytes beside the JSON: typed arrays, buffers, views. */
  readonly buffers?: readonly (ArrayBuffer | ArrayBufferView)[];
}

/** What arrived: JSON, and the raw bytes beside it. */
export interface CommData {
  readonly data: Json;
  readonly metadata: Json;
  readonly buffers: readonly Uint8Array[];
}

export type CommHandler = (received: CommData) => unknown;

/** Called for each comm that the front end opens; `opened` is what it sent along. If it throws, the comm is closed. */
export type TargetHandler = (comm: Comm, opened: CommData) => unknown;

interface CommState {
  transport: CommTransport | null;
  readonly open: Map<string, Comm>;
  readonly targets: Map<string, TargetHandler>;
}

/** The kernel's process may hold this library twice (from `dist` and from a test's sources), so the comms live under a symbol. */
const stateSymbol = Symbol.for('mstlab.comms');

function state(): CommState {
  const holder = globalThis as typeof globalThis & { [stateSymbol]?: CommState };
  holder[stateSymbol] ??= { transport: null, open: new Map(), targets: new Map() };
  return holder[stateSymbol];
}

/** A channel to code in the front end (a widget). It stays open when the cell that opened it has ended. */
export class Comm {
  private readonly messageHandlers = new Set<CommHandler>();
  private readonly closeHandlers = new Set<CommHandler>();
  private isClosed = false;

  /** Made by `openComm`, or for an `onTarget` handler; not by hand. */
  constructor(
    readonly id: string,
    readonly target: string,
  ) {}

  get closed(): boolean {
    return this.isClosed;
  }

  /**
   * Sends JSON and raw bytes. Does nothing once the comm is closed: a training loop must not fail because its page is gone.
   * Throws DataError if `data` cannot be written as JSON.
   */
  send(data: Json, options: CommOptions = {}): void {
    if (!this.isClosed) sendComm({ type: 'message', commId: this.id, ...encode('Comm.send', data, options) });
  }

  /** Closes the comm; the front end removes its side. A second call does nothing. */
  close(data: Json = {}): void {
    if (this.isClosed) return;
    this.forget();
    sendComm({ type: 'close', commId: this.id, ...encode('Comm.close', data, {}) });
  }

  /** Calls `handler` for each message, also while a cell awaits; returns a function that ends it. */
  onMessage(handler: CommHandler): () => void {
    this.messageHandlers.add(handler);
    return () => void this.messageHandlers.delete(handler);
  }

  /** Calls `handler` when the front end closes the comm (the page or the kernel's other side is gone). */
  onClose(handler: CommHandler): () => void {
    this.closeHandlers.add(handler);
    return () => void this.closeHandlers.delete(handler);
  }

  /** Hands a message of the front end to the handlers; settles when all of them have ended. For the kernel. */
  async receive(type: 'message' | 'close', received: CommData): Promise<void> {
    if (type === 'close') this.forget();
    const handlers = type === 'close' ? this.closeHandlers : this.messageHandlers;
    await Promise.all([...handlers].map((handler) => attempt(this, () => handler(received))));
  }

  private forget(): void {
    this.isClosed = true;
    state().open.delete(this.id);
  }
}

/** False in a terminal and in kernels without comms: widgets then show a static view. */
export function commsAvailable(): boolean {
  return state().transport !== null;
}

/**
 * Opens a comm to code that the front end registered under `target` (`jupyter.widget`). The front end closes it if it knows no such
 * target. Throws ConfigError where there is no front end to talk to: ask `commsAvailable()` first.
 */
export function openComm(target: string, data: Json = {}, options: CommOptions & { id?: string } = {}): Comm {
  if (!commsAvailable())
    throw new ConfigError(
      `openComm: comms must run in the mstlab kernel, got none installed (target "${target}"). Ask commsAvailable() first.`,
    );
  const comm = new Comm(options.id ?? randomUUID(), target);
  const encoded = encode('openComm', data, options);
  state().open.set(comm.id, comm);
  sendComm({ type: 'open', commId: comm.id, target, ...encoded });
  return comm;
}

/** Accepts comms that the front end opens under `target`; a second handler takes the place of the first. Returns its undo. */
export function onTarget(target: string, handler: TargetHandler): () => void {
  const { targets } = state();
  targets.set(target, handler);
  return () => {
    if (targets.get(target) === handler) targets.delete(target);
  };
}

/** The kernel's side: where messages of this process go. */
export function installCommTransport(transport: CommTransport): void {
  state().transport = transport;
}

/** The kernel's side: a message of the front end. Settles when its handlers have ended; never rejects. */
export async function receiveComm(message: CommMessage): Promise<void> {
  const { open, targets } = state();
  const { type, commId, data, metadata = {}, buffers = [] } = message;
  const received = { data, metadata, buffers };
  if (type !== 'open') {
    await open.get(commId)?.receive(type, received);
    return;
  }
  const target = message.target ?? '';
  const handler = targets.get(target);
  if (!handler) {
    sendComm({ type: 'close', commId, data: {} });
    return;
  }
  const comm = new Comm(commId, target);
  open.set(commId, comm);
  if (!(await attempt(comm, () => handler(comm, received)))) comm.close();
}

function sendComm(message: CommMessage): void {
  state().transport?.send(message);
}

/** A handler's failure is shown, not thrown: there is no cell that could fail with it. */
async function attempt(comm: Comm, call: () => unknown): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`A handler of the comm "${comm.target}" failed: ${text}\n`);
    return false;
  }
}

function encode(where: string, data: Json, { metadata = {}, buffers = [] }: CommOptions) {
  let plain: { data: Json; metadata: Json };
  try {
    plain = JSON.parse(JSON.stringify({ data, metadata }));
  } catch (error) {
    throw new DataError(
      `${where}: data must be writable as JSON, got ${String(error)}. Send raw bytes through \`buffers\`, and ids for objects.`,
    );
  }
  return { ...plain, buffers: buffers.map(bytesOf) };
}

function bytesOf(buffer: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
}
