import { randomUUID } from 'node:crypto';
import { type Asides, CellQueue } from './cell-queue';
import { CommRouter } from './comm-router';
import type { FromExecution } from './execution/ipc';
import { Secrets } from './execution/secrets';
import { CellHistory } from './history';
import { InputRouter } from './input-router';
import { kernelInfo } from './kernel-info';
import { LanguageService } from './language/language-service';
import {
  bindSockets,
  type Connection,
  type Content,
  decodeMessage,
  type Header,
  type KernelSockets,
  type Message,
} from './protocol';
import { KernelPublisher, type ReplyChannel } from './publisher';

export interface KernelPlaces {
  /** The folder of the notebook: relative imports and the working directory of cells. */
  readonly notebookDir: string;
  /** TypeScript's root: holds every local file that cells may import. */
  readonly rootDir: string;
  /** The folder of this package. */
  readonly packageDir: string;
}

/** Served while a cell runs: TypeScript answers in its own thread, comms steer a cell that awaits, the rest is known here. */
const sideRequests = new Set([
  'complete_request',
  'inspect_request',
  'is_complete_request',
  'kernel_info_request',
  'history_request',
  'comm_info_request',
  'comm_open',
  'comm_msg',
  'comm_close',
]);

/**
 * The front: speaks the Jupyter protocol (5.3) and never blocks. Requests on shell are served one at a time with busy and idle
 * around each; control (interrupt, shutdown) and questions to the language service are served at once.
 */
export class Kernel {
  private readonly language: LanguageService;
  private readonly publisher: KernelPublisher;
  private readonly cells: CellQueue;
  private readonly comms: CommRouter;
  private readonly inputs: InputRouter;
  private readonly history = new CellHistory();
  /** What the execution process said is secret; it stays so after that process has died. */
  private readonly secrets = new Secrets();
  private readonly log: (text: string) => void;
  private executing: Header | null = null;
  /** Whether the running cell is kept in the history. */
  private recording = false;
  private shellTail: Promise<void> = Promise.resolve();
  /** Execute requests that arrived before this number are aborted: an earlier cell failed while they waited. */
  private abortBefore = 0;
  private arrived = 0;
  private closed = false;

  private constructor(
    private readonly sockets: KernelSockets,
    private readonly connection: Connection,
    places: KernelPlaces,
    log: (text: string) => void,
  ) {
    this.log = (text) => log(this.secrets.clean(text));
    this.secrets.learnEnvironment(process.env);
    this.secrets.learnFiles(process.env);
    this.publisher = new KernelPublisher(sockets, connection.key, randomUUID(), {
      onError: (error) => this.log(`mstlab kernel: a message could not be sent: ${String(error)}`),
      blank: (value) => this.secrets.deep(value),
      onResult: (count, data) => {
        if (this.recording) this.history.setOutput(count, String(data['text/plain'] ?? ''));
      },
    });
    this.language = new LanguageService(places);
    this.comms = new CommRouter(this.publisher, (id, message) => this.cells.post({ type: 'comm', id, message }));
    this.inputs = new InputRouter(this.publisher, (answer) => this.cells.post(answer));
    this.cells = new CellQueue(places, this.language, this.publisher, this.asides());
  }

  static async start(connection: Connection, places: KernelPlaces, log: (text: string) => void): Promise<Kernel> {
    const kernel = new Kernel(await bindSockets(connection), connection, places, log);
    kernel.publisher.status('starting', {});
    void kernel.echoHeartbeats();
    void kernel.receive('shell', (message) => kernel.onShell(message));
    void kernel.receive('stdin', (message) => kernel.inputs.answer(message));
    void kernel.receive('control', (message) => kernel.onControl(message));
    return kernel;
  }

  interrupt(): void {
    this.cells.interrupt();
    // Cells that wait behind the interrupted one are not wanted either.
    this.abortBefore = this.arrived;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await Promise.all([this.cells.close(), this.language.close()]);
    await this.publisher.drained();
    this.sockets.close();
  }

