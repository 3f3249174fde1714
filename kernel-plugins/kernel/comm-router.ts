import type { CommMessage } from '../host/comm-channel';
import type { Header, Message } from './protocol';
import type { KernelPublisher } from './publisher';

/** How long idle waits for the execution process, which may be in a loop that does not yield. */
const longestHandlingMs = 2_000;

interface Handling {
  readonly parent: Header;
  readonly ended: Promise<void>;
  end(): void;
}

/** Carries comm messages between the front end and the execution process, and knows which comms are open. */
export class CommRouter {
  private readonly targets = new Map<string, string>();
  private readonly handlings = new Map<number, Handling>();
  private nextId = 0;

  constructor(
    private readonly publisher: KernelPublisher,
    private readonly toExecution: (id: number, message: CommMessage) => void,
  ) {}

  /** Hands on a `comm_open`, `comm_msg` or `comm_close`; settles when the execution process has handled it, or after 2 s. */
  fromFrontEnd(request: Message): Promise<void> {
    const { header, metadata, content, buffers } = request;
    const commId = String(content.comm_id ?? '');
    const type = header.msg_type === 'comm_open' ? 'open' : header.msg_type === 'comm_close' ? 'close' : 'message';
    const target = type === 'open' ? String(content.target_name ?? '') : undefined;
    if (target !== undefined) this.targets.set(commId, target);
    else if (type === 'close') this.targets.delete(commId);
    const id = this.nextId++;
    const timer = setTimeout(() => this.handled(id), longestHandlingMs);
    timer.unref();
    let resolve!: () => void;
    const ended = new Promise<void>((done) => {
      resolve = done;
    });
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    this.handlings.set(id, { parent: header, ended, end });
    this.toExecution(id, { type, commId, target, data: content.data ?? {}, metadata, buffers });
    return ended;
  }

  /** The execution process has handled the message of this number. */
  handled(id: number): void {
    this.handlings.get(id)?.end();
    this.handlings.delete(id);
  }

  /** Publishes a comm message of the execution process, as caused by the comm message in hand, else by the cell. */
  fromExecution(message: CommMessage, cell: Partial<Header>): void {
    const { type, commId, target = '', data, metadata, buffers } = message;
    const parent = this.handlings.values().next().value?.parent ?? cell;
    if (type === 'open') {
      this.targets.set(commId, target);
      this.publisher.publishComm(
        'comm_open',
        { comm_id: commId, target_name: target, data },
        parent,
        metadata,
        buffers,
      );
      return;
    }
    if (type === 'close') this.targets.delete(commId);
    const msgType = type === 'close' ? 'comm_close' : 'comm_msg';
    this.publisher.publishComm(msgType, { comm_id: commId, data }, parent, metadata, buffers);
  }

  /** The open comms, as `comm_info_reply` names them, once the comm messages before the question are handled. */
  async info(target: string | undefined): Promise<Record<string, { target_name: string }>> {
    await Promise.all([...this.handlings.values()].map(({ ended }) => ended));
    const wanted = [...this.targets].filter(([, name]) => target === undefined || name === target);
    return Object.fromEntries(wanted.map(([id, name]) => [id, { target_name: name }]));
  }

  /** The execution process is gone, and with it the other side of every comm. */
  closeAll(parent: Partial<Header>): void {
    for (const id of [...this.handlings.keys()]) this.handled(id);
    for (const commId of this.targets.keys())
      this.publisher.publishComm('comm_close', { comm_id: commId, data: {} }, parent);
    this.targets.clear();
  }
}
