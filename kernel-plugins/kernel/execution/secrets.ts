import { inspect } from 'node:util';
import type { FromExecution } from './ipc';

/** A shorter text stands in too many words to be blanked out everywhere. */
const shortest = 4;
const blank = '••••';

/** Blanks what was typed as a password out of everything that cells show: outputs are saved with the notebook. */
export class Secrets {
  private readonly texts = new Set<string>();

  add(text: string): void {
    if (text.length < shortest) return;
    // As it stands, as inspect shows it in quotes, and as JSON does.
    for (const form of [text, inspect(text).slice(1, -1), JSON.stringify(text).slice(1, -1)]) this.texts.add(form);
  }

  blank(message: FromExecution): FromExecution {
    if (this.texts.size === 0) return message;
    if (message.type === 'stream') return { ...message, text: this.clean(message.text) };
    if (message.type === 'display' || message.type === 'result')
      return { ...message, bundle: this.deep(message.bundle) };
    if (message.type === 'comm') return { ...message, message: this.deep(message.message) };
    if (message.type === 'done') return { ...message, error: this.deep(message.error) };
    return message;
  }

  private clean(text: string): string {
    let out = text;
    for (const secret of this.texts) out = out.replaceAll(secret, blank);
    return out;
  }

  private deep<T>(value: T): T {
    if (typeof value === 'string') return this.clean(value) as T;
    if (Array.isArray(value)) return value.map((entry) => this.deep(entry)) as T;
    if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, this.deep(entry)])) as T;
  }
}