  private asides(): Asides {
    return {
      receive: (message: FromExecution, running: Message | null, lastParent: Partial<Header>) => {
        if (message.type === 'comm') this.comms.fromExecution(message.message, lastParent);
        else if (message.type === 'comm-handled') this.comms.handled(message.id);
        else if (message.type === 'secret') this.secrets.add(message.text);
        else if (message.type === 'input') this.inputs.ask(message, running);
      },
      clean: (text) => this.secrets.clean(text),
      restarted: (lastParent) => {
        this.inputs.forget();
        this.comms.closeAll(lastParent);
      },
    };
  }

  private async echoHeartbeats(): Promise<void> {
    for await (const frames of this.sockets.heartbeat) await this.sockets.heartbeat.send(frames);
  }

  private async receive(channel: ReplyChannel | 'stdin', handle: (message: Message) => void): Promise<void> {
    for await (const frames of this.sockets[channel]) {
      try {
        handle(decodeMessage(frames as Buffer[], this.connection.key));
      } catch (error) {
        this.log(`mstlab kernel: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  private onShell(message: Message): void {
    if (sideRequests.has(message.header.msg_type)) {
      void this.serve(message, 'shell', () => this.answer(message));
      return;
    }
    const number = this.arrived++;
    this.shellTail = this.shellTail.then(() =>
      this.serve(message, 'shell', () =>
        message.header.msg_type === 'execute_request' ? this.execute(message, number) : this.answer(message),
      ),
    );
  }

  private onControl(message: Message): void {
    void this.serve(message, 'control', async () => {
      if (message.header.msg_type === 'interrupt_request') {
        this.interrupt();
        return { status: 'ok' };
      }
      return this.answer(message);
    });
  }

  private async serve(message: Message, channel: ReplyChannel, work: () => Promise<Content | null>): Promise<void> {
    this.publisher.status('busy', message.header);
    try {
      const content = await work();
      if (content) this.publisher.reply(channel, message, content);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.log(`mstlab kernel: ${message.header.msg_type} failed: ${text}`);
      const evalue = error instanceof Error ? error.message : String(error);
      this.publisher.reply(channel, message, { status: 'error', ename: 'KernelError', evalue, traceback: [text] });
    }
    this.publisher.status('idle', message.header);
    // Front ends take the last status for the kernel's: say again that a cell is running.
    if (this.executing) this.publisher.status('busy', this.executing);
    if (message.header.msg_type === 'shutdown_request') {
      await this.close();
      process.exit(0);
    }
  }

  private async execute(message: Message, number: number): Promise<Content> {
    if (number < this.abortBefore) return { status: 'aborted', execution_count: this.cells.count };
    const { silent = false, store_history: storeHistory = true, code } = message.content;
    this.executing = message.header;
    const running = this.cells.run(message);
    this.recording = !silent && storeHistory;
    if (this.recording) this.history.add(this.cells.count, String(code ?? ''));
    const reply = await running.finally(() => {
      this.executing = null;
    });
    if (reply.status === 'error' && (message.content.stop_on_error ?? true)) this.abortBefore = this.arrived;
    return reply;
  }

  private async answer(message: Message): Promise<Content | null> {
    const { content } = message;
    switch (message.header.msg_type) {
      case 'kernel_info_request':
        return kernelInfo;
      case 'is_complete_request':
        return await this.language.isComplete(String(content.code ?? ''));
      case 'complete_request': {
        const { matches, cursorStart, cursorEnd } = await this.cells.complete(content.code, content.cursor_pos);
        return { status: 'ok', matches, cursor_start: cursorStart, cursor_end: cursorEnd, metadata: {} };
      }
      case 'inspect_request': {
        const text = await this.language.inspect(content.code, content.cursor_pos);
        return { status: 'ok', found: text !== null, data: text === null ? {} : { 'text/plain': text }, metadata: {} };
      }
      case 'history_request':
        return { status: 'ok', history: this.history.answer(content) };
      case 'comm_info_request':
        return { status: 'ok', comms: await this.comms.info(content.target_name ?? undefined) };
      case 'comm_open':
      case 'comm_msg':
      case 'comm_close':
        await this.comms.fromFrontEnd(message);
        return null;
      case 'shutdown_request':
        return { status: 'ok', restart: Boolean(content.restart) };
      default:
        this.log(`mstlab kernel: a request of type "${message.header.msg_type}" is not known and was left unanswered.`);
        return null;
    }
  }
}
