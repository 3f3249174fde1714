import { ConfigError } from '../../../src/core';
import { type StillView, stillSetting } from './still-view';
import { controlKind, type DescribedOptions, ValueWidget } from './widget';

export interface SliderOptions extends DescribedOptions {
  readonly min?: number;
  readonly max?: number;
  /** Default 1; with a fraction the slider takes fractions. */
  readonly step?: number;
  readonly value?: number;
  /** False: the value changes when the handle is let go, not while it moves. */
  readonly continuousUpdate?: boolean;
}

/** A number between two ends. */
export class Slider extends ValueWidget<number> {
  readonly min: number;
  readonly max: number;

  constructor(options: SliderOptions) {
    const { min = 0, max = 100, step = 1, value = min, description = '', disabled = false } = options;
    if (!(min < max)) throw new ConfigError(`slider: min must be less than max, got ${min} and ${max}. Change one.`);
    if (!(step > 0)) throw new ConfigError(`slider: step must be greater than 0, got ${step}. Leave it out for 1.`);
    const whole = [min, max, step, value].every(Number.isInteger);
    const digits = Math.min(6, Math.max(0, ...[step, min].map((x) => (String(x).split('.')[1] ?? '').length)));
    super(
      controlKind(whole ? 'IntSlider' : 'FloatSlider'),
      {
        value: within(value, min, max),
        min,
        max,
        step,
        description,
        disabled,
        orientation: 'horizontal',
        readout: true,
        readout_format: whole ? 'd' : `.${digits}f`,
        continuous_update: options.continuousUpdate ?? true,
      },
      options,
      {
        accepts: {
          value: (x) => typeof x === 'number' && x >= min && x <= max && (!whole || Number.isInteger(x)),
        },
        onChanged: () => this.changed(),
      },
    );
    this.min = min;
    this.max = max;
  }

  get value(): number {
    return this.model.get('value') as number;
  }

  /** Throws ConfigError for a number that is not between the ends. */
  set value(value: number) {
    const next = within(value, this.min, this.max);
    if (next === this.value) return;
    this.model.set({ value: next });
    this.changed();
  }

  still(): StillView {
    return stillSetting(String(this.model.get('description')), String(this.value), `${this.min} to ${this.max}`);
  }
}

function within(value: number, min: number, max: number): number {
  if (!(value >= min && value <= max))
    throw new ConfigError(
      `slider: the value must lie between ${min} and ${max}, got ${value}. Change it, or the ends.`,
    );
  return value;
}

export interface DropdownOptions<Value> extends DescribedOptions {
  /** What can be chosen: texts, or names with values. */
  readonly options: readonly Value[] | Readonly<Record<string, Value>>;
  /** Default: the first. */
  readonly value?: Value;
}

/** One of several values. */
export class Dropdown<Value> extends ValueWidget<Value> {
  private readonly values: readonly Value[];
  private readonly names: readonly string[];

  constructor(options: DropdownOptions<Value>) {
    const { options: choices, description = '', disabled = false } = options;
    const entries: readonly (readonly [string, Value])[] = Array.isArray(choices)
      ? choices.map((value: Value) => [String(value), value] as const)
      : Object.entries(choices as Readonly<Record<string, Value>>);
    const names = entries.map(([name]) => name);
    const values = entries.map(([, value]) => value);
    if (names.length === 0) throw new ConfigError('dropdown: options must hold a choice, got none. Add one.');
    if (new Set(names).size < names.length)
      throw new ConfigError(`dropdown: options must have different names, got ${names.join(', ')}. Rename one.`);
    super(
      controlKind('Dropdown'),
      {
        _options_labels: names,
        index: 'value' in options ? placeOf(values, names, options.value as Value) : 0,
        description,
        disabled,
      },
      options,
      {
        accepts: { index: (at) => Number.isInteger(at) && (at as number) >= 0 && (at as number) < names.length },
        onChanged: () => this.changed(),
      },
    );
    this.names = names;
    this.values = values;
  }

  get value(): Value {
    return this.values[this.model.get('index') as number];
  }

  /** Throws ConfigError for a value that is not among the options. */
  set value(value: Value) {
    const index = placeOf(this.values, this.names, value);
    if (index === this.model.get('index')) return;
    this.model.set({ index });
    this.changed();
  }

  /** The name of what is chosen. */
  get name(): string {
    return this.names[this.model.get('index') as number];
  }

  still(): StillView {
    return stillSetting(String(this.model.get('description')), this.name);
  }
}

function placeOf<Value>(values: readonly Value[], names: readonly string[], value: Value): number {
  const index = values.indexOf(value);
  if (index < 0)
    throw new ConfigError(`dropdown: the value must be one of ${names.join(', ')}, got ${String(value)}. Choose one.`);
  return index;
}

export interface TextOptions extends DescribedOptions {
  readonly value?: string;
  readonly placeholder?: string;
  /** True: the value changes with every key; default false, with Enter or when the field is left. */
  readonly continuousUpdate?: boolean;
}

/** A line of text, or several with `textarea`. */
export class TextField extends ValueWidget<string> {
  constructor(options: TextOptions, kind: 'Text' | 'Textarea') {
    const { value = '', placeholder = '', description = '', disabled = false, continuousUpdate = false } = options;
    super(
      controlKind(kind),
      { value, placeholder, description, disabled, continuous_update: continuousUpdate },
      options,
      { accepts: { value: (text) => typeof text === 'string' }, onChanged: () => this.changed() },
    );
  }

  get value(): string {
    return this.model.get('value') as string;
  }

  set value(value: string) {
    if (value === this.value) return;
    this.model.set({ value: String(value) });
    this.changed();
  }

  still(): StillView {
    return stillSetting(String(this.model.get('description')), this.value);
  }
}

export interface CheckboxOptions extends DescribedOptions {
  readonly value?: boolean;
}

export class Checkbox extends ValueWidget<boolean> {
  constructor(options: CheckboxOptions) {
    const { value = false, description = '', disabled = false } = options;
    super(controlKind('Checkbox'), { value, description, disabled, indent: false }, options, {
      accepts: { value: (on) => typeof on === 'boolean' },
      onChanged: () => this.changed(),
    });
  }

  get value(): boolean {
    return this.model.get('value') as boolean;
  }

  set value(value: boolean) {
    if (value === this.value) return;
    this.model.set({ value });
    this.changed();
  }

  still(): StillView {
    return stillSetting(String(this.model.get('description')), this.value ? 'yes' : 'no');
  }
}
