import { filedKeys, keyBlank, keyForms, redact } from '../../../src/judge/calls/key';
import { namesSecret, secretsOf } from '../../host/secret-names';
import type { FromExecution } from './ipc';
import { SecretStream } from './secret-stream';

/** A shorter text stands in too many words to be blanked out everywhere. */
const shortest = 4;
/** Of a secret at least `cutFrom` long, a beginning of at least `headLength` is blanked too: tables and lists cut long texts. */
const cutFrom = 16;
const headLength = 12;
/** The end of a text that a key of Anthropic's could go on from. */
const openKey = /sk-ant-[\w-]*$/i;

/**
 * Blanks secrets out of everything that cells show, since outputs are saved with the notebook: what was typed as a password, keys in
 * the environment whenever they were set, those in the user's key files, those that the library was given, and whatever looks like a
 * key of Anthropic's.
 */
export class Secrets {
  private readonly known = new Set<string>();
  private readonly seen = new Map<string, string>();
  private readonly named = new Map<string, boolean>();
  private forms: readonly string[] = [];
  private heads: readonly { readonly head: string; readonly secret: string }[] = [];
  private readonly streams: Readonly<Record<'stdout' | 'stderr', SecretStream>>;

  /** `onLearned` hears of every new secret, before any text that could hold it is handed on. */
  constructor(private readonly onLearned: (text: string) => void = () => {}) {
    const stream = () =>
      new SecretStream(
        () => this.forms,
        (text) => this.clean(text),
        keyBlank,
        openKey,
      );
    this.streams = { stdout: stream(), stderr: stream() };
  }

  add(text: string): void {
    if (text.length < shortest || this.known.has(text)) return;
    this.known.add(text);
    const forms = [...this.known].flatMap((secret) => keyForms(secret)).filter((form) => form.length >= shortest);
    this.forms = [...new Set(forms)].sort((left, right) => right.length - left.length);
    this.heads = [...this.known]
      .filter((secret) => secret.length >= cutFrom)
      .map((secret) => ({ head: secret.slice(0, headLength), secret }));
    this.onLearned(text);
  }

  /**
   * Learns the keys that the environment holds now; what it held before stays a secret. `quickly` looks only under names of secrets,
   * not for passwords within addresses: reading every variable takes a quarter of a millisecond.
   */
  learnEnvironment(env: NodeJS.ProcessEnv, quickly = false): void {
    for (const name of Reflect.ownKeys(env) as string[]) {
      if (quickly && !this.isNamed(name)) continue;
      const value = env[name] ?? '';
      if (this.seen.get(name) === value) continue;
      this.seen.set(name, value);
      for (const text of secretsOf(name, value)) this.add(text);
    }
  }

  learnFiles(env: NodeJS.ProcessEnv): void {
    for (const key of filedKeys(env)) this.add(key);
  }

  /** The messages to hand on in the place of this one. A text's end that may begin a secret waits for what comes next. */
  pass(message: FromExecution): FromExecution[] {
    switch (message.type) {
      case 'ready':
      case 'beat':
      case 'comm-handled':
      case 'secret':
        return [message];
      case 'stream': {
        const text = this.streams[message.name].push(message.text);
        return text === '' ? [] : [{ ...message, text }];
      }
      case 'done':
        return [...this.release(), { ...message, error: this.deep(message.error) }];
      case 'comm':
      case 'registry':
      case 'completed':
        return [this.deep(message)];
      default:
        return [...this.release(), this.deep(message)];
    }
  }

  /** What texts still held back, as messages. */
  release(): FromExecution[] {
    return (['stdout', 'stderr'] as const).flatMap((name) => {
      const text = this.streams[name].release();
      return text === '' ? [] : [{ type: 'stream' as const, name, text }];
    });
  }

  clean(text: string): string {
    let out = text;
    for (const form of this.forms) if (out.includes(form)) out = out.replaceAll(form, keyBlank);
    // Before the beginnings: keys of one kind begin alike, and what is left of another would no longer look like a key.
    out = redact(out, null);
    for (const { head, secret } of this.heads) if (out.includes(head)) out = withoutStart(out, head, secret);
    return out;
  }

  /** Plain data of any depth without the secrets: texts, names of properties, and raw bytes. */
  deep<T>(value: T): T {
    if (typeof value === 'string') return this.clean(value) as T;
    if (Array.isArray(value)) return value.map((entry) => this.deep(entry)) as T;
    if (ArrayBuffer.isView(value)) return this.cleanBytes(value) as T;
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [this.clean(key), this.deep(entry)])) as T;
  }

  private isNamed(name: string): boolean {
    const known = this.named.get(name);
    if (known !== undefined) return known;
    const named = namesSecret(name);
    this.named.set(name, named);
    return named;
  }

  private cleanBytes(view: ArrayBufferView): ArrayBufferView {
    let bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
    let found = false;
    for (const secret of this.known) {
      const wanted = Buffer.from(secret);
      for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) {
        if (!found) bytes = Buffer.from(bytes);
        found = true;
        bytes.fill('*', at, at + wanted.length);
      }
    }
    return found ? new Uint8Array(bytes) : view;
  }
}

function withoutStart(text: string, head: string, secret: string): string {
  let out = '';
  let from = 0;
  for (let at = text.indexOf(head); at >= 0; at = text.indexOf(head, from)) {
    let length = head.length;
    while (length < secret.length && text[at + length] === secret[length]) length++;
    out += text.slice(from, at) + keyBlank;
    from = at + length;
  }
  return out + text.slice(from);
}
