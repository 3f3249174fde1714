import { commsAvailable } from '../comms';
import { type Displayable, displaySymbol, type MimeBundle } from '../mime-bundle';
import { Latest } from './latest';
import { type StillView, safeHtml } from './still-view';
import { type ModelKind, type ModelOptions, WireModel } from './wire-model';

const viewType = 'application/vnd.jupyter.widget-view+json';

/** What every widget may be given. */
export interface WidgetOptions {
  /** A CSS width, such as `400px` or `100%`. */
  readonly width?: string;
  /** Shown under the pointer. */
  readonly tooltip?: string;
  readonly disabled?: boolean;
}

/** What every widget with a text beside it may be given. */
export interface DescribedOptions extends WidgetOptions {
  /** The text beside the control; plain text, never HTML. */
  readonly description?: string;
}

/**
 * Something shown in the notebook that can be changed later, also from other cells. In JupyterLab it is live; where there is no
 * front end to talk to, and in a saved notebook, its static view stands for it.
 */
export abstract class Widget implements Displayable {
  /** @internal */
  readonly model: WireModel;
  /** @internal The widgets that show this one among others. */
  readonly holders = new Set<Widget>();
  private readonly own: WireModel[];
  private frame: WireModel | null = null;
  private failure: WireModel | null = null;
  private isClosed = false;

  constructor(kind: ModelKind, state: Record<string, unknown>, options: WidgetOptions, wire: ModelOptions = {}) {
    const described = typeof state.description === 'string' && kind.model !== 'ButtonModel' ? state.description : '';
    // The front end gives 300 px to a control and its description together: a long one leaves no room to the control.
    const roomy = described === '' ? undefined : `calc(300px + ${described.length}ch)`;
    const { width = roomy, tooltip = null } = options;
    const own: WireModel[] = [];
    const parts: Record<string, unknown> = { layout: null, style: null };
    if (width !== undefined) {
      parts.layout = new WireModel(layoutKind, { width, max_width: '100%' });
      own.push(parts.layout as WireModel);
    }
    if (described !== '') {
      // The default width cuts a description after some 12 letters.
      parts.style = new WireModel(styleKind, {
        _view_module: '@jupyter-widgets/base',
        description_width: 'initial',
      });
      own.push(parts.style as WireModel);
    }
    this.own = own;
    this.model = new WireModel(kind, { tooltip, ...parts, ...state }, wire);
  }

  /** What it shows now, without scripts. */
  abstract still(): StillView;

  get closed(): boolean {
    return this.isClosed;
  }

  get disabled(): boolean {
    return this.model.get('disabled') === true;
  }

  set disabled(disabled: boolean) {
    this.model.set({ disabled });
  }

  /** Removes it from the notebook; handlers that run are aborted, and none is called again. A second call does nothing. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const model of [this.frame, this.failure, this.model, ...this.own]) model?.close();
  }

  [displaySymbol](): MimeBundle | Promise<MimeBundle> {
    const { html, text } = this.still();
    const still = { 'text/html': html, 'text/plain': text };
    if (this.isClosed || !commsAvailable()) return still;
    return { [viewType]: { version_major: 2, version_minor: 0, model_id: this.open().id }, ...still };
  }

  /** @internal Shows a handler's failure below the widget wherever it is shown; null takes it away. False where it is shown nowhere. */
  showFailure(message: string | null): boolean {
    let shown = false;
    for (const holder of this.holders) shown = holder.showFailure(message) || shown;
    if (!this.frame?.isOpen) return shown;
    if (message === null && this.failure === null) return true;
    this.failure ??= new WireModel(htmlKind, { description: '', layout: null, style: null });
    this.failure.set({ value: message === null ? '' : failureHtml(message) });
    this.frame.set({ children: message === null ? [this.model] : [this.model, this.failure] });
    return true;
  }

  /** Its twin in the front end, in a frame that has room for a failure. */
  private open(): WireModel {
    this.frame ??= new WireModel(boxKind('column'), { children: [this.model], box_style: '', layout: null });
    this.frame.open();
    return this.frame;
  }

  /** Printed by `console.log` as it would show in a terminal. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.still().text;
  }
}

/** Called with each new value; `signal` aborts when a newer one comes. */
export type ChangeHandler<Value> = (value: Value, signal: AbortSignal) => unknown;

/** A widget that stands for a value which the reader of the notebook can change. */
export abstract class ValueWidget<Value> extends Widget {
  private readonly handlers = new Set<ChangeHandler<Value>>();
  private readonly queue = new Latest<Value>((value, signal) => this.callAll(value, signal));

  abstract get value(): Value;
  abstract set value(value: Value);

  /**
   * Calls `handler` when the value changes, by the reader or by code. A handler may take its time: while it runs no other change is
   * handled, and of the changes meanwhile only the newest is. What it throws is shown below the widget. Returns its undo.
   */
  onChange(handler: ChangeHandler<Value>): () => void {
    this.handlers.add(handler);
    return () => void this.handlers.delete(handler);
  }

  /** Settles when the handlers of all changes so far have ended. */
  settled(): Promise<void> {
    return this.queue.settled();
  }

  override close(): void {
    super.close();
    this.queue.cancel();
    this.handlers.clear();
  }

  /** Says that the value is another one. */
  protected changed(): void {
    if (this.handlers.size > 0) this.queue.push(this.value);
  }

  private async callAll(value: Value, signal: AbortSignal): Promise<void> {
    const failures = await Promise.all(
      [...this.handlers].map((handler) => failureOf(() => handler(value, signal), signal)),
    );
    reportFailures(failures, (message) => this.showFailure(message));
  }
}

/** What a handler threw; null if it ended well, or because its signal said so. */
export async function failureOf(call: () => unknown, signal: AbortSignal): Promise<{ readonly error: unknown } | null> {
  try {
    await call();
    return null;
  } catch (error) {
    return signal.aborted ? null : { error };
  }
}

/** Shows failures of handlers with their widget, or on stderr where that is shown nowhere; without failures the place is cleared. */
export function reportFailures(
  failures: readonly ({ readonly error: unknown } | null)[],
  show: (message: string | null) => boolean,
): void {
  const texts = failures.flatMap((failure) => (failure ? [textOfError(failure.error)] : []));
  if (texts.length === 0) show(null);
  else if (!show(texts.join('\n'))) process.stderr.write(`A widget's handler failed: ${texts.join('\n')}\n`);
}

/** Name, message and causes. No stack: its lines are those of the JavaScript that a cell became, which nobody has before them. */
function textOfError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\nCaused by: ${textOfError(error.cause)}`;
  return `${error.name}: ${error.message}${cause}`;
}

function failureHtml(message: string): string {
  return `<pre style="margin:4px 0;white-space:pre-wrap;color:var(--jp-error-color0,#b71c1c)">A handler failed: ${safeHtml(message)}</pre>`;
}

export function controlKind(name: string): ModelKind {
  return { module: '@jupyter-widgets/controls', model: `${name}Model`, view: `${name}View` };
}

export function boxKind(direction: 'row' | 'column'): ModelKind {
  return controlKind(direction === 'row' ? 'HBox' : 'VBox');
}

const htmlKind = controlKind('HTML');
const layoutKind: ModelKind = { module: '@jupyter-widgets/base', model: 'LayoutModel', view: 'LayoutView' };
const styleKind: ModelKind = {
  module: '@jupyter-widgets/controls',
  model: 'DescriptionStyleModel',
  view: 'StyleView',
};
