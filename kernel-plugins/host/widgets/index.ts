import { Box } from './boxes';
import { Button, type ButtonOptions } from './button';
import { OutputArea } from './output-area';
import { Html, Label, type ProgressOptions, ProgressWidget, type TrustedHtml } from './readouts';
import {
  Checkbox,
  type CheckboxOptions,
  Dropdown,
  type DropdownOptions,
  Slider,
  type SliderOptions,
  TextField,
  type TextOptions,
} from './settings';
import type { Widget, WidgetOptions } from './widget';

export { Box } from './boxes';
export { Button, type ButtonOptions, type ClickHandler } from './button';
export {
  type DialAnswer,
  type DialArm,
  type DialScale,
  type DialWording,
  LabelDial,
  type LabelDialOptions,
  labelDial,
} from './label-dial';
export { OutputArea } from './output-area';
export { Html, Label, type ProgressOptions, ProgressWidget, type TrustedHtml } from './readouts';
export {
  Checkbox,
  type CheckboxOptions,
  Dropdown,
  type DropdownOptions,
  Slider,
  type SliderOptions,
  TextField,
  type TextOptions,
} from './settings';
export { type ChangeHandler, type DescribedOptions, ValueWidget, Widget, type WidgetOptions } from './widget';

/** A slider over whole numbers, or over fractions where an end, the step or the value is one. */
export function slider(options: SliderOptions = {}): Slider {
  return new Slider(options);
}

/** A choice: `dropdown({ options: ['a', 'b'] })` or `dropdown({ options: { half: 0.5, all: 1 } })`. */
export function dropdown<Value>(options: DropdownOptions<Value>): Dropdown<Value> {
  return new Dropdown(options);
}

/** A line of text; its value changes with Enter or when the field is left. */
export function text(options: TextOptions = {}): TextField {
  return new TextField(options, 'Text');
}

/** Several lines of text. */
export function textarea(options: TextOptions = {}): TextField {
  return new TextField(options, 'Textarea');
}

export function checkbox(options: CheckboxOptions = {}): Checkbox {
  return new Checkbox(options);
}

/** A button; `onClick` says what it does. */
export function button(options: ButtonOptions): Button {
  return new Button(options);
}

/** Text in the page, escaped; `{ trusted: html }` for HTML that you vouch for. */
export function html(value: string | TrustedHtml, options: WidgetOptions = {}): Html {
  return new Html(value, options);
}

/** One line of text. */
export function label(value: string, options: WidgetOptions = {}): Label {
  return new Label(value, options);
}

/** A bar that code moves: `bar.value = 3`. */
export function progress(options: ProgressOptions = {}): ProgressWidget {
  return new ProgressWidget(options);
}

/** Widgets side by side. */
export function hbox(children: readonly Widget[], options: WidgetOptions = {}): Box {
  return new Box('row', children, options);
}

/** Widgets one below the other. */
export function vbox(children: readonly Widget[], options: WidgetOptions = {}): Box {
  return new Box('column', children, options);
}

/** A place for outputs that can be replaced: `out.show(figure)`. */
export function output(options: WidgetOptions = {}): OutputArea {
  return new OutputArea(options);
}
