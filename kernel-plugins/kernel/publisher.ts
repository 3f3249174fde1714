import type { OutputMessage } from './execution/ipc';
import {
  type Content,
  encodeMessage,
  type Header,
  type KernelSockets,
  type Message,
  newHeader,
  SendQueue,
} from './protocol';

export type ReplyChannel = 'shell' | 'control';

export interface PublisherEvents {
  onError(error: unknown): void;
  /** A cell's result was published. */
  onResult(count: number, data: Content): void;
  /** Takes secrets out of what the front says itself; what the execution process says has none. */
  blank<T>(value: T): T;
}

/** Sends messages of this kernel: one session for all, one queue per socket. */
export class KernelPublisher {
  private readonly iopub: SendQueue;
  private readonly stdin: SendQueue;
  private readonly replies: Record<ReplyChannel, SendQueue>;

  constructor(
    sockets: KernelSockets,
    private readonly key: string,
    private readonly session: string,
    private readonly events: PublisherEvents,
  ) {
    const { onError } = events;
    this.iopub = new SendQueue(sockets.iopub, onError);
    this.stdin = new SendQueue(sockets.stdin, onError);
    this.replies = { shell: new SendQueue(sockets.shell, onError), control: new SendQueue(sockets.control, onError) };
  }

  /** Publishes what the front says. */
  publish(msgType: string, content: Content, parent: Partial<Header>): void {
    this.send(msgType, this.events.blank(content), parent, {}, []);
  }

  /** Publishes a comm message of the execution process. */
  publishComm(
    msgType: 'comm_open' | 'comm_msg' | 'comm_close',
    content: Content,
    parent: Partial<Header>,
    metadata: Content = {},
    buffers: readonly Uint8Array[] = [],
  ): void {
    this.send(msgType, content, parent, metadata, buffers);
  }

  private send(
    msgType: string,
    content: Content,
    parent: Partial<Header>,
    metadata: Content,
    buffers: readonly Uint8Array[],
  ): void {
    const message: Message = {
      identities: [Buffer.from(msgType)],
      header: newHeader(msgType, this.session),
      parentHeader: parent,
      metadata,
      content,
      buffers,
    };
    void this.iopub.send(encodeMessage(message, this.key));
    if (msgType === 'execute_result') this.events.onResult(content.execution_count, content.data);
  }

  status(state: 'starting' | 'busy' | 'idle', parent: Partial<Header>): void {
    this.publish('status', { execution_state: state }, parent);
  }

  reply(channel: ReplyChannel, request: Message, content: Content): void {
    const msgType = request.header.msg_type.replace(/_request$/, '_reply');
    const message: Message = {
      identities: request.identities,
      header: newHeader(msgType, this.session),
      parentHeader: request.header,
      metadata: {},
      content: this.events.blank(content),
      buffers: [],
    };
    void this.replies[channel].send(encodeMessage(message, this.key));
  }

  /** Asks the client whose request is running; returns the id of the question. */
  askInput(running: Message, content: { prompt: string; password: boolean }): string {
    const header = newHeader('input_request', this.session);
    const { identities, header: parentHeader } = running;
    const message: Message = { identities, header, parentHeader, metadata: {}, content, buffers: [] };
    void this.stdin.send(encodeMessage(message, this.key));
    return header.msg_id;
  }

  /** What a cell shows, as the protocol's messages. `count` is the cell's number. */
  publishOutput(message: OutputMessage, count: number, parent: Partial<Header>): void {
    const show = (msgType: string, content: Content) => this.send(msgType, content, parent, {}, []);
    if (message.type === 'stream') show('stream', { name: message.name, text: message.text });
    else if (message.type === 'clear') show('clear_output', { wait: message.wait });
    else if (message.type === 'display') {
      const { bundle, displayId, update } = message;
      const transient = displayId === null ? {} : { display_id: displayId };
      show(update ? 'update_display_data' : 'display_data', {
        data: bundle.data,
        metadata: bundle.metadata ?? {},
        transient,
      });
    } else
      show('execute_result', {
        execution_count: count,
        data: message.bundle.data,
        metadata: message.bundle.metadata ?? {},
      });
  }

  async drained(): Promise<void> {
    await Promise.all([this.iopub.drained(), this.replies.shell.drained(), this.replies.control.drained()]);
  }
}
