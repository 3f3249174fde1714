import type { FromExecution, ToExecution } from './execution/ipc';
import type { Message } from './protocol';
import type { KernelPublisher } from './publisher';

type Question = Extract<FromExecution, { type: 'input' }>;

/** Carries the questions of the running cell to the client that sent it, and the answers back. */
export class InputRouter {
  private asked: { readonly id: number; readonly requestId: string } | null = null;

  constructor(
    private readonly publisher: KernelPublisher,
    private readonly toExecution: (answer: Extract<ToExecution, { type: 'input' }>) => void,
  ) {}

  ask({ id, prompt, password }: Question, running: Message | null): void {
    const refuse = (why: string) => this.toExecution({ type: 'input', id, text: null, why });
    if (running === null) refuse('a cell must be running to ask, got a question between cells. Ask from a cell.');
    else if (running.content.allow_stdin === false)
      refuse(
        'the front end must be able to ask, got one that cannot (allow_stdin is false, as in a run without a person). Run this cell in JupyterLab, or give the value in code.',
      );
    else this.asked = { id, requestId: this.publisher.askInput(running, { prompt, password }) };
  }

  /** An `input_reply`. One to a question that is no longer open is dropped; some clients do not say which one they answer. */
  answer(reply: Message): void {
    const { asked } = this;
    const answered = reply.parentHeader.msg_id;
    if (asked === null || (answered !== undefined && answered !== asked.requestId)) return;
    this.asked = null;
    this.toExecution({ type: 'input', id: asked.id, text: String(reply.content.value ?? '') });
  }

  /** The cell that asked has ended. */
  forget(): void {
    this.asked = null;
  }
}
