/** Text that is handed on in pieces, so that a secret may be cut by a piece's end. */
export class SecretStream {
  /** Not yet handed on: it may be how a secret begins. */
  private held = '';
  /** What would end a secret whose beginning was handed on. */
  private rests: readonly string[] = [];

  constructor(
    /** The ways in which the secrets are written. */
    private readonly forms: () => readonly string[],
    private readonly clean: (text: string) => string,
    private readonly blank: string,
    /** The end of a text that is, as far as it goes, of a secret's shape. */
    private readonly openEnd: RegExp,
  ) {}

  /** What may be shown now. An end that could begin a secret waits for the next piece, or for `release`. */
  push(piece: string): string {
    const text = this.held + piece;
    this.held = '';
    const ended = this.rests.find((rest) => text.startsWith(rest));
    if (ended !== undefined) return this.blank + this.after(text.slice(ended.length));
    if (!this.rests.some((rest) => rest.startsWith(text))) return this.after(text);
    this.held = text;
    return '';
  }

  /** Nothing follows at once: what waits is shown, or blanked where it is most of a secret. */
  release(): string {
    const { held } = this;
    this.held = '';
    if (held === '') return '';
    const wasRest = this.rests.some((rest) => rest.startsWith(held));
    const most = wasRest || this.forms().some((form) => form.startsWith(held) && 2 * held.length >= form.length);
    if (most) return this.blank;
    this.rests = this.restsAfter(held);
    return this.clean(held);
  }

  private after(text: string): string {
    this.rests = [];
    let from = this.openEnd.exec(text)?.index ?? text.length;
    for (const form of this.forms())
      for (let length = Math.min(form.length - 1, text.length); length >= heldFrom(form); length--)
        if (endsWithStart(text, form, length)) {
          from = Math.min(from, text.length - length);
          break;
        }
    this.held = text.slice(from);
    const shown = text.slice(0, from);
    if (this.held === '') this.rests = this.restsAfter(shown);
    return this.clean(shown);
  }

  private restsAfter(text: string): string[] {
    const rests: string[] = [];
    for (const form of this.forms())
      for (let length = Math.min(form.length - 1, text.length); length > 0; length--)
        if (endsWithStart(text, form, length)) rests.push(form.slice(length));
    return rests.sort((left, right) => right.length - left.length);
  }
}

/** A shorter beginning tells nothing and ends many ordinary texts; it is shown at once and only remembered. */
function heldFrom(form: string): number {
  return Math.min(6, Math.ceil(form.length / 2));
}

function endsWithStart(text: string, form: string, length: number): boolean {
  return text.charCodeAt(text.length - 1) === form.charCodeAt(length - 1) && text.endsWith(form.slice(0, length));
}
