import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { InternalError } from '../../../src/core';
import type { MagicInfo } from '../../host/magic';
import type { CellLanguage, Completion, ConvertedCell } from './cell-language';
import type { ConverterPlace } from './typescript-host';

type Method = 'convert' | 'commit' | 'reset' | 'setRegistry' | 'complete' | 'inspect' | 'question' | 'isComplete';

export interface LanguageRequest {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

export interface LanguageReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** `CellLanguage` in a worker thread: every call is answered in order, none blocks the caller. */
export class LanguageService {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;

  constructor(place: ConverterPlace) {
    this.worker = new Worker(join(__dirname, 'worker.js'), { workerData: place });
    this.worker.on('message', ({ id, value, error }: LanguageReply) => {
      const entry = this.waiting.get(id);
      this.waiting.delete(id);
      if (error !== undefined) entry?.reject(new InternalError(`language service: ${error}`));
      else entry?.resolve(value as never);
    });
    this.worker.on('error', (error) => {
      for (const entry of this.waiting.values()) entry.reject(error as Error);
      this.waiting.clear();
    });
  }

  convert(source: string): Promise<ConvertedCell> {
    return this.call('convert', source);
  }
  commit(exported: readonly string[] | null): Promise<void> {
    return this.call('commit', exported);
  }
  reset(): Promise<void> {
    return this.call('reset');
  }
  setRegistry(magics: readonly MagicInfo[], declarations: string): Promise<void> {
    return this.call('setRegistry', magics, declarations);
  }
  question(code: string): Promise<string | null> {
    return this.call('question', code);
  }
  complete(code: string, cursor: number): Promise<Completion> {
    return this.call('complete', code, cursor);
  }
  inspect(code: string, cursor: number): Promise<string | null> {
    return this.call('inspect', code, cursor);
  }
  isComplete(code: string): Promise<ReturnType<CellLanguage['isComplete']>> {
    return this.call('isComplete', code);
  }
  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private call<T>(method: Method, ...args: unknown[]): Promise<T> {
    const id = this.nextId++;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as never, reject });
      this.worker.postMessage({ id, method, args } satisfies LanguageRequest);
    });
  }
}
