import { join } from 'node:path';
import { constants, Script } from 'node:vm';
import type { PluginHost } from '../../host/plugin-host';
import { cellFileName, type RawError, type ToExecution } from './ipc';
import type { CellModules } from './modules';
import type { CellOutput } from './output';
import { interruptedError, interruption, rawError } from './raw-error';
import type { CellTimers } from './timers';

type ExecuteRequest = Extract<ToExecution, { type: 'execute' }>;

interface RunningCell {
  readonly cell: number;
  readonly controller: AbortController;
  /** Called when the cell ends, well or badly, before that is reported. */
  readonly atEnd: (() => void)[];
  /** Ends the cell from outside; only the first end counts. */
  finish(error: RawError | null): void;
}

/** How many turns of 100 ms a cell has after `signal` before it is given up. A turn waits for a training step to end. */
const graceTurns = 12;

/** Runs one cell at a time in the global context, with the exports of all earlier cells in reach. */
export class CellRunner {
  private readonly exports: Record<string, unknown> = {};
  private running: RunningCell | null = null;
  private controller = new AbortController();
  private readonly setTimer = setTimeout;

  constructor(
    private readonly notebookDir: string,
    private readonly modules: CellModules,
    private readonly output: CellOutput,
    private readonly timers: CellTimers,
    private readonly plugins: PluginHost,
    private readonly displays: ReadonlySet<Promise<unknown>>,
    private readonly terminated: Int32Array,
  ) {}

  execute(request: ExecuteRequest): void {
    Atomics.store(this.terminated, 0, 0);
    this.timers.startCell();
    const controller = new AbortController();
    this.controller = controller;
    const running: RunningCell = {
      cell: request.cell,
      controller,
      atEnd: [],
      finish: (error) => {
        if (this.running !== running) return;
        this.running = null;
        for (const callback of running.atEnd) callback();
        this.output.send({ type: 'done', cell: request.cell, error, exported: this.exportedNames() });
      },
    };
    this.running = running;
    Object.defineProperty(globalThis, 'signal', { value: controller.signal, configurable: true, writable: true });
    this.run(request).then(
      () => running.finish(null),
      (thrown) => {
        // Whatever else an interrupted cell had started is not wanted either. One that was given up ends when another runs.
        if (controller.signal.aborted && this.running === running) this.timers.cancelAll();
        running.finish(rawError(abortedBy(thrown, controller.signal)));
      },
    );
  }

  /**
   * First the cell's `signal`; a cell that does not settle within the grace, or whose JavaScript was ended by force, is given up
   * and its timers are stopped.
   */
  interrupt(): void {
    const { running } = this;
    const forced = Atomics.exchange(this.terminated, 0, 0) > 0;
    if (!running) {
      if (forced) this.output.write('stderr', 'Interrupted: the running code was ended, between cells.\n');
      return;
    }
    running.controller.abort(interruption());
    if (forced) {
      this.giveUp(running, 'the running code was ended');
      return;
    }
    let turns = 0;
    const turn = () => {
      if (this.running !== running) return;
      if (Atomics.exchange(this.terminated, 0, 0) > 0) this.giveUp(running, 'the running code was ended');
      else if (++turns > graceTurns)
        this.giveUp(running, 'the cell did not answer to `signal`; its timers were stopped');
      else this.setTimer(turn, 100);
    };
    this.setTimer(turn, 100);
  }

  /** The `signal` of the running cell, between cells of the last: what an interrupted cell left running must not go on. */
  signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Work that belongs to no cell (a comm's handler) does not suffer for the last cell's interrupt. */
  startAside(): void {
    if (!this.running) this.controller = new AbortController();
  }

  atCellEnd(callback: () => void): void {
    this.running?.atEnd.push(callback);
  }

  /** What the cells so far have defined and still hold, by name. */
  variables(): Record<string, unknown> {
    return Object.fromEntries(this.exportedNames().map((name) => [name, this.exports[name]]));
  }

  private giveUp(running: RunningCell, how: string): void {
    this.timers.cancelAll();
    running.finish(interruptedError(how));
  }

  private async run(request: ExecuteRequest): Promise<void> {
    this.modules.update(request.sideOutputs);
    await this.modules.prepare(request.code);
    // TypeScript defines imported names by a getter that cannot be redefined; cells are run again and again.
    const code = request.code.replace(/^Object\.defineProperty\(exports, /gm, '__define(exports, ');
    const script = new Script(`(async function (exports, require, __define) {${code}\n})`, {
      filename: join(this.notebookDir, cellFileName(request.cell)),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    await script.runInThisContext()(this.exports, this.modules.require, define);
    await Promise.all(this.displays);
    if (request.lastExpressionVar === null) return;
    const value = this.exports[request.lastExpressionVar];
    // Not deleted: V8 would turn the object into a hash table, and loops over top-level variables would crawl.
    this.exports[request.lastExpressionVar] = undefined;
    if (value === undefined) return;
    Object.defineProperty(globalThis, '_', { value, configurable: true, writable: true });
    if (request.silent) return;
    const bundle = await this.plugins.present(value);
    if (Object.keys(bundle.data).length > 0) this.output.send({ type: 'result', bundle });
  }

  private exportedNames(): string[] {
    return Object.keys(this.exports).filter((name) => this.exports[name] !== undefined);
  }
}

/** A variable with a setter stays its cell's own; an import is read once, for TypeScript's getters cannot be redefined. */
function define(exports: Record<string, unknown>, name: string, attributes: PropertyDescriptor): void {
  const { get, set, value } = attributes;
  const kept = set ? { get, set } : { value: get ? get() : value, writable: true };
  Object.defineProperty(exports, name, { ...kept, enumerable: true, configurable: true });
  keepFast(exports);
}

/** V8 keeps an object whose properties were redefined as a hash table, several times slower to read, unless it is a prototype. */
function keepFast(object: object): void {
  function Fast() {}
  Fast.prototype = object;
}

/** Node's own calls wrap a signal's reason in an AbortError; the library's own errors say what was saved, and stay. */
function abortedBy(thrown: unknown, signal: AbortSignal): unknown {
  const { reason } = signal;
  const wrapped = thrown instanceof Error && thrown.name === 'AbortError' && thrown.cause === reason;
  return signal.aborted && wrapped ? reason : thrown;
}
