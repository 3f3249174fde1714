import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { MachineError } from '../../src/core';

/** Lines of the protocol start with this; a library's own prints do not. */
export const MARK = '@bench ';
const KEPT_LINES = 30;

/** What is asked of a side, one JSON line each; every question gets one line back. */
export type Question =
  | { readonly ask: 'open'; readonly job: string }
  | { readonly ask: 'round' }
  | { readonly ask: 'close' };

/**
 * One side in a process of its own, held ready between rounds: start-up, loading and warming up are paid once, and while
 * one side works the others wait for a line.
 */
export class SideProcess {
  private readonly child: ChildProcess;
  private readonly said: string[] = [];
  private waiting: {
    resolve(answer: Record<string, unknown>): void;
    reject(error: Error): void;
  } | null = null;
  private ended: string | null = null;
  // A bench that is stopped leaves no side computing behind it.
  private readonly onExit = (): void => this.kill();

  constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
  ) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
    this.child.stdin?.on('error', () => {});
    process.once('exit', this.onExit);
    for (const stream of [this.child.stdout, this.child.stderr])
      createInterface({ input: stream! }).on('line', (line) => this.hear(line));
    this.child.on('error', (error) => this.end(error.message));
    // 'close', not 'exit': the last line is read before.
    this.child.on('close', (code, signal) => this.end(signal ? `signal ${signal}` : `exit code ${code}`));
  }

  /**
   * Sends one question and waits for its answer. Throws MachineError if the side says that it failed, ends instead, or
   * says nothing for `timeoutSeconds`.
   */
  ask(question: Question, timeoutSeconds = 3600): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      if (this.ended !== null) return reject(this.failure(this.ended));
      const timer = setTimeout(() => {
        this.waiting = null;
        this.kill();
        reject(this.failure(`no answer to "${question.ask}" within ${timeoutSeconds} s`));
      }, timeoutSeconds * 1000);
      this.waiting = {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.child.stdin?.write(`${JSON.stringify(question)}\n`);
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  kill(): void {
    // Without a process number Node would signal this process's own group.
    if (this.child.pid !== undefined) this.child.kill('SIGKILL');
  }

  private hear(line: string): void {
    if (!line.startsWith(MARK)) {
      this.said.push(line);
      if (this.said.length > KEPT_LINES) this.said.shift();
      return;
    }
    const waiting = this.waiting;
    this.waiting = null;
    const answer = JSON.parse(line.slice(MARK.length)) as Record<string, unknown>;
    if (typeof answer.error === 'string') waiting?.reject(this.failure(answer.error));
    else waiting?.resolve(answer);
  }

  private end(how: string): void {
    this.ended ??= how;
    process.removeListener('exit', this.onExit);
    const waiting = this.waiting;
    this.waiting = null;
    waiting?.reject(this.failure(how));
  }

  private failure(what: string): MachineError {
    const last = this.said.length > 0 ? `\nIt printed last:\n${this.said.join('\n')}` : '';
    return new MachineError(`bench: ${this.name} must answer, got ${what}. Read what it printed.${last}`);
  }
}
