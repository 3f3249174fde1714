import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { Dealer, Request, Subscriber } from 'zeromq';
import {
  addressOf,
  type Connection,
  type Content,
  decodeMessage,
  encodeMessage,
  type Message,
  newHeader,
  SendQueue,
} from '../kernel/protocol';

/** One request with everything that the kernel said about it. */
export interface Exchange {
  readonly msgId: string;
  readonly reply: Message;
  /** All messages on iopub with this request as parent, busy and idle included, in order. */
  readonly published: readonly Message[];
}

export interface RequestOptions {
  readonly channel?: Channel;
  readonly metadata?: Content;
  readonly buffers?: readonly Uint8Array[];
  /** Sees every message on iopub with this request as parent. */
  readonly onPublished?: (message: Message) => void;
  /** Answers an `input_request` of the cell; null leaves it unanswered. */
  readonly onInput?: (content: Content) => string | null;
  /** Signs with another key than the connection's. */
  readonly key?: string;
}

/** Messages that no reply follows: their exchange ends with idle. */
const withoutReply = new Set(['comm_open', 'comm_msg', 'comm_close']);

interface OpenExchange {
  reply: Message | null;
  readonly onInput?: RequestOptions['onInput'];
  idle: boolean;
  readonly published: Message[];
  readonly onPublished?: (message: Message) => void;
  resolve(exchange: Exchange): void;
  reject(error: Error): void;
}

type Channel = 'shell' | 'control';

/** A Jupyter client for one kernel. An exchange is over when its reply and its idle status have both come. */
export class KernelClient {
  readonly session = randomUUID();
  private readonly shell: Dealer;
  /** Under the shell's identity: a kernel asks the client whose cell it runs. */
  private readonly stdin: Dealer;
  private readonly control = new Dealer({ linger: 0 });
  private readonly iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  private readonly queues: Record<Channel | 'stdin', SendQueue>;
  private readonly open = new Map<string, OpenExchange>();
  private failure: Error | null = null;

  constructor(
    private readonly connection: Connection,
    /** Sees every message on iopub, whatever its parent. */
    private readonly onAnyPublished: (message: Message) => void = () => {},
  ) {
    const routingId = this.session;
    this.shell = new Dealer({ linger: 0, receiveHighWaterMark: 0, sendHighWaterMark: 0, routingId });
    this.stdin = new Dealer({ linger: 0, routingId });
    this.stdin.connect(addressOf(connection, 'stdin'));
    this.shell.connect(addressOf(connection, 'shell'));
    this.control.connect(addressOf(connection, 'control'));
    this.iopub.connect(addressOf(connection, 'iopub'));
    this.iopub.subscribe();
    const onError = (error: unknown) => this.fail(new Error(`KernelClient: a message could not be sent: ${error}`));
    this.queues = {
      shell: new SendQueue(this.shell, onError),
      control: new SendQueue(this.control, onError),
      stdin: new SendQueue(this.stdin, onError),
    };
    void this.receiveReplies(this.shell);
    void this.receiveReplies(this.control);
    void this.receiveInputRequests();
    void this.receivePublished();
  }

  request(msgType: string, content: Content = {}, options: RequestOptions = {}): Promise<Exchange> {
    if (this.failure) return Promise.reject(this.failure);
    const header = newHeader(msgType, this.session);
    const { metadata = {}, buffers = [], onPublished, onInput } = options;
    const message: Message = { identities: [], header, parentHeader: {}, metadata, content, buffers };
    // A comm message stands in for the reply that it will not get.
    const reply = withoutReply.has(msgType) ? message : null;
    return new Promise((resolve, reject) => {
      this.open.set(header.msg_id, { reply, idle: false, published: [], onPublished, onInput, resolve, reject });
      void this.queues[options.channel ?? 'shell'].send(encodeMessage(message, options.key ?? this.connection.key));
    });
  }

