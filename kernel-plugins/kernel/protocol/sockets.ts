import { Publisher, Reply, Router } from 'zeromq';
import { addressOf, type Connection } from './connection';

interface Sender {
  send(frames: Uint8Array[]): Promise<void>;
}

/**
 * Sends in order, one at a time: a ZeroMQ socket refuses a second send while one is pending (EBUSY), and an
 * unawaited send is how a kernel loses output.
 */
export class SendQueue {
  private tail: Promise<void> = Promise.resolve();

  constructor(
    private readonly socket: Sender,
    private readonly onError: (error: unknown) => void,
  ) {}

  send(frames: Uint8Array[]): Promise<void> {
    this.tail = this.tail.then(() => this.socket.send(frames)).catch(this.onError);
    return this.tail;
  }

  /** Resolves when everything handed in so far has been handed to ZeroMQ. */
  drained(): Promise<void> {
    return this.tail;
  }
}

export interface KernelSockets {
  readonly shell: Router;
  readonly control: Router;
  readonly stdin: Router;
  readonly iopub: Publisher;
  readonly heartbeat: Reply;
  close(): void;
}

/**
 * Binds the five sockets. The publisher never waits and never drops (`sendTimeout` 0 with no high-water mark): with the
 * defaults a send throws EBUSY after 512 messages and the message is gone.
 */
export async function bindSockets(connection: Connection): Promise<KernelSockets> {
  const unbounded = { sendTimeout: 0, sendHighWaterMark: 0, linger: 1000 };
  const shell = new Router({ ...unbounded, receiveHighWaterMark: 0 });
  const control = new Router({ ...unbounded, receiveHighWaterMark: 0 });
  const stdin = new Router(unbounded);
  const iopub = new Publisher(unbounded);
  const heartbeat = new Reply({ linger: 0 });
  const sockets = { shell, control, stdin, iopub, heartbeat };
  await Promise.all([
    shell.bind(addressOf(connection, 'shell')),
    control.bind(addressOf(connection, 'control')),
    stdin.bind(addressOf(connection, 'stdin')),
    iopub.bind(addressOf(connection, 'iopub')),
    heartbeat.bind(addressOf(connection, 'hb')),
  ]);
  return {
    ...sockets,
    close() {
      for (const socket of Object.values(sockets)) if (!socket.closed) socket.close();
    },
  };
}
