import { ConfigError } from '../../../src/core';
import { type StillView, safeHtml, stillSetting, textOfHtml } from './still-view';
import { controlKind, type DescribedOptions, Widget, type WidgetOptions } from './widget';

/** HTML that its author vouches for: the front end puts it into the page as it is, scripts and all. */
export interface TrustedHtml {
  readonly trusted: string;
}

/** Text, or `{ trusted: html }`. Text is escaped, so what a model or a file says cannot become markup. */
export class Html extends Widget {
  private shown: string | TrustedHtml;

  constructor(value: string | TrustedHtml, options: WidgetOptions) {
    super(controlKind('HTML'), { value: htmlOf(value), placeholder: '', description: '' }, options);
    this.shown = value;
  }

  get value(): string | TrustedHtml {
    return this.shown;
  }

  set value(value: string | TrustedHtml) {
    this.shown = value;
    this.model.set({ value: htmlOf(value) });
  }

  still(): StillView {
    const html = String(this.model.get('value'));
    return { html: `<div>${html}</div>`, text: textOfHtml(html) };
  }
}

function htmlOf(value: string | TrustedHtml): string {
  return typeof value === 'string' ? `<span style="white-space:pre-wrap">${safeHtml(value)}</span>` : value.trusted;
}

/** One line of text, never HTML. */
export class Label extends Widget {
  constructor(value: string, options: WidgetOptions) {
    super(controlKind('Label'), { value, placeholder: '', description: '' }, options);
  }

  get value(): string {
    return String(this.model.get('value'));
  }

  set value(value: string) {
    this.model.set({ value });
  }

  still(): StillView {
    return { html: `<div>${safeHtml(this.value)}</div>`, text: this.value };
  }
}

export interface ProgressOptions extends DescribedOptions {
  readonly min?: number;
  readonly max?: number;
  readonly value?: number;
}

/** A bar that code moves. */
export class ProgressWidget extends Widget {
  constructor(options: ProgressOptions) {
    const { min = 0, max = 100, value = min, description = '' } = options;
    if (!(min < max)) throw new ConfigError(`progress: min must be less than max, got ${min} and ${max}. Change one.`);
    super(
      { ...controlKind('FloatProgress'), view: 'ProgressView' },
      { value, min, max, description, orientation: 'horizontal', bar_style: '' },
      options,
    );
  }

  get value(): number {
    return this.model.get('value') as number;
  }

  set value(value: number) {
    this.model.set({ value });
  }

  still(): StillView {
    const [min, max] = [this.model.get('min') as number, this.model.get('max') as number];
    const share = Math.round((100 * (this.value - min)) / (max - min));
    return stillSetting(String(this.model.get('description')), `${share}%`, `${this.value} of ${max}`);
  }
}
