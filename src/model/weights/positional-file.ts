import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { FileFormatError } from '../../core';

/** The largest single read: one syscall cannot move 2 GiB or more. */
const CHUNK_BYTES = 1 << 30;

/** A file read by position, so that a tensor in a file of many GiB costs only its own bytes. */
export class PositionalFile {
  readonly path: string;
  readonly size: number;
  private descriptor: number | null;

  /** Throws FileFormatError if the file cannot be opened. */
  constructor(path: string, where: string) {
    this.path = path;
    try {
      this.descriptor = openSync(path, 'r');
    } catch (cause) {
      throw new FileFormatError(
        `${where}: a readable file is needed, got "${path}" (${(cause as Error).message}). Check the path.`,
        { cause },
      );
    }
    this.size = fstatSync(this.descriptor).size;
  }

  /**
   * Bytes [offset, offset + length) as a fresh buffer that starts at byte 0 of its own memory (so any typed array fits).
   * `what` names the section in the error. Throws FileFormatError if the file ends before.
   */
  read(offset: number, length: number, where: string, what: string): Uint8Array {
    if (this.descriptor === null)
      throw new FileFormatError(
        `${where}: the file must be open, got a closed one (${this.path}). Open the model again.`,
      );
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
      throw new FileFormatError(
        `${where}: ${what} must lie inside the file, got offset ${offset} and length ${length} (${this.path}). The file is damaged; fetch it again.`,
      );
    }
    if (offset + length > this.size) {
      throw new FileFormatError(
        `${where}: ${what} must end by byte ${this.size}, got ${offset + length} (${this.path}). The file is truncated; fetch it again.`,
      );
    }
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.descriptor, bytes, done, Math.min(CHUNK_BYTES, length - done), offset + done);
      if (count === 0) {
        throw new FileFormatError(
          `${where}: ${what} must have ${length} bytes, got ${done} (${this.path}). The file shrank while it was read; fetch it again.`,
        );
      }
      done += count;
    }
    return bytes;
  }

  close(): void {
    if (this.descriptor !== null) closeSync(this.descriptor);
    this.descriptor = null;
  }
}
