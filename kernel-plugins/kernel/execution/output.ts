import type { FromExecution } from './ipc';

/** Text is handed over when this much is waiting, or this much time has passed since the last hand-over. */
const batchCharacters = 32_768;
const batchMs = 40;

/**
 * Collects what a cell prints into few messages, in order with displays and results. A loop that never yields still shows its
 * output: a write after `batchMs` hands over by itself.
 */
export class CellOutput {
  private pending: { name: 'stdout' | 'stderr'; text: string }[] = [];
  private pendingCharacters = 0;
  private lastFlush = 0;
  private timer: NodeJS.Timeout | null = null;
  private readonly setTimer = setTimeout;

  constructor(private readonly post: (message: FromExecution) => void) {}

  write(name: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    const last = this.pending[this.pending.length - 1];
    if (last?.name === name) last.text += text;
    else this.pending.push({ name, text });
    this.pendingCharacters += text.length;
    if (this.pendingCharacters >= batchCharacters || Date.now() - this.lastFlush >= batchMs) this.flush();
    else this.timer ??= this.setTimer(() => this.flush(), batchMs);
  }

  /** Anything that is not text goes out after the text printed before it. */
  send(message: FromExecution): void {
    this.flush();
    this.post(message);
  }

  flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.lastFlush = Date.now();
    this.pendingCharacters = 0;
    for (const { name, text } of this.pending.splice(0)) this.post({ type: 'stream', name, text });
  }

  /** Makes `process.stdout` and `process.stderr`, and with them `console`, write to the cell. */
  captureProcessStreams(): void {
    for (const name of ['stdout', 'stderr'] as const) {
      const decoder = new TextDecoder();
      const write = (chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
        this.write(name, typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
        const done = typeof encoding === 'function' ? encoding : callback;
        if (typeof done === 'function') process.nextTick(done as () => void);
        return true;
      };
      process[name].write = write as typeof process.stdout.write;
    }
  }
}
