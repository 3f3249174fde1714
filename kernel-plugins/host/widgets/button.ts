import { Latest } from './latest';
import { type StillView, safeHtml } from './still-view';
import { controlKind, failureOf, reportFailures, Widget, type WidgetOptions } from './widget';

export interface ButtonOptions extends WidgetOptions {
  readonly description: string;
  /** Colours of the front end's theme. */
  readonly look?: 'plain' | 'primary' | 'success' | 'info' | 'warning' | 'danger';
}

/** Called at each click; `signal` aborts at the next one, or when the button is closed. */
export type ClickHandler = (signal: AbortSignal) => unknown;

export class Button extends Widget {
  private readonly handlers = new Set<ClickHandler>();
  private readonly queue = new Latest<void>((_, signal) => this.callAll(signal));

  constructor(options: ButtonOptions) {
    const { description, disabled = false, look = 'plain' } = options;
    super(
      controlKind('Button'),
      { description, disabled, icon: '', button_style: look === 'plain' ? '' : look },
      options,
      {
        onCustom: (content) => {
          if ((content as { event?: unknown } | null)?.event === 'click') this.click();
        },
      },
    );
  }

  /** Calls `handler` at each click, one call at a time, also while a cell awaits. What it throws is shown below the button. */
  onClick(handler: ClickHandler): () => void {
    this.handlers.add(handler);
    return () => void this.handlers.delete(handler);
  }

  /** Does what a click does. */
  click(): void {
    if (this.handlers.size > 0 && !this.disabled) this.queue.push();
  }

  /** Settles when the handlers of all clicks so far have ended. */
  settled(): Promise<void> {
    return this.queue.settled();
  }

  override close(): void {
    super.close();
    this.queue.cancel();
    this.handlers.clear();
  }

  still(): StillView {
    const description = String(this.model.get('description'));
    return { html: `<div>[ ${safeHtml(description)} ]</div>`, text: `[ ${description} ]` };
  }

  private async callAll(signal: AbortSignal): Promise<void> {
    const failures = await Promise.all([...this.handlers].map((handler) => failureOf(() => handler(signal), signal)));
    reportFailures(failures, (message) => this.showFailure(message));
  }
}
