import { readFileSync, readSync, writeSync } from 'node:fs';
import { MARK, type Question } from './side-process';

/** A side's end of the protocol. Waiting blocks the whole process: a waiting side must take nothing from the other. */
export class LineServer {
  private rest = '';

  /** The next question; null when the other end is gone. */
  next(): Question | null {
    const piece = Buffer.alloc(65536);
    for (;;) {
      const end = this.rest.indexOf('\n');
      if (end >= 0) {
        const line = this.rest.slice(0, end);
        this.rest = this.rest.slice(end + 1);
        return JSON.parse(line) as Question;
      }
      const count = readSync(0, piece);
      if (count === 0) return null;
      this.rest += piece.toString('utf8', 0, count);
    }
  }

  answer(value: Readonly<Record<string, unknown>>): void {
    // One whole line: TensorFlow's own prints cannot fall into it.
    writeSync(1, `${MARK}${JSON.stringify(value)}\n`);
  }
}

/** The most memory this process has ever held, bytes (VmHWM), where the system tells. */
export function peakBytes(): number | null {
  const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return found ? Number(found[1]) * 1024 : null;
}
