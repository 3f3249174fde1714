import type { Progress } from '../../src/core';
import type { Message } from '../kernel/protocol';

/** Without a terminal, a line of progress is written at most this often. */
const plainEveryMs = 10_000;

/**
 * Shows a notebook's run: a heading per cell, what cells print, displays as text. Progress changes in place on a terminal and
 * is a line now and then in a log.
 */
export class TerminalView {
  private liveLines = 0;
  private liveId: string | null = null;
  private lastPlainMs = Number.NEGATIVE_INFINITY;
  /** Without a terminal: the newest update that was not written yet. */
  private withheld: string | null = null;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly now: () => number = () => performance.now(),
  ) {}

  onProgress = (progress: Progress): void => {
    this.keepLive();
    if (progress.done < progress.total)
      this.stream.write(`\n[${progress.done + 1}/${progress.total}] ${progress.what}\n`);
  };

  onMessage = (message: Message): void => {
    const { content } = message;
    const type = message.header.msg_type;
    if (type === 'stream') {
      this.keepLive();
      this.stream.write(content.text);
    } else if (type === 'error') {
      this.keepLive();
      this.stream.write(`${content.traceback.join('\n')}\n`);
    } else if (type === 'display_data' || type === 'update_display_data' || type === 'execute_result')
      this.show(plainOf(content.data), content.transient?.display_id ?? null, type === 'update_display_data');
  };

  private show(text: string, id: string | null, update: boolean): void {
    if (!this.stream.isTTY) {
      if (update && this.now() - this.lastPlainMs < plainEveryMs) {
        this.withheld = text;
        return;
      }
      if (update) this.withheld = null;
      else this.keepLive();
      this.lastPlainMs = this.now();
      this.stream.write(`${text}\n`);
      return;
    }
    if (update && id === this.liveId && this.liveLines > 0) this.stream.write(`\u001b[${this.liveLines}A\u001b[J`);
    this.stream.write(`${text}\n`);
    this.liveId = id;
    this.liveLines = text.split('\n').length;
  }

  /** What follows must not be overwritten by the next update, nor come before the last one. */
  private keepLive(): void {
    if (this.withheld !== null) this.stream.write(`${this.withheld}\n`);
    this.withheld = null;
    this.liveId = null;
    this.liveLines = 0;
  }
}

function plainOf(data: Record<string, unknown>): string {
  return String(data['text/plain'] ?? `(${Object.keys(data).join(', ')})`);
}
