import { type FromExecution, isOutput, type ToExecution } from './execution/ipc';
import { ExecutionProcess } from './execution-process';
import type { Completion } from './language/cell-language';
import type { LanguageService } from './language/language-service';
import type { Content, Header, Message } from './protocol';
import type { KernelPublisher } from './publisher';
import { type ErrorContent, Tracebacks } from './traceback';

/** Takes what the execution process says beside the output of cells. */
export interface Asides {
  receive(message: FromExecution, running: Message | null, lastParent: Partial<Header>): void;
  /** Text without the secrets that are known. */
  clean(text: string): string;
  /** The execution process died; a new one stands. */
  restarted(lastParent: Partial<Header>): void;
}

/** A cell that may be `name?`: no TypeScript begins or ends so. */
const mayBeQuestion = /^\s*\?|\?\s*;?\s*$/;
/** A list of completions that came later would open under another text. */
const valuesTimeoutMs = 400;
const restartPauseMs = 2_000;

interface RunningCell {
  readonly cell: number;
  readonly count: number;
  readonly request: Message;
  end(error: ErrorContent | null, exported: readonly string[] | null): void;
}

/** Runs cells one after another: conversion, execution, output, the error's form; restarts the execution process if it dies. */
export class CellQueue {
  private execution: ExecutionProcess;
  private running: RunningCell | null = null;
  private lastParent: Partial<Header> = {};
  private readonly tracebacks = new Tracebacks();
  private interruptedBeforeStart = false;
  private converting = false;
  private cells = 0;
  private readonly valueRequests = new Map<number, (values: readonly string[]) => void>();
  private nextRequest = 0;
  /** Settles when the execution process has said which magics there are: without it a first cell would not know them. */
  private registered: Promise<void> = Promise.resolve();
  private firstRegistry = () => {};
  private hasRegistered = false;
  private closed = false;
  private executionCount = 0;

  constructor(
    private readonly places: { notebookDir: string; packageDir: string },
    private readonly language: LanguageService,
    private readonly publisher: KernelPublisher,
    private readonly asides: Asides,
  ) {
    this.execution = this.startExecution();
  }

  get count(): number {
    return this.executionCount;
  }

  /** Runs one `execute_request` to its end and returns the content of its reply. */
  async run(request: Message): Promise<Content> {
    const { code, silent = false, store_history: storeHistory = true } = request.content;
    if (!silent && storeHistory) this.executionCount++;
    const count = this.executionCount;
    const cell = ++this.cells;
    this.lastParent = request.header;
    if (!silent) this.publisher.publish('execute_input', { code, execution_count: count }, request.header);

    const error = await this.runCode(String(code ?? ''), cell, count, request, Boolean(silent));
    if (error === null) return { status: 'ok', execution_count: count, user_expressions: {}, payload: [] };
    this.publisher.publish('error', { ...error }, request.header);
    return { status: 'error', execution_count: count, ...error };
  }

  /** Completions at the cursor; values of a magic's option come from the execution process, if it answers in time. */
  async complete(code: string, cursor: number): Promise<Completion> {
    const found = await this.language.complete(code, cursor);
    if (found.source === null) return found;
    const values = await this.completionValues(found.source, found.prefix);
    return { ...found, matches: [...values, ...found.matches] };
  }

  private completionValues(source: string, prefix: string): Promise<readonly string[]> {
    const id = this.nextRequest++;
    return new Promise((resolve) => {
      const settle = (values: readonly string[]) => {
        clearTimeout(timer);
        this.valueRequests.delete(id);
        resolve(values);
      };
      const timer = setTimeout(() => settle([]), valuesTimeoutMs);
      this.valueRequests.set(id, settle);
      this.execution.post({ type: 'complete', id, source, prefix });
    });
  }

  interrupt(): void {
    if (this.converting) this.interruptedBeforeStart = true;
    else this.execution.interrupt();
  }

  /** Hands the execution process something that does not wait for the running cell. */
  post(message: ToExecution): void {
    this.execution.post(message);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.execution.stop();
  }

