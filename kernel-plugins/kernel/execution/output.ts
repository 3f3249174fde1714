import type { FromExecution } from './ipc';

/** Text is handed over at once, but at most so often within `windowMs`; beyond that it waits for the window's end or this much. */
const handOversPerWindow = 8;
const windowMs = 40;
const batchCharacters = 32_768;

/**
 * Hands over what a cell prints, in order with displays and results. Single lines go at once, so that a crash right after them
 * loses nothing; a flood is collected into few messages, also in a loop that never yields.
 */
export class CellOutput {
  private pending: { name: 'stdout' | 'stderr'; text: string }[] = [];
  private pendingCharacters = 0;
  private windowStartMs = 0;
  private handOvers = 0;
  private timer: NodeJS.Timeout | null = null;
  private readonly setTimer = setTimeout;

  constructor(private readonly post: (message: FromExecution) => void) {}

  write(name: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    const last = this.pending[this.pending.length - 1];
    if (last?.name === name) last.text += text;
    else this.pending.push({ name, text });
    this.pendingCharacters += text.length;
    const now = Date.now();
    if (now - this.windowStartMs >= windowMs) {
      this.windowStartMs = now;
      this.handOvers = 0;
    }
    if (this.pendingCharacters >= batchCharacters || this.handOvers < handOversPerWindow) this.flush();
    else this.timer ??= this.setTimer(() => this.flush(), windowMs);
  }

  /** Anything that is not text goes out after the text printed before it. */
  send(message: FromExecution): void {
    this.flush();
    this.post(message);
  }

  flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.handOvers++;
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