  execute(code: string, options: RequestOptions & { readonly content?: Content } = {}): Promise<Exchange> {
    const allowStdin = options.onInput !== undefined;
    const content = { code, silent: false, store_history: true, allow_stdin: allowStdin, stop_on_error: true };
    return this.request('execute_request', { ...content, ...options.content }, options);
  }

  /** Resolves when the kernel answers and its broadcasts arrive; asks again, as a subscription takes effect with a delay. */
  async ready(timeoutMs = 30_000): Promise<Message> {
    const until = Date.now() + timeoutMs;
    while (Date.now() < until) {
      const asked = this.request('kernel_info_request');
      const answered = await Promise.race([asked, delay(500).then(() => null)]);
      if (answered) return answered.reply;
      if (this.failure) throw this.failure;
    }
    throw new Error(`KernelClient.ready: the kernel must answer within ${timeoutMs} ms, got no answer. Read its log.`);
  }

  async heartbeat(timeoutMs = 2_000): Promise<boolean> {
    const socket = new Request({ linger: 0, receiveTimeout: timeoutMs });
    socket.connect(addressOf(this.connection, 'hb'));
    try {
      await socket.send('ping');
      const [echo] = await socket.receive();
      return echo.toString() === 'ping';
    } catch {
      return false;
    } finally {
      socket.close();
    }
  }

  /** Ends every open exchange with this error, e.g. when the kernel's process has died. */
  fail(error: Error): void {
    this.failure = error;
    for (const exchange of this.open.values()) exchange.reject(error);
    this.open.clear();
  }

  close(): void {
    for (const socket of [this.shell, this.control, this.stdin, this.iopub]) if (!socket.closed) socket.close();
  }

  private async receiveReplies(socket: Dealer): Promise<void> {
    for await (const frames of socket) {
      const message = decodeMessage(frames as Buffer[], this.connection.key);
      this.update(message, (exchange) => {
        exchange.reply = message;
      });
    }
  }

  private async receiveInputRequests(): Promise<void> {
    for await (const frames of this.stdin) {
      const asked = decodeMessage(frames as Buffer[], this.connection.key);
      const value = this.open.get(asked.parentHeader.msg_id ?? '')?.onInput?.(asked.content) ?? null;
      if (value === null) continue;
      const header = newHeader('input_reply', this.session);
      const content = { value, status: 'ok' };
      const reply = { identities: [], header, parentHeader: asked.header, metadata: {}, content, buffers: [] };
      void this.queues.stdin.send(encodeMessage(reply, this.connection.key));
    }
  }

  private async receivePublished(): Promise<void> {
    for await (const frames of this.iopub) {
      const message = decodeMessage(frames as Buffer[], this.connection.key);
      this.onAnyPublished(message);
      this.update(message, (exchange) => {
        exchange.published.push(message);
        exchange.onPublished?.(message);
        if (message.header.msg_type === 'status' && message.content.execution_state === 'idle') exchange.idle = true;
      });
    }
  }

  private update(message: Message, change: (exchange: OpenExchange) => void): void {
    const msgId = message.parentHeader.msg_id ?? '';
    const exchange = this.open.get(msgId);
    if (!exchange) return;
    change(exchange);
    if (!exchange.reply || !exchange.idle) return;
    this.open.delete(msgId);
    exchange.resolve({ msgId, reply: exchange.reply, published: exchange.published });
  }
}

/** A connection file for a kernel on this machine, with free ports and a new key. */
export async function writeConnectionFile(path: string): Promise<Connection> {
  const [shell, iopub, stdin, control, hb] = await freePorts(5);
  const connection: Connection = {
    transport: 'tcp',
    ip: '127.0.0.1',
    shell_port: shell,
    iopub_port: iopub,
    stdin_port: stdin,
    control_port: control,
    hb_port: hb,
    key: randomBytes(16).toString('hex'),
    signature_scheme: 'hmac-sha256',
  };
  writeFileSync(path, JSON.stringify(connection), { mode: 0o600 });
  return connection;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
