import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { FromExecution, ToExecution } from './execution/ipc';

export interface ExecutionEvents {
  onMessage(message: FromExecution): void;
  /** What it wrote past Node's streams, as it comes. */
  onNativeOutput(text: string): void;
  /** The process ended without being asked to. `why` is a sentence; `nativeOutput` the last of what it wrote past Node's streams. */
  onCrash(why: string, nativeOutput: string): void;
}

/** An event loop that is silent this long after an interrupt is in JavaScript that does not yield; training steps extend it. */
const shortestGraceMs = 700;
const longestGraceMs = 20_000;
const keptNativeOutput = 8_192;

/** The child that runs cells: started, watched, interrupted, ended. */
export class ExecutionProcess {
  private readonly child: ChildProcess;
  private ended = false;
  private nativeOutput = '';
  private killedBecause: string | null = null;
  private lastBeatMs = Date.now();
  private longestPauseMs = 0;
  private executing = false;
  private interrupts = 0;
  private escalation: NodeJS.Timeout | null = null;

  constructor(
    places: { notebookDir: string; packageDir: string },
    private readonly events: ExecutionEvents,
  ) {
    this.child = spawn(
      process.execPath,
      [
        '--enable-source-maps',
        // Ending JavaScript by force leaves async_hooks' own stack unbalanced, which Node would take for corruption.
        '--no-force-async-hooks-checks',
        join(__dirname, 'execution', 'main.js'),
        places.notebookDir,
        places.packageDir,
      ],
      // 0-2 are the native streams, 3 Node's message channel, 4 the watchdog's pipe.
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'], serialization: 'advanced', cwd: places.notebookDir },
    );
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        const text = chunk.toString('utf8');
        this.events.onNativeOutput(text);
        this.nativeOutput = (this.nativeOutput + text).slice(-keptNativeOutput);
      });
    this.child.stdio[4]?.on('error', () => {});
    this.child.on('message', (message: FromExecution) => this.receive(message));
    this.child.on('error', (error) => this.crash(`could not be started: ${error.message}`));
    this.child.on('close', (code, signal) =>
      this.crash(this.killedBecause ?? reasonOf(code, signal, this.nativeOutput)),
    );
  }

  execute(request: Extract<ToExecution, { type: 'execute' }>): void {
    this.executing = true;
    this.interrupts = 0;
    this.longestPauseMs = 0;
    this.lastBeatMs = Date.now();
    this.post(request);
  }

  post(message: ToExecution): void {
    this.child.send(message);
  }

  /**
   * First by message, so that the cell's `signal` fires and the work ends in order. If the event loop does not turn within the
   * longest pause that this cell has had (a training step), or on the second request, the running JavaScript is ended by force;
   * on the third the process is. Between cells only a comm's handler can be stopped, and only by force.
   */
  interrupt(): void {
    this.post({ type: 'interrupt' });
    if (!this.executing) {
      this.forceAfter(shortestGraceMs);
      return;
    }
    this.interrupts++;
    if (this.interrupts >= 3) {
      this.killedBecause = 'was ended on the third interrupt';
      this.child.kill('SIGKILL');
      return;
    }
    if (this.interrupts === 2) this.forceAfter(0);
    else this.forceAfter(Math.min(longestGraceMs, Math.max(shortestGraceMs, this.longestPauseMs * 1.5)));
  }

  /** Ends the process on purpose; `onCrash` stays silent. */
  async stop(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    this.stopEscalation();
    const closed = new Promise<void>((resolve) => this.child.once('close', () => resolve()));
    this.child.kill('SIGKILL');
    await closed;
  }

  private receive(message: FromExecution): void {
    // Output is no sign of a turning event loop: a loop that prints without a pause sends it too.
    if (message.type === 'beat') {
      const now = Date.now();
      this.longestPauseMs = Math.max(this.longestPauseMs, now - this.lastBeatMs);
      this.lastBeatMs = now;
      return;
    }
    if (message.type === 'done') {
      this.executing = false;
      this.stopEscalation();
    }
    this.events.onMessage(message);
  }

  private forceAfter(graceMs: number): void {
    this.stopEscalation();
    const askedAt = Date.now();
    const check = () => {
      if (!this.executing && this.lastBeatMs > askedAt) {
        this.stopEscalation();
        return;
      }
      const silentMs = Date.now() - Math.max(askedAt, this.lastBeatMs);
      if (silentMs >= graceMs) {
        (this.child.stdio[4] as Writable).write('!');
        // A native call that never returns cannot be ended this way.
        this.escalation = setTimeout(() => {
          if (Date.now() - this.lastBeatMs <= longestGraceMs) return;
          this.killedBecause = 'was ended because a native call did not return after the interrupt';
          this.child.kill('SIGKILL');
        }, longestGraceMs + 1_000);
      } else this.escalation = setTimeout(check, Math.max(20, graceMs - silentMs));
    };
    check();
  }

  private stopEscalation(): void {
    if (this.escalation) clearTimeout(this.escalation);
    this.escalation = null;
  }

  private crash(why: string): void {
    if (this.ended) return;
    this.ended = true;
    this.stopEscalation();
    this.events.onCrash(why, withoutNativeFrames(this.nativeOutput));
  }
}

function reasonOf(code: number | null, signal: string | null, nativeOutput: string): string {
  const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
  if (/heap out of memory/.test(nativeOutput))
    return `${how}: its JavaScript heap is full. Keep less in variables, or start the kernel with NODE_OPTIONS=--max-old-space-size=MEGABYTES`;
  return signal === 'SIGKILL' ? `${how}, which the system does when memory runs out` : how;
}

/** V8 ends a fatal error with its own stack, which says nothing to the person and hides the line that does. */
function withoutNativeFrames(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s*\d+: 0x[0-9a-f]+ |^-+ Native stack trace -+$/.test(line))
    .join('\n');
}