  private async runCode(
    code: string,
    cell: number,
    count: number,
    request: Message,
    silent: boolean,
  ): Promise<ErrorContent | null> {
    if (code.trim() === '') return null;
    if (mayBeQuestion.test(code)) {
      const answer = await this.language.question(code);
      if (answer !== null) {
        const data = { 'text/plain': answer };
        if (!silent)
          this.publisher.publish('execute_result', { execution_count: count, data, metadata: {} }, request.header);
        return null;
      }
    }
    this.converting = true;
    this.interruptedBeforeStart = false;
    await this.registered;
    const converted = await this.language.convert(code);
    this.converting = false;
    if (this.interruptedBeforeStart) return interruptedContent('the cell was stopped before it started');
    if (converted.problems.length > 0) return this.tracebacks.ofProblems(count, code, converted.problems);
    if (converted.code === null) {
      await this.language.commit(null);
      return null;
    }
    this.tracebacks.remember(cell, count, code, converted.sourceMaps);
    const ended = await new Promise<{ error: ErrorContent | null; exported: readonly string[] | null }>((resolve) => {
      this.running = { cell, count, request, end: (error, exported) => resolve({ error, exported }) };
      this.execution.execute({
        type: 'execute',
        cell,
        code: converted.code!,
        lastExpressionVar: converted.lastExpressionVar,
        sideOutputs: converted.sideOutputs,
        silent,
      });
    });
    this.running = null;
    if (ended.error === null) await this.language.commit(null);
    else if (ended.exported !== null) await this.language.commit(ended.exported);
    return ended.error;
  }

  private receive(message: FromExecution): void {
    const { running } = this;
    if (message.type === 'done') {
      if (running?.cell !== message.cell) return;
      running.end(message.error ? this.tracebacks.ofError(message.error) : null, message.exported);
    } else if (isOutput(message))
      this.publisher.publishOutput(message, running?.count ?? this.executionCount, this.lastParent);
    else if (message.type === 'registry') {
      void this.language.setRegistry(message.magics, message.declarations);
      this.hasRegistered = true;
      this.firstRegistry();
    } else if (message.type === 'completed') this.valueRequests.get(message.id)?.(message.values);
    else this.asides.receive(message, running?.request ?? null, this.lastParent);
  }

  private startExecution(): ExecutionProcess {
    this.hasRegistered = false;
    this.registered = new Promise((resolve) => {
      this.firstRegistry = resolve;
    });
    return new ExecutionProcess(this.places, {
      onMessage: (message) => this.receive(message),
      onNativeOutput: (text) => process.stderr.write(this.asides.clean(text)),
      onCrash: (why, nativeOutput) => void this.restartExecution(why, nativeOutput),
    });
  }

  /** Crash or forced end: the cell says so, earlier cells' variables are gone, the next cell finds a new process. */
  private async restartExecution(why: string, nativeOutput: string): Promise<void> {
    await this.language.reset();
    // A process that dies while it starts would be started again and again, as fast as the machine can.
    if (!this.hasRegistered) await new Promise((resolve) => setTimeout(resolve, restartPauseMs));
    this.firstRegistry();
    if (this.closed) return;
    this.execution = this.startExecution();
    this.asides.restarted(this.lastParent);
    const evalue = `The execution process ${why}. It was started anew: variables of earlier cells are gone, run them again.`;
    const tail = nativeOutput.trim().split('\n').slice(-12);
    const traceback = [`ExecutionProcessEnded: ${evalue}`, ...(tail[0] ? ['It last wrote:', ...tail] : [])];
    if (this.running) this.running.end({ ename: 'ExecutionProcessEnded', evalue, traceback }, null);
    else this.publisher.publish('stream', { name: 'stderr', text: `${evalue}\n` }, this.lastParent);
  }
}

function interruptedContent(message: string): ErrorContent {
  return { ename: 'Interrupted', evalue: message, traceback: [`Interrupted: ${message}`] };
}
