import { ConfigError } from '../../../src/core';
import type { AskOptions, AskTransport } from '../../host/ask';
import type { FromExecution, ToExecution } from './ipc';

type Answer = Extract<ToExecution, { type: 'input' }>;

/** Questions of cells to the person: one at a time, as the front end shows only one box. */
export class Questions implements AskTransport {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private last: Promise<unknown> = Promise.resolve();
  private nextId = 0;

  constructor(
    private readonly post: (message: FromExecution) => void,
    /** The running cell's signal. */
    private readonly cellSignal: () => AbortSignal,
    private readonly onSecret: (text: string) => void,
  ) {}

  ask(message: string, { signal, hidden }: AskOptions & { readonly hidden: boolean }): Promise<string> {
    const signals = signal ? [this.cellSignal(), signal] : [this.cellSignal()];
    const asked = this.last.then(() => this.askNow(message, hidden, signals));
    this.last = asked.catch(() => {});
    return asked;
  }

  answer(answer: Answer): void {
    this.waiting.get(answer.id)?.(answer);
  }

  private askNow(prompt: string, hidden: boolean, signals: readonly AbortSignal[]): Promise<string> {
    const id = this.nextId++;
    const stopListening: (() => void)[] = [];
    return new Promise<string>((resolve, reject) => {
      for (const signal of signals) {
        const stop = () => reject(signal.reason);
        if (signal.aborted) return stop();
        signal.addEventListener('abort', stop);
        stopListening.push(() => signal.removeEventListener('abort', stop));
      }
      this.waiting.set(id, ({ text, why }) => {
        if (text === null) return reject(new ConfigError(`${hidden ? 'password' : 'prompt'}: ${why}`));
        if (hidden) this.onSecret(text);
        resolve(text);
      });
      this.post({ type: 'input', id, prompt, password: hidden });
    }).finally(() => {
      this.waiting.delete(id);
      for (const stop of stopListening) stop();
    });
  }
}
