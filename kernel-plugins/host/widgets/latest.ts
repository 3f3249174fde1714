/** Why the signal of a call was aborted: a newer value came, or the widget was closed. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
}

/**
 * Calls that answer values which may come faster than they are answered: one runs at a time, its signal is aborted when a newer
 * value comes, and of those that wait only the newest is answered.
 */
export class Latest<Value> {
  private running: AbortController | null = null;
  private waiting: { readonly value: Value } | null = null;
  private ended: Promise<void> = Promise.resolve();

  constructor(
    /** Must not throw: failures are the caller's to show. */
    private readonly answer: (value: Value, signal: AbortSignal) => Promise<void>,
  ) {}

  push(value: Value): void {
    this.waiting = { value };
    if (this.running) this.running.abort(new SupersededError('a newer value came'));
    else this.ended = this.run();
  }

  /** Aborts the running call and drops what waits. */
  cancel(): void {
    this.waiting = null;
    this.running?.abort(new SupersededError('the widget was closed'));
  }

  /** Settles when nothing runs and nothing waits. */
  settled(): Promise<void> {
    return this.ended;
  }

  private async run(): Promise<void> {
    while (this.waiting) {
      const { value } = this.waiting;
      this.waiting = null;
      this.running = new AbortController();
      try {
        await this.answer(value, this.running.signal);
      } finally {
        this.running = null;
      }
    }
  }
}
